"""Tardis.dev CSV: incremental_book_L2, trades and derivative_ticker. Times are integer microseconds.

A message is the rows that follow one another with the same times and snapshot mark. When is_snapshot turns true the
book starts anew. Files may hold several symbols of one exchange; only the instrument's is kept. Amounts are the
venue's: contracts where it trades contracts. Source: Tardis's documentation of its CSV files.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.clock import Latencies
from data.decimals import BadNumberError, Bools, Column, Int64s, in_units, mantissas
from data.readers.protocol import Job, OnWarning, Sample, Survey
from data.readers.tardis_csv import BOOK, TICKER, TRADES, US, Block, blocks
from data.schema import DECIMAL, F_LAST, F_SNAPSHOT, MARKET, SCHEMAS, Piece, Table
from data.source import fault, ignore_bytes
from engine.core.types import Instrument

# What Tardis calls the markets of a venue on which perpetuals trade.
_EXCHANGES = {
    "BINANCE": {"binance-futures", "binance-delivery"},
    "BYBIT": {"bybit"},
    "OKX": {"okex-swap", "okex-futures"},
    "HYPERLIQUID": {"hyperliquid"},
}
_MOST_ID = 36  # characters of a trade id in the catalog
_TRADE_SIDES = {"buy": 1, "sell": -1, "unknown": 0}

type Convert = Callable[[Block, Instrument], list[Piece]]


class TardisReader:
    """A reader of one type of file. Whole messages are kept together over the ends of blocks."""

    def __init__(self, name: str, columns: tuple[str, ...], converter: Callable[[], Convert], *tables: Table) -> None:
        self.kind = f"tardis-{name}"
        self.columns = columns
        self._converter = converter
        self._tables = frozenset(tables)
        self._sampled = Table.BOOK in tables  # whether the median latency is that of these rows

    def claims(self, sample: Sample) -> bool:
        return sample.header == self.columns or near_miss(sample)

    def symbol_in_file(self, instrument: Instrument) -> str:
        return instrument.raw_symbol

    def survey(self, path: Path) -> Survey:
        head = next(blocks(path, self.columns, ignore_bytes), None)
        if head is None or not len(head.rows):
            raise fault(path, "has a header and no rows")
        symbols = frozenset(pc.unique(head.rows["symbol"]).to_pylist())
        head.times("timestamp")
        return Survey(path, int(head.times("local_timestamp")[0]), self._tables, symbols)

    def pieces(self, paths: Sequence[Path], job: Job) -> Iterator[Piece]:
        convert, last_ns, found, seen = self._converter(), 0, False, set[str]()
        instrument, again = job.instrument, 0
        for path in paths:
            for block in blocks(path, self.columns, job.on_bytes, messages=self.columns == BOOK):
                seen.update(pc.unique(block.rows["symbol"]).to_pylist())
                ours = block.where(pc.equal(block.rows["symbol"], instrument.raw_symbol))
                if not len(ours.rows):
                    continue
                found = True
                _check_exchange(ours, instrument)
                last_ns = _check_order(ours, last_ns)
                self._time(ours, job.latencies)
                made = convert(ours, instrument)
                again += len(ours.rows) - len(made[0].rows) if self.columns == TRADES else 0
                yield from (piece for piece in made if len(piece.rows))
        if not found:
            held = ", ".join(sorted(seen)[:10])
            raise fault(paths[-1], f"nothing of {instrument.raw_symbol} in it, but {held}", field="symbol")
        if again:
            job.on_warning(f"{again} trades that were there already were left out")
        if isinstance(convert, _Book):
            convert.finish(paths[0], job.on_warning)

    def _time(self, block: Block, latencies: Latencies) -> None:
        event, local = block.times("timestamp"), block.times("local_timestamp")
        new = np.append(True, (np.diff(local) != 0) | (np.diff(event) != 0))
        latencies.add((local - event)[new], sampled=self._sampled)


def _check_exchange(block: Block, instrument: Instrument) -> None:
    names = pc.unique(block.rows["exchange"]).to_pylist()
    allowed = _EXCHANGES.get(instrument.venue)
    odd = [name for name in names if allowed is not None and name not in allowed]
    if len(names) > 1 or odd:
        line = int(block.lines[0])
        raise fault(
            block.path,
            f"{instrument.raw_symbol} of {' and '.join(names)}, not of {instrument.venue} alone",
            line=line,
            field="exchange",
        )


def _check_order(block: Block, last_ns: int) -> int:
    """The files are in order of local time; one that is not was cut or shuffled."""
    local = block.times("local_timestamp")
    back = np.flatnonzero(np.diff(local, prepend=last_ns) < 0)
    if len(back):
        raise fault(
            block.path,
            "local_timestamp goes back: the file is not in the order in which it was received",
            line=int(block.lines[back[0]]),
            field="local_timestamp",
        )
    return int(local[-1])


class _Book:
    """Book rows; knows whether the rows before were a snapshot's."""

    def __init__(self) -> None:
        self._in_snapshot = False
        self._started = False
        self._early = 0

    def __call__(self, block: Block, instrument: Instrument) -> list[Piece]:
        snapshot = block.words("is_snapshot", {"true": 1, "false": 0})
        if not self._started:
            first = np.flatnonzero(snapshot)
            start = int(first[0]) if len(first) else len(snapshot)
            self._early += start
            self._started = bool(len(first))
            block, snapshot = block.slice(start), snapshot[start:]
        if not len(block.rows):
            return []
        event, local = block.times("timestamp"), block.times("local_timestamp")
        price, size = _grid(block, instrument)
        if not price.all():
            raise fault(block.path, "a level at price 0", line=block.line(price == 0), field="price")
        clears = np.diff(snapshot, prepend=int(self._in_snapshot)) == 1
        self._in_snapshot = bool(snapshot[-1])
        kept = ~((snapshot == 1) & (size == 0)) | clears  # a snapshot's empty level says nothing
        last = _ends(event, local, snapshot, kept)
        columns: dict[str, Column] = {
            "ts_event": event,
            "ts_init": local,
            "side": block.words("side", {"bid": 1, "ask": -1}).astype(np.int8),
            "price": price,
            "size": size,
            "flags": np.where(last, F_LAST, 0).astype(np.uint8) | np.where(snapshot, F_SNAPSHOT, 0).astype(np.uint8),
            "sequence": np.zeros(len(size), np.uint64),
            "line": block.lines,
        }
        return [Piece(Table.BOOK, str(block.path), _with_clears(columns, clears, kept))]

    def finish(self, path: Path, on_warning: OnWarning) -> None:
        if not self._started:
            raise fault(path, "no snapshot in the files: the book is unknown", field="is_snapshot")
        if self._early:
            on_warning(f"{self._early} rows before the first snapshot were left out")


