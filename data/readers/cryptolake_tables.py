"""What each of Crypto Lake's tables says, batch after batch."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from data.decimals import Column, Int64s
from data.far_levels import Levels
from data.funding import settled
from data.parquet_rows import Batch
from data.readers.protocol import TRADED_TWICE, Job
from data.running_book import RunningBook, Stamp
from data.schema import DECIMAL, MARKET, SCHEMAS, Table
from data.window import Moment, Windows

type Tables = Iterator[tuple[Table, pa.Table]]

_ALIASES = {"receipt_timestamp": "received_time", "timestamp": "origin_time", "amount": "quantity", "id": "trade_id"}
_SIDES = {"buy": 1, "sell": -1}
_MOST_ID = 36  # characters of a trade id in the catalog


class Part(Protocol):
    def rows(self, batch: Batch, event: Int64s, received: Int64s) -> Tables: ...

    def rest(self) -> Tables:
        """What was kept back at a file's end."""
        ...


type Make = Callable[[Job], Part]


def aliased(names: Sequence[str]) -> list[str]:
    """The names that Crypto Lake's library gives to the columns of the bucket."""
    return [_ALIASES.get(name, name) for name in names]


class _Plain:
    """A table without anything kept back."""

    def __init__(self, job: Job) -> None:
        self._job, self._instrument = job, job.instrument

    def rest(self) -> Tables:
        yield from ()


class _Trades(_Plain):
    """A row that has the id of the one before says that trade again."""

    table = Table.TRADES
    _last: str | None = None
    _again = 0

    def rows(self, batch: Batch, event: Int64s, received: Int64s) -> Tables:
        sizes = batch.sizes("quantity", self._instrument)
        batch.refuse(sizes == 0, "quantity", "a size of 0")
        named = "trade_id" in batch.table.column_names
        ids = batch.table["trade_id"].cast(pa.string()).to_pylist() if named else [None] * len(batch)
        made = [
            str(id_ or f"{at}-{line}")[-_MOST_ID:]
            for id_, at, line in zip(ids, event.tolist(), batch.lines.tolist(), strict=True)
        ]
        columns = [event, received, _sides(batch), batch.prices("price", self._instrument), sizes, made]
        kinds = [[MARKET] * len(batch)] if self.table is Table.TRADES else []
        new = [id_ is None or id_ != before for before, id_ in pairwise([self._last, *ids])]
        self._last = ids[-1] if ids else self._last
        self._again += new.count(False)
        yield self.table, _table([*columns, *kinds, batch.lines], self.table).filter(pa.array(new))

    def rest(self) -> Tables:
        if self._again:
            self._job.on_warning(f"{self._again} {TRADED_TWICE}")
            self._again = 0
        yield from ()


class _Liquidations(_Trades):
    table = Table.LIQUIDATIONS


class _Funding(_Plain):
    """Mark price and the rate of the period, told ahead."""

    def rows(self, batch: Batch, event: Int64s, received: Int64s) -> Tables:
        names = batch.table.column_names
        if "mark_price" in names:
            marks = [_decimal(value) for value in batch.floats("mark_price").tolist()]
            told = np.array([mark is not None for mark in marks])
            columns = [event, received, pa.array(marks, DECIMAL), pa.nulls(len(batch), DECIMAL), batch.lines]
            yield Table.MARKS, _table(columns, Table.MARKS).filter(pa.array(told))
        rates = batch.floats("rate")
        told = np.isfinite(rates)
        batch.refuse(told & (np.abs(rates) >= 1), "rate", "is no fraction: percent?")
        due = self._due(batch) if "next_funding_time" in names else settled(event)[1]
        columns = [event, received, [_text(rate) for rate in rates.tolist()], due, batch.lines]
        yield Table.FUNDING, _table(columns, Table.FUNDING).filter(pa.array(told))

    def _due(self, batch: Batch) -> Int64s:
        """In seconds in the bucket, as time from the library."""
        column = batch.column("next_funding_time")
        if pa.types.is_timestamp(column.type):
            return batch.times("next_funding_time")
        seconds = batch.floats("next_funding_time")
        ns: Int64s = np.where(seconds < 1e11, seconds * 1e9, seconds).astype(np.int64)
        return Batch(batch.path, pa.table({"next_funding_time": ns}), batch.lines).times("next_funding_time")


