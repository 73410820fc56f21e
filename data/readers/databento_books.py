"""What Databento's records say: trades, quotes, windows of ten levels, and single orders summed to levels."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa

from data.decimals import Bools, Column, Int64s
from data.far_levels import Levels
from data.readers.databento_orders import Change, OrderBook
from data.readers.databento_records import F_LAST, F_SNAPSHOT, UNDEF_PRICE, Array, lots, refuse, ticks
from data.readers.protocol import Job
from data.running_book import RunningBook, Stamp
from data.schema import MARKET, SCHEMAS, Table
from data.source import fault
from data.window import Moment, Windows

_DEPTH = 10
_F_TOB, _F_BAD_BOOK = 64, 4
_SIDES = {b"B": 1, b"A": -1, b"N": 0}


class Trades:
    """Sides are the aggressor's. There are no trade ids: one is made of the venue's sequence and the record."""

    def __init__(self, job: Job) -> None:
        self._instrument = job.instrument

    def rows(self, path: Path, records: Array, lines: Int64s, event: Int64s) -> Iterator[pa.Table]:
        ours = records["action"] == b"T"
        some, of_line = records[ours], lines[ours]
        prices, off = ticks(some["price"], self._instrument)
        refuse(path, off, of_line, ("price", f"is on no tick of {self._instrument.tick}"))
        sizes, off = lots(some["size"], self._instrument.step)
        refuse(path, off | (sizes == 0), of_line, ("size", f"is no whole number of {self._instrument.step} above 0"))
        refuse(path, ~np.isin(some["side"], list(_SIDES)), of_line, ("side", "is none of A, B and N"))
        columns = [
            event[ours],
            some["ts_recv"].astype(np.int64),
            np.select([some["side"] == b"B", some["side"] == b"A"], [1, -1], 0).astype(np.int8),
            prices,
            sizes,
            [f"{number}-{line}" for number, line in zip(some["sequence"].tolist(), of_line.tolist(), strict=True)],
            [MARKET] * len(of_line),
            of_line,
        ]
        yield _table(columns, Table.TRADES)

    def finish(self, _path: Path) -> Iterator[pa.Table]:
        """Nothing is left over."""
        yield from ()


class _Sides:
    """Levels of both sides in ticks and lots, a row a record; 0 lots where there is no level."""

    def __init__(self, path: Path, records: Array, lines: Int64s, job: Job, depth: int) -> None:
        found = []
        for side in ("bid", "ask"):
            raw = np.column_stack([records[f"{side}_px_{n:02}"] for n in range(depth)])
            sizes = np.column_stack([records[f"{side}_sz_{n:02}"] for n in range(depth)])
            none = raw == UNDEF_PRICE
            prices, off = ticks(np.where(none, 0, raw), job.instrument)
            bad = (off & ~none).any(axis=1)
            refuse(path, bad, lines, (f"{side}_px", f"is on no tick of {job.instrument.tick}"))
            whole, off = lots(np.where(none, 0, sizes), job.instrument.step)
            refuse(path, off.any(axis=1), lines, (f"{side}_sz", f"is no whole number of {job.instrument.step}"))
            found += [np.where(whole > 0, prices, 0), whole]
        self.bid, self.bid_size, self.ask, self.ask_size = found

    def changed(self) -> Bools:
        """Where a record tells another book than the one before it."""
        new = np.ones(len(self.bid), bool)
        new[1:] = np.logical_or.reduce(
            [(np.diff(each, axis=0) != 0).any(axis=1) for each in (self.bid, self.bid_size, self.ask, self.ask_size)]
        )
        return new


class Quotes:
    """The best bid and ask behind each event."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def rows(self, path: Path, records: Array, lines: Int64s, event: Int64s) -> Iterator[pa.Table]:
        sides = _Sides(path, records, lines, self._job, 1)
        kept = _ends(records)
        kept[kept] &= sides.changed()[kept]
        tops = (each[kept, 0] for each in (sides.bid, sides.ask, sides.bid_size, sides.ask_size))
        yield _table([event[kept], records["ts_recv"][kept].astype(np.int64), *tops, lines[kept]], Table.QUOTES)

    def finish(self, _path: Path) -> Iterator[pa.Table]:
        """Nothing is left over."""
        yield from ()


def _ends(records: Array) -> Bools:
    """The last record of each event; a feed that marks none (tbbo) has an event a record."""
    ends: Bools = (records["flags"] & F_LAST) > 0
    return ends if ends.any() else np.ones(len(records), bool)