def _ends(event: Int64s, local: Int64s, snapshot: Int64s, kept: Bools) -> Bools:
    """The last kept row of each message."""
    change = (np.diff(event) != 0) | (np.diff(local) != 0) | (np.diff(snapshot) != 0)
    message = np.append(0, np.cumsum(change))
    rows = np.flatnonzero(kept)
    ends = np.append(np.diff(message[rows]) != 0, True)
    last = np.zeros(len(event), bool)
    last[rows[ends]] = True
    return last


def _with_clears(columns: Mapping[str, Column], clears: Bools, kept: Bools) -> pa.Table:
    """The kept rows, and before each snapshot one that clears."""
    counts = kept.astype(np.int64) + clears
    first = np.cumsum(counts)[clears] - counts[clears]
    repeated = {name: np.repeat(values, counts) for name, values in columns.items()}
    for name in ("side", "price", "size"):
        repeated[name][first] = 0
    repeated["flags"][first] = F_SNAPSHOT
    return pa.table(repeated, schema=SCHEMAS[Table.BOOK])


def _trades(whole: Block, instrument: Instrument) -> list[Piece]:
    block = whole.where(_not_again(whole))
    price, size = _grid(block, instrument)
    nothing = (price == 0) | (size == 0)
    if nothing.any():
        raise fault(block.path, "a trade of nothing", line=block.line(nothing), field="price or amount")
    event = block.times("timestamp")
    columns = {
        "ts_event": event,
        "ts_init": block.times("local_timestamp"),
        "side": block.words("side", _TRADE_SIDES).astype(np.int8),
        "price": price,
        "size": size,
        "id": _ids(block, event),
        "kind": pa.repeat(MARKET, len(price)),
        "line": block.lines,
    }
    return [Piece(Table.TRADES, str(block.path), pa.table(columns, schema=SCHEMAS[Table.TRADES]))]