class _Windows(_Plain):
    """The best N levels, again and again."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._windows: Windows | None = None

    def rows(self, batch: Batch, event: Int64s, received: Int64s) -> Tables:
        depth = sum(name.startswith("bid_") and name.endswith("_price") for name in batch.table.column_names)
        self._windows = windows = self._windows or Windows(depth)
        bids, asks = ([self._level(batch, f"{side}_{n}") for n in range(depth)] for side in ("bid", "ask"))
        sequence = _sequence(batch)
        both = np.column_stack([column for level in (*bids, *asks) for column in level])
        new = np.append(True, (np.diff(both, axis=0) != 0).any(axis=1))
        for n in np.flatnonzero(new).tolist():
            pairs = both[n].reshape(-1, 2).tolist()
            levels = [[(price, size) for price, size in half if size] for half in (pairs[:depth], pairs[depth:])]
            at = Moment(int(event[n]), int(received[n]), int(batch.lines[n]), int(sequence[n]))
            windows.add(at, levels[0], levels[1])
        yield Table.BOOK, windows.take()

    def _level(self, batch: Batch, name: str) -> tuple[Int64s, Int64s]:
        return _level(batch, name, self._job)


class _Quotes(_Plain):
    """The best level alone."""

    def rows(self, batch: Batch, event: Int64s, received: Int64s) -> Tables:
        (bid, bid_size), (ask, ask_size) = (_level(batch, f"{side}_0", self._job) for side in ("bid", "ask"))
        yield Table.QUOTES, _table([event, received, bid, ask, bid_size, ask_size, batch.lines], Table.QUOTES)


class _Deltas(_Plain):
    """Changes of levels. Nothing marks a snapshot: the first message of all is taken for one, and that is said."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._book = RunningBook()
        self._started = False
        self._waiting: tuple[Int64s, Levels] | None = None  # a stamp and a level a row, of the last message

    def rows(self, batch: Batch, event: Int64s, received: Int64s) -> Tables:
        stamps = np.column_stack([event, received, _sequence(batch), batch.lines])
        bids = batch.column("side_is_bid").cast(pa.bool_()).to_numpy(zero_copy_only=False)
        prices, sizes = batch.prices("price", self._instrument), batch.sizes("size", self._instrument)
        yield from self._messages(stamps, Levels(np.where(bids, 1, -1).astype(np.int8), prices, sizes))

    def rest(self) -> Tables:
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            yield from self._whole(*waiting)

    def _messages(self, stamps: Int64s, levels: Levels) -> Tables:
        if self._waiting is not None:
            stamps = np.concatenate([self._waiting[0], stamps])
            levels = Levels(*(np.concatenate(pair) for pair in zip(self._waiting[1], levels, strict=True)))
        other = np.flatnonzero(stamps[:, 1] != stamps[-1, 1])
        cut = int(other[-1]) + 1 if len(other) else 0
        self._waiting = stamps[cut:], Levels(*(column[cut:] for column in levels))
        yield from self._whole(stamps[:cut], Levels(*(column[:cut] for column in levels)))

    def _whole(self, stamps: Int64s, levels: Levels) -> Tables:
        if not len(stamps):
            return
        starts = np.flatnonzero(np.append(True, np.diff(stamps[:, 1]) != 0))
        counts = np.diff(np.append(starts, len(stamps)))
        if not self._started:
            self._started = True
            size = int(counts[0])
            first, levels = Levels(*(c[:size] for c in levels)), Levels(*(c[size:] for c in levels))
            bids, asks = int((first.side > 0).sum()), int((first.side < 0).sum())
            said = (
                f"no row is marked as a snapshot: the first message, of {bids} bids and {asks} asks, is taken for one"
            )
            self._job.on_warning(said)
            yield Table.BOOK, self._book.begin(Stamp(*stamps[0].tolist()), first)
            starts, counts = starts[1:], counts[1:]
        if len(starts):
            yield Table.BOOK, self._book.change(stamps[starts], counts, levels)


