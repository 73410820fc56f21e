"""Blocks of Tardis's rows as canonical rows, a function or a small state for each type of file."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from data.csv_blocks import Block
from data.decimals import Bools, Column, Int64s
from data.readers.protocol import OnWarning
from data.schema import DECIMAL, F_LAST, F_SNAPSHOT, MARKET, SCHEMAS, Piece, Table
from data.source import fault
from data.window import Moment, Windows
from engine.core.types import Instrument

US = 1_000
MESSAGE = ("timestamp", "local_timestamp", "is_snapshot")  # the keys of a message of the book
CELLS = ("price", "amount")
_MOST_ID = 36  # characters of a trade id in the catalog
_TAKERS = {"buy": 1, "sell": -1, "unknown": 0}
_BID, _ASK = "bid", "ask"

type Convert = Callable[[Block, Instrument], list[Piece]]


def _piece(table: Table, block: Block, columns: Mapping[str, object]) -> Piece:
    return Piece(table, str(block.path), pa.table(columns, schema=SCHEMAS[table]))


def _times(block: Block) -> dict[str, Int64s]:
    return {"ts_event": block.times("timestamp", US), "ts_init": block.times("local_timestamp", US)}


class Book:
    """Book rows; knows whether the rows before were a snapshot's."""

    def __init__(self) -> None:
        self._in_snapshot = False
        self._started = False
        self._early = 0

    def follow(self) -> None:
        """The file may go on from one before it."""
        self._started = True

    def __call__(self, block: Block, instrument: Instrument) -> list[Piece]:
        if not self._started:
            block = self._from_snapshot(block)
        if not len(block):
            return []
        snapshot = block.rows["is_snapshot"].to_numpy()
        price, size = block.ticks("price", instrument), block.lots("amount", instrument)
        block.refuse(price == 0, "price", "a level at price 0")
        clears = snapshot & ~np.append(self._in_snapshot, snapshot[:-1])
        self._in_snapshot = bool(snapshot[-1])
        kept = ~(snapshot & (size == 0)) | clears  # a snapshot's empty level says nothing
        last = _ends(np.append(_changes(block), True), kept)
        columns: dict[str, Column] = {
            **_times(block),
            "side": _sides(block),
            "price": price,
            "size": size,
            "flags": last * np.uint8(F_LAST) + snapshot * np.uint8(F_SNAPSHOT),
            "sequence": np.zeros(len(size), np.uint64),
            "line": block.lines,
        }
        return [_piece(Table.BOOK, block, _with_clears(columns, clears, kept))]

    def _from_snapshot(self, block: Block) -> Block:
        snapshot = block.rows["is_snapshot"].to_numpy()
        first = np.flatnonzero(snapshot)
        start = int(first[0]) if len(first) else len(snapshot)
        self._early += start
        self._started = bool(len(first))
        return block.where(np.arange(len(snapshot)) >= start)

    def finish(self, path: Path, on_warning: OnWarning) -> None:
        if not self._started:
            raise fault(path, "no snapshot in the files: the book is unknown", field="is_snapshot")
        if self._early:
            on_warning(f"{self._early} rows before the first snapshot were left out")


def _changes(block: Block) -> Bools:
    """For each row but the first, whether it is of another message than the row before."""
    columns = [block.rows[name].to_numpy() for name in MESSAGE]
    change: Bools = np.logical_or.reduce([values[1:] != values[:-1] for values in columns])
    return change


def _sides(block: Block) -> Column:
    bids = (block.rows["side"] == _BID).to_numpy()
    if not (bids | (block.rows["side"] == _ASK).to_numpy()).all():
        return block.words("side", {_BID: 1, _ASK: -1}).astype(np.int8)
    return np.where(bids, np.int8(1), np.int8(-1))


def _ends(ends: Bools, kept: Bools) -> Bools:
    """The last kept row of each message, given its last row."""
    if kept.all():
        return ends
    rows = np.where(kept, np.arange(len(kept)), -1)
    found = np.maximum.accumulate(rows)[ends]
    starts = np.append(0, np.flatnonzero(ends)[:-1] + 1)
    last = np.zeros(len(kept), bool)
    last[found[found >= starts]] = True
    return last


def _with_clears(columns: Mapping[str, Column], clears: Bools, kept: Bools) -> Mapping[str, Column]:
    """The kept rows, and before each snapshot one that clears."""
    if kept.all() and not clears.any():
        return columns
    counts = kept.astype(np.int64) + clears
    first = np.cumsum(counts)[clears] - counts[clears]
    repeated = {name: np.repeat(values, counts) for name, values in columns.items()}
    for name in ("side", "price", "size"):
        repeated[name][first] = 0
    repeated["flags"][first] = F_SNAPSHOT
    return repeated


class Windowed:
    """The best N levels, again and again."""

    def __init__(self) -> None:
        self._windows: Windows | None = None

    def __call__(self, block: Block, instrument: Instrument) -> list[Piece]:
        depth = (len(block.form.columns) - 4) // 4
        self._windows = self._windows or Windows(depth)
        times = _times(block)
        bids, asks = (_levels(block, side, depth, instrument) for side in ("bids", "asks"))
        moments = zip(times["ts_event"].tolist(), times["ts_init"].tolist(), block.lines.tolist(), strict=True)
        for n, moment in enumerate(moments):
            self._windows.add(Moment(*moment), bids[n], asks[n])
        return [Piece(Table.BOOK, str(block.path), self._windows.take())]