def _not_again(block: Block) -> pa.ChunkedArray:
    """False for a row that says the trade of the row before again: what traded once must not fill our orders twice."""
    ids, local = block.rows["id"], block.rows["local_timestamp"]
    again = pc.and_(pc.equal(ids[1:], ids[:-1]), pc.equal(local[1:], local[:-1]))
    again = pc.and_(again, pc.not_equal(ids[1:], ""))
    return pa.chunked_array([pa.array([True]), *pc.invert(again).chunks])


def _ids(block: Block, event: Int64s) -> list[str]:
    """The venue's; where it gives none, one made of the time and the line."""
    given = block.rows["id"].to_pylist()
    return [id_[-_MOST_ID:] or f"{event[n] // US}-{block.lines[n]}" for n, id_ in enumerate(given)]


def _grid(block: Block, instrument: Instrument) -> tuple[Int64s, Int64s]:
    """Prices in ticks, amounts in lots."""
    text = block.joined("price", "amount")
    try:
        numbers, places = mantissas(text)
    except BadNumberError as error:
        field = ("price", "amount")[error.index % 2]
        raise fault(block.path, error.reason, line=int(block.lines[error.index // 2]), field=field) from error
    units = []
    for column, (field, unit, word) in enumerate(
        (("price", instrument.tick, "tick"), ("amount", instrument.step, "step"))
    ):
        try:
            units.append(in_units(numbers[column::2], places[column::2], unit))
        except BadNumberError as error:
            reason = f"{error.reason}, {instrument.id}'s {word}"
            raise fault(block.path, reason, line=int(block.lines[error.index]), field=field) from error
    return units[0], units[1]


class _Ticker:
    """Mark and index prices and funding: an empty cell means no news."""

    def __init__(self) -> None:
        self._next_funding_ns: int | None = None

    def __call__(self, block: Block, _instrument: Instrument) -> list[Piece]:
        times = {"ts_event": block.times("timestamp"), "ts_init": block.times("local_timestamp")}
        mark, index = block.prices("mark_price"), block.prices("index_price")
        news = np.array([m is not None or i is not None for m, i in zip(mark, index, strict=True)])
        columns = {**times, "mark": pa.array(mark, DECIMAL), "index": pa.array(index, DECIMAL), "line": block.lines}
        marks = pa.table(columns, schema=SCHEMAS[Table.MARKS]).filter(pa.array(news))
        funding = pa.Table.from_pylist(list(self._funding(block, times)), SCHEMAS[Table.FUNDING])
        return [Piece(Table.MARKS, str(block.path), marks), Piece(Table.FUNDING, str(block.path), funding)]

    def _funding(self, block: Block, times: dict[str, Int64s]) -> Iterator[dict[str, object]]:
        rates, nexts = block.numbers("funding_rate"), block.moments("funding_timestamp")
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


def near_miss(sample: Sample) -> bool:
    """Never True. Raises DataError for a file that begins as Tardis's do and has no columns that are read."""
    columns = sample.header
    if columns[:2] != ("exchange", "symbol") or any(columns == reader.columns for reader in READERS):
        return False
    nearest = min(READERS, key=lambda known: len(set(known.columns) ^ set(columns)))
    missing, odd = [c for c in nearest.columns if c not in columns], [c for c in columns if c not in nearest.columns]
    detail = f"missing {', '.join(missing) or 'none'}, not known {', '.join(odd[:8]) or 'none'}"
    reason = f"columns of no Tardis file that is read; nearest is {nearest.kind}: {detail}, or their order differs"
    raise fault(sample.path, reason, line=1, field=(missing or odd or ["header"])[0])


READERS = (
    TardisReader("incremental_book_L2", BOOK, _Book, Table.BOOK),
    TardisReader("trades", TRADES, lambda: _trades, Table.TRADES),
    TardisReader("derivative_ticker", TICKER, _Ticker, Table.MARKS, Table.FUNDING),
)