class Depth:
    """Every record tells the best ten levels: what lies deeper is not known."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._windows = Windows(_DEPTH)

    def rows(self, path: Path, records: Array, lines: Int64s, event: Int64s) -> Iterator[pa.Table]:
        ends = (records["flags"] & F_LAST) > 0
        records, lines, event = records[ends], lines[ends], event[ends]
        if not len(records):
            return
        sides = _Sides(path, records, lines, self._job, _DEPTH)
        received = records["ts_recv"].tolist()
        for n in np.flatnonzero(sides.changed()).tolist():
            at = Moment(int(event[n]), received[n], int(lines[n]), int(records["sequence"][n]))
            self._windows.add(at, _levels(sides.bid[n], sides.bid_size[n]), _levels(sides.ask[n], sides.ask_size[n]))
        yield self._windows.take()

    def finish(self, _path: Path) -> Iterator[pa.Table]:
        """Nothing is left over."""
        yield from ()


def _levels(prices: Int64s, sizes: Int64s) -> list[tuple[int, int]]:
    return [(price, size) for price, size in zip(prices.tolist(), sizes.tolist(), strict=True) if size]


class Orders:
    """Single orders: a book begins with a clearing, or with the records of a snapshot."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._orders, self._book = OrderBook(), RunningBook()
        self._known = self._fresh = False  # whether the book is known; whether this event begins it anew
        self._early = self._open = 0
        self._last = Stamp(0, 0, 0, 0)
        self._stamps: list[Stamp] = []
        self._changes: list[list[Change]] = []

    def rows(self, path: Path, records: Array, lines: Int64s, event: Int64s) -> Iterator[pa.Table]:
        self._check(path, records, lines)
        known = np.isin(records["action"], (b"A", b"C", b"M", b"R"))
        placed = known & (records["action"] != b"R")
        prices, off = ticks(records["price"], self._job.instrument)
        refuse(path, off & placed, lines, ("price", f"is on no tick of {self._job.instrument.tick}"))
        sizes, off = lots(records["size"], self._job.instrument.step)
        refuse(path, off & placed, lines, ("size", f"is no whole number of {self._job.instrument.step}"))
        bids = records["side"] == b"B"
        refuse(path, placed & ~bids & (records["side"] != b"A"), lines, ("side", "is neither A nor B"))
        columns = (records["action"], records["flags"], records["order_id"], np.where(bids, 1, -1), prices, sizes)
        stamps = zip(
            event.tolist(), records["ts_recv"].tolist(), records["sequence"].tolist(), lines.tolist(), strict=True
        )
        for record, stamp in zip(zip(*(c.tolist() for c in columns), strict=True), stamps, strict=True):
            self._record(*record)
            self._last = Stamp(*stamp)
            if record[1] & F_LAST:
                yield from self._event(self._last)
        yield from self._taken()

    def finish(self, path: Path) -> Iterator[pa.Table]:
        if self._fresh and not self._known and (changes := self._orders.changes()):
            self._job.on_warning(
                "the file ends within its first snapshot: there is no more of the book than its beginning"
            )
            yield self._book.begin(self._last, _columns([changes]))
        elif not self._known:
            raise fault(
                path, f"no snapshot in it: {self._early} records belong to a book that never began", field="flags"
            )
        elif self._open:
            self._job.on_warning(f"{self._open} records at the end are of an event that is not finished: left out")
        if self._early:
            self._job.on_warning(f"{self._early} records before the first snapshot were left out")
        if self._orders.unknown:
            self._job.on_warning(f"{self._orders.unknown} orders were cancelled that were not there")

    def _check(self, path: Path, records: Array, lines: Int64s) -> None:
        refuse(path, (records["flags"] & _F_TOB) > 0, lines, ("flags", "tells the best bid and ask, not single orders"))
        odd = ~np.isin(records["action"], (b"A", b"C", b"M", b"R", b"T", b"F", b"N", b""))
        refuse(path, odd, lines, ("action", "is none of A, C, M, R, T, F and N"))

    def _record(self, action: bytes, flags: int, order: int, side: int, price: int, size: int) -> None:
        self._open += 1
        if action == b"R" or (flags & F_SNAPSHOT and not self._known and not self._fresh):
            self._orders.clear()
            self._fresh = True
        if not (self._known or self._fresh):
            self._early, self._open = self._early + 1, 0
        elif action in (b"A", b"M"):
            self._orders.add(order, side, price, size)
        elif action == b"C":
            self._orders.cancel(order, size)

    def _event(self, stamp: Stamp) -> Iterator[pa.Table]:
        self._open = 0
        if not (self._known or self._fresh):
            return
        changes = self._orders.changes()
        if self._fresh:
            yield from self._taken()
            yield self._book.begin(stamp, _columns([changes]))
            self._known, self._fresh = True, False
        elif changes:
            self._stamps.append(stamp)
            self._changes.append(changes)

    def _taken(self) -> Iterator[pa.Table]:
        if self._stamps:
            counts = np.array([len(each) for each in self._changes], np.int64)
            yield self._book.change(np.array(self._stamps, np.int64), counts, _columns(self._changes))
            self._stamps, self._changes = [], []


def _columns(changes: Sequence[Sequence[Change]]) -> Levels:
    flat = np.array([*chain.from_iterable(changes)], np.int64).reshape(-1, 3)
    return Levels(flat[:, 0].astype(np.int8), flat[:, 1], flat[:, 2])


def _table(columns: Sequence[Column | list[str]], table: Table) -> pa.Table:
    schema = SCHEMAS[table]
    arrays = [pa.array(c).cast(field.type) for c, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