def _levels(block: Block, side: str, depth: int, instrument: Instrument) -> list[list[tuple[int, int]]]:
    """For each row the levels of a side, best first."""
    names = [tuple(f"{side}[{n}].{what}" for what in CELLS) for n in range(depth)]
    prices = np.column_stack([block.ticks(price, instrument) for price, _ in names])
    sizes = np.column_stack([block.lots(size, instrument) for _, size in names])
    sign = 1 if side == "bids" else -1
    there = prices > 0
    odd = (there[:, 1:] & ((prices[:, 1:] - prices[:, :-1]) * sign >= 0)) | (there[:, 1:] & ~there[:, :-1])
    _refuse(block, odd, f"{side}[{{}}].price", f"{side} are not in order, the best first")
    _refuse(block, there != (sizes > 0), f"{side}[{{}}].amount", "a level of nothing")
    rows = (zip(price, size, strict=True) for price, size in zip(prices.tolist(), sizes.tolist(), strict=True))
    return [[level for level in row if level[0]] for row in rows]


def _refuse(block: Block, odd: Bools, field: str, reason: str) -> None:
    """Raises DataError for the first row with an odd level, naming the best that is."""
    if odd.any():
        block.refuse(odd.any(axis=1), field.format(odd.any(axis=0).argmax()), reason)


def _deals(block: Block, instrument: Instrument) -> tuple[Block, dict[str, object]]:
    block = block.where(_not_again(block))
    price, size = block.ticks("price", instrument), block.lots("amount", instrument)
    block.refuse((price == 0) | (size == 0), "price or amount", "a trade of nothing")
    times = _times(block)
    return block, {
        **times,
        "side": block.words("side", _TAKERS).astype(np.int8),
        "price": price,
        "size": size,
        "id": _ids(block, times["ts_event"]),
        "line": block.lines,
    }


def trades(block: Block, instrument: Instrument) -> list[Piece]:
    block, columns = _deals(block, instrument)
    kind = np.full(len(block), MARKET)
    return [_piece(Table.TRADES, block, {**columns, "kind": kind})]


def liquidations(block: Block, instrument: Instrument) -> list[Piece]:
    """side: of the order that was forced: `buy` closes a short."""
    block, columns = _deals(block, instrument)
    return [_piece(Table.LIQUIDATIONS, block, columns)]


def _not_again(block: Block) -> Bools:
    """False for a row that says the trade of the row before again: what traded once must not fill our orders twice."""
    ids, local = block.rows["id"], block.rows["local_timestamp"]
    again = (ids[1:] == ids[:-1]) & (local[1:] == local[:-1]) & (ids[1:] != "")
    return np.append(True, ~again.to_numpy())


def _ids(block: Block, event: Int64s) -> list[str]:
    """The venue's; where it gives none, one made of the time and the line."""
    given = block.rows["id"].to_list()
    return [id_[-_MOST_ID:] or f"{event[n] // US}-{block.lines[n]}" for n, id_ in enumerate(given)]


def quotes(block: Block, instrument: Instrument) -> list[Piece]:
    columns: dict[str, object] = {**_times(block), "line": block.lines}
    for side in (_BID, _ASK):
        price = block.ticks(f"{side}_price", instrument)
        size = block.lots(f"{side}_amount", instrument)
        block.refuse((price == 0) & (size > 0), f"{side}_price", "a size without a price")
        columns |= {side: price, f"{side}_size": size}
    return [_piece(Table.QUOTES, block, {name: columns[name] for name in SCHEMAS[Table.QUOTES].names})]


class Ticker:
    """Mark and index prices and funding: an empty cell means no news."""

    def __init__(self) -> None:
        self._next_funding_ns: int | None = None

    def __call__(self, block: Block, _instrument: Instrument) -> list[Piece]:
        times = _times(block)
        mark, index = block.prices("mark_price"), block.prices("index_price")
        news = np.array([m is not None or i is not None for m, i in zip(mark, index, strict=True)])
        columns = {**times, "mark": pa.array(mark, DECIMAL), "index": pa.array(index, DECIMAL), "line": block.lines}
        marks = pa.table(columns, schema=SCHEMAS[Table.MARKS]).filter(pa.array(news))
        funding = pa.Table.from_pylist(list(self._funding(block, times)), SCHEMAS[Table.FUNDING])
        return [Piece(Table.MARKS, str(block.path), marks), Piece(Table.FUNDING, str(block.path), funding)]

    def _funding(self, block: Block, times: dict[str, Int64s]) -> Iterator[dict[str, object]]:
        rates, nexts = block.numbers("funding_rate"), block.moments("funding_timestamp", US)
        for n, (rate, at) in enumerate(zip(rates, nexts, strict=True)):
            self._next_funding_ns = self._next_funding_ns if at is None else at
            if rate is not None:
                yield {
                    "ts_event": times["ts_event"][n],
                    "ts_init": times["ts_init"][n],
                    "rate": format(rate, "f"),
                    "next_funding_ns": self._next_funding_ns,
                    "line": block.lines[n],
                }