class _PairedDeltas(_Deltas):
    """The older form: a message a row, with lists of [price, size] of each side."""

    def rows(self, batch: Batch, event: Int64s, received: Int64s) -> Tables:
        rows, sides, values = list[int](), list[int](), list[tuple[float, float]]()
        for name, sign in (("bid", 1), ("ask", -1)):
            for n, levels in enumerate(batch.table[name].to_pylist()):
                for level in levels or ():
                    if len(level) != 2:
                        raise batch.fault(n, name, "is no list of [price, size]")
                    rows.append(n)
                    sides.append(sign)
                    values.append((level[0], level[1]))
        order = np.argsort(np.array(rows, np.int64), kind="stable")
        of_row = np.array(rows, np.int64)[order]
        numbers = np.array(values, np.float64).reshape(-1, 2)[order]
        flat = Batch(batch.path, pa.table({"price": numbers[:, 0], "size": numbers[:, 1]}), batch.lines[of_row])
        prices, sizes = flat.prices("price", self._instrument), flat.sizes("size", self._instrument)
        stamps = np.column_stack([event, received, _sequence(batch), batch.lines])[of_row]
        if len(stamps):
            yield from self._messages(stamps, Levels(np.array(sides, np.int8)[order], prices, sizes))


def _level(batch: Batch, name: str, job: Job) -> tuple[Int64s, Int64s]:
    """Ticks and lots of one level of each row; 0 and 0 where there is none."""
    price, size = batch.floats(f"{name}_price"), batch.floats(f"{name}_size")
    none = ~np.isfinite(price) | ~np.isfinite(size) | (size == 0)
    filled = Batch(
        batch.path,
        pa.table({f"{name}_price": np.where(none, 0, price), f"{name}_size": np.where(none, 0, size)}),
        batch.lines,
    )
    ticks = filled.ticks(f"{name}_price", job.instrument)
    batch.refuse((ticks == 0) & ~none, f"{name}_price", "a price of 0")
    return ticks, filled.sizes(f"{name}_size", job.instrument)


def _sequence(batch: Batch) -> Int64s:
    if "sequence_number" not in batch.table.column_names:
        return np.zeros(len(batch), np.int64)
    numbers = batch.table["sequence_number"].combine_chunks().fill_null(0).cast(pa.int64(), safe=False)
    clipped: Int64s = np.maximum(numbers.to_numpy(zero_copy_only=False), 0)
    return clipped


def _sides(batch: Batch) -> Column:
    words = batch.column("side").cast(pa.string()).to_numpy(zero_copy_only=False)
    batch.refuse(~np.isin(words, list(_SIDES)), "side", "is neither buy nor sell")
    return np.where(words == "buy", 1, -1).astype(np.int8)


def _decimal(value: float) -> Any:
    return None if not np.isfinite(value) or value <= 0 else pa.scalar(_text(value)).cast(DECIMAL).as_py()


def _text(value: float) -> str:
    """The shortest decimal that is this float."""
    return np.format_float_positional(value, trim="-")


def _table(columns: Sequence[Column | list[str] | pa.Array], table: Table) -> pa.Table:
    schema = SCHEMAS[table]
    arrays = [pa.array(c).cast(field.type) for c, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _named(*names: str) -> frozenset[str]:
    return frozenset({"received_time", *names})


_BEST = ("bid_0_price", "bid_0_size", "ask_0_price", "ask_0_size")
TABLES: tuple[tuple[str, frozenset[str], Make, frozenset[Table]], ...] = (
    ("book", _named(*_BEST, "bid_1_price", "ask_1_price"), _Windows, frozenset({Table.BOOK})),
    ("level_1", _named(*_BEST), _Quotes, frozenset({Table.QUOTES})),
    ("book_delta_v2", _named("side_is_bid", "price", "size"), _Deltas, frozenset({Table.BOOK})),
    ("book_delta", _named("bid", "ask"), _PairedDeltas, frozenset({Table.BOOK})),
    ("trades", _named("side", "quantity", "price"), _Trades, frozenset({Table.TRADES})),
    (
        "liquidations",
        _named("side", "quantity", "price", "status"),
        _Liquidations,
        frozenset({Table.LIQUIDATIONS}),
    ),
    ("funding", _named("rate"), _Funding, frozenset({Table.MARKS, Table.FUNDING})),
)
