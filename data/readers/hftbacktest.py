"""hftbacktest's npz: one array of events on two clocks.

An event whose order differs on the two clocks stands there twice, once for each; those of the local clock, in its
order, are the recording. A clearing empties a side up to its price, which is that of the last level of the snapshot
that follows; what lies beyond stays. Numbers are floats: they are put back on the grid, or refused. Lines are numbers
of events. Source: hftbacktest's documentation of its data, and what its market depth does with a clearing.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import inf
from pathlib import Path

import numpy as np
import pyarrow as pa

from data.decimals import BadNumberError, Bools, Column, Int64s
from data.far_levels import Levels
from data.floats import float_units
from data.readers import hftbacktest_events as npz
from data.readers.hftbacktest_events import Array
from data.readers.protocol import Job, Sample, Survey
from data.running_book import RunningBook, Stamp
from data.schema import MARKET, SCHEMAS, Piece, Table
from data.source import fault, ignore_bytes
from engine.core.types import Instrument

_TABLES = {npz.DEPTH: Table.BOOK, npz.SNAPSHOT: Table.BOOK, npz.TRADE: Table.TRADES, npz.BBO: Table.QUOTES}
_BOOK_KINDS = (npz.DEPTH, npz.CLEAR, npz.SNAPSHOT)
_READ = (*_BOOK_KINDS, npz.TRADE, npz.BBO)


class _Events:
    kind = "hftbacktest-npz"

    def claims(self, sample: Sample) -> bool:
        if not sample.head.startswith(npz.MAGIC):
            return False
        npz.header(sample.path, sample.head)
        return True

    def symbol_in_file(self, instrument: Instrument) -> str:
        return instrument.raw_symbol  # a file names none

    def survey(self, path: Path) -> Survey:
        for _, events in npz.batches(path, ignore_bytes):
            local = events[(events["ev"] & npz.LOCAL) > 0]
            if len(local):
                npz.check_times(path, local, np.flatnonzero((events["ev"] & npz.LOCAL) > 0) + 1)
                kinds = np.unique(local["ev"] & npz.KIND).tolist()
                tables = frozenset(_TABLES[kind] for kind in kinds if kind in _TABLES)
                return Survey(path, int(local["local_ts"][0]), tables)
        raise fault(path, "no event is on the local clock", field="ev")

    def pieces(self, paths: Sequence[Path], job: Job) -> Iterator[Piece]:
        recording = _Recording(job)
        for path in paths:
            yield from recording.file(path)
        recording.finish(paths[-1])


READER = _Events()


class _Recording:
    """What runs on from event to event and from file to file."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._book = RunningBook()
        self._started = False
        self._early = self._trades_seen = 0
        self._last_ns = 0
        self._quote = [0, 0, 0, 0]  # bid, ask, their sizes
        self._path = Path()

    def file(self, path: Path) -> Iterator[Piece]:
        self._path = path
        waiting: tuple[Array, Int64s] | None = None
        for first, every in npz.batches(path, self._job.on_bytes):
            local = (every["ev"] & npz.LOCAL) > 0
            events, lines = every[local], np.flatnonzero(local) + first
            if waiting is not None:
                events, lines = np.concatenate([waiting[0], events]), np.concatenate([waiting[1], lines])
            cut = _last_message(events)
            waiting = events[cut:], lines[cut:]
            yield from self._batch(events[:cut], lines[:cut])
        if waiting is not None:
            yield from self._batch(*waiting)

    def finish(self, path: Path) -> None:
        if self._early and not self._started:
            reason = "no snapshot in the files: the book is unknown. Give the snapshot of its beginning along"
            raise fault(path, reason, field="ev")
        if self._early:
            self._job.on_warning(f"{self._early} changes of depth before the first snapshot were left out")

    def _batch(self, events: Array, lines: Int64s) -> Iterator[Piece]:
        """Whole messages."""
        if not len(events):
            return
        npz.check_times(self._path, events, lines)
        kinds = events["ev"] & npz.KIND
        self._refuse(~np.isin(kinds, _READ), lines, "ev", "an event of single orders, which is not read")
        back = np.diff(events["local_ts"], prepend=self._last_ns) < 0
        self._refuse(back, lines, "local_ts", "the local time goes back")
        self._last_ns = int(events["local_ts"][-1])
        new = np.append(True, np.diff(events["local_ts"]) != 0)
        self._job.latencies.add((events["local_ts"] - events["exch_ts"])[new])
        trades = kinds == npz.TRADE
        for table, rows in (
            (Table.TRADES, self._trades(events[trades], lines[trades])),
            (Table.QUOTES, self._quotes(events[kinds == npz.BBO], lines[kinds == npz.BBO])),
            *((Table.BOOK, rows) for rows in self._depth(events, lines, np.isin(kinds, _BOOK_KINDS))),
        ):
            if len(rows):
                yield Piece(table, str(self._path), rows)

    def _refuse(self, mask: Bools, lines: Int64s, field: str, reason: str) -> None:
        if mask.any():
            raise fault(self._path, reason, line=int(lines[np.flatnonzero(mask)[0]]), field=field)

    def _units(self, events: Array, lines: Int64s, field: str, unit: Decimal) -> Int64s:
        try:
            return float_units(events[field], unit)
        except BadNumberError as error:
            raise fault(self._path, error.reason, line=int(lines[error.index]), field=field) from error

    def _grid(self, events: Array, lines: Int64s) -> tuple[Int64s, Int64s]:
        prices = self._units(events, lines, "px", self._job.instrument.tick)
        self._refuse(prices == 0, lines, "px", "a price of 0")
        return prices, self._units(events, lines, "qty", self._job.instrument.step)

    def _sides(self, events: Array, lines: Int64s) -> Column:
        buy, sell = (events["ev"] & npz.BUY) > 0, (events["ev"] & npz.SELL) > 0
        self._refuse(buy == sell, lines, "ev", "neither bid nor ask, or both")
        return np.where(buy, 1, -1).astype(np.int8)

    def _trades(self, events: Array, lines: Int64s) -> pa.Table:
        prices, sizes = self._grid(events, lines)
        self._refuse(sizes == 0, lines, "qty", "a trade of nothing")
        buy, sell = (events["ev"] & npz.BUY) > 0, (events["ev"] & npz.SELL) > 0
        columns: list[Column | list[str]] = [
            events["exch_ts"],
            events["local_ts"],
            buy.astype(np.int8) - sell.astype(np.int8),
            prices,
            sizes,
            [f"{at}-{n}" for n, at in enumerate((events["exch_ts"] // 1_000).tolist(), self._trades_seen)],
            [MARKET] * len(lines),
            lines,
        ]
        self._trades_seen += len(events)
        return _table(columns, Table.TRADES)

    def _quotes(self, events: Array, lines: Int64s) -> pa.Table:
        prices, sizes = self._grid(events, lines)
        rows = []
        for side, price, size in zip(self._sides(events, lines).tolist(), prices.tolist(), sizes.tolist(), strict=True):
            ask = side < 0
            self._quote[ask], self._quote[2 + ask] = (price, size) if size else (0, 0)
            rows.append(tuple(self._quote))
        last = np.append(np.diff(events["local_ts"]) != 0, True)[: len(lines)]
        quotes = np.array(rows, np.int64).reshape(-1, 4)[last]
        return _table([events["exch_ts"][last], events["local_ts"][last], *quotes.T, lines[last]], Table.QUOTES)

    def _depth(self, events: Array, lines: Int64s, ours: Bools) -> Iterator[pa.Table]:
        """Runs of changes, and snapshots one by one."""
        events, lines = events[ours], lines[ours]
        if not len(events):
            return
        snapshot = (events["ev"] & npz.KIND) != npz.DEPTH
        new = _new_messages(events, snapshot)
        starts = [n for n in np.flatnonzero(new).tolist() if n == 0 or snapshot[n] or snapshot[n - 1]]
        for start, stop in zip(starts, [*starts[1:], len(events)], strict=True):
            part = slice(start, stop)
            if snapshot[start]:
                yield self._snapshot(events[part], lines[part])
            elif self._started:
                yield self._changes(events[part], lines[part], new[part])
            else:
                self._early += stop - start

    def _changes(self, events: Array, lines: Int64s, new: Bools) -> pa.Table:
        prices, sizes = self._grid(events, lines)
        starts = np.flatnonzero(new)
        none = np.zeros(len(starts), np.int64)
        stamps = np.column_stack([events["exch_ts"][starts], events["local_ts"][starts], none, lines[starts]])
        counts = np.diff(np.append(starts, len(events)))
        return self._book.change(stamps, counts, Levels(self._sides(events, lines), prices, sizes))

    def _cleared(self, events: Array, lines: Int64s) -> dict[int, float]:
        """How far each side is cleared (see RunningBook.refresh). By hftbacktest's rule it is from the best price to
        the event's, that included; all of it where the price is no number, and of both sides where it has no side."""
        sides = events["ev"] & (npz.BUY | npz.SELL)
        whole = ~np.isfinite(events["px"]) | (sides == 0)
        prices = np.rint(np.where(whole, 0, events["px"]) / float(self._job.instrument.tick))
        self._refuse(~whole & (prices <= 0), lines, "px", "a price of 0 or less")
        reach: dict[int, float] = {}
        for flags, price, is_whole in zip(sides.tolist(), prices.tolist(), whole.tolist(), strict=True):
            for sign, side in ((1, npz.BUY), (-1, npz.SELL)):
                if not flags or flags & side:
                    reach[sign] = min(reach.get(sign, inf), -inf if is_whole else price * sign)
        return reach

    def _snapshot(self, events: Array, lines: Int64s) -> pa.Table:
        levels = (events["ev"] & npz.KIND) == npz.SNAPSHOT
        reach = self._cleared(events[~levels], lines[~levels])
        stamp = Stamp(int(events["exch_ts"][0]), int(events["local_ts"][0]), 0, int(lines[0]))
        some, of_line = events[levels], lines[levels]
        shown = Levels(self._sides(some, of_line), *self._grid(some, of_line))
        if self._started:
            return self._book.refresh(stamp, shown, reach)
        self._started = True
        return self._book.begin(stamp, shown)


def _new_messages(events: Array, snapshot: Bools) -> Bools:
    """True at the first event of each message."""
    new = np.ones(len(events), bool)
    new[1:] = (np.diff(events["exch_ts"]) != 0) | (np.diff(events["local_ts"]) != 0) | (snapshot[1:] != snapshot[:-1])
    return new


def _last_message(events: Array) -> int:
    """Where the events begin that have the times of the last one."""
    same = (events["local_ts"] == events["local_ts"][-1]) if len(events) else np.zeros(0, bool)
    other = np.flatnonzero(~same)
    return int(other[-1]) + 1 if len(other) else 0


def _table(columns: Sequence[Column | list[str]], table: Table) -> pa.Table:
    schema = SCHEMAS[table]
    arrays = [pa.array(np.ascontiguousarray(c) if isinstance(c, np.ndarray) else c) for c in columns]
    return pa.Table.from_arrays([a.cast(f.type) for a, f in zip(arrays, schema, strict=True)], schema=schema)
