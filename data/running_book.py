"""A book through its messages, as canonical rows: whatever a vendor's messages are, four things can happen to it.

Levels change, it begins anew, it becomes unknown, or a snapshot comes while it is known (a venue's re-anchoring, the
first line of the next day's file). The last is no new beginning: only what differs is said, so that orders keep their
place in the queue. The book is kept to know what differs.
"""

from collections.abc import Mapping, Sequence
from math import inf
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from data.decimals import Int64s
from data.far_levels import FarLevels, Levels
from data.schema import F_LAST, F_SNAPSHOT, SCHEMAS, Table

_MOST_EMPTY = 100_000  # removed levels remembered before they are forgotten
_STAMPS = 4


class Stamp(NamedTuple):
    """Of a message: the venue's time and ours, its number, its line."""

    ts_event: int
    ts_init: int
    sequence: int
    line: int


class RunningBook:
    """`depth`: of a venue that tells so many levels a side and deletes those that fall out of them; else 0."""

    def __init__(self, depth: int = 0) -> None:
        self._held: dict[int, dict[int, int]] = {1: {}, -1: {}}
        self._far = FarLevels(depth) if depth else None
        self.corrected = 0  # levels that snapshots of a known book put right

    def change(self, stamps: Int64s, counts: Int64s, levels: Levels) -> pa.Table:
        """Messages of changes: a row of `stamps` and a count of levels each."""
        if self._far:
            counts, levels = self._far.kept(counts, levels)
        self._keep(levels)
        return _rows(stamps, counts, levels)

    def begin(self, stamp: Stamp, levels: Levels) -> pa.Table:
        """A snapshot where nothing is known."""
        self._held = {1: {}, -1: {}}
        some = levels.size > 0  # a snapshot's empty level says nothing
        levels = Levels(*(column[some] for column in levels))
        self._keep(levels)
        self._look(levels)
        rows = Levels(*(np.insert(column, 0, 0) for column in levels))
        return _rows(_one(stamp), np.array([len(rows.side)]), rows, flags=F_SNAPSHOT)

    def correct(self, stamp: Stamp, levels: Levels, depth: int) -> pa.Table:
        """A snapshot of a known book. It says nothing of what lies beyond the last of `depth` levels a side; a side
        with fewer is shown whole."""
        return self.refresh(stamp, levels, {sign: _reach(sign, levels, depth) for sign in self._held})

    def refresh(self, stamp: Stamp, levels: Levels, reach: Mapping[int, float]) -> pa.Table:
        """Levels of a known book told anew: on each side that `reach` names, what is not told is gone, down to this
        price (times the side's sign, so that the larger is the better)."""
        changes = [change for sign in self._held for change in self._differences(sign, levels.of(sign), reach)]
        self.corrected += len(changes)
        side, price, size = np.array(changes, np.int64).reshape(-1, 3).T
        corrections = Levels(side.astype(np.int8), price, size)
        self._keep(corrections)
        self._look(levels)
        return _rows(_one(stamp), np.array([len(changes)]), corrections)

    def lose(self, stamp: Stamp) -> pa.Table:
        """From here on nobody knows the book."""
        self._held = {1: {}, -1: {}}
        nothing = np.zeros(1, np.int64)
        return _rows(_one(stamp), np.ones(1, np.int64), Levels(nothing.astype(np.int8), nothing, nothing))

    def _look(self, told: Levels) -> None:
        """Where the window stands that a snapshot tells."""
        if self._far:
            for sign, held in self._held.items():
                self._far.restart(sign, set(told.of(sign)[0]), {price for price, size in held.items() if size})

    def _keep(self, levels: Levels) -> None:
        for sign, held in self._held.items():
            held.update(zip(*levels.of(sign), strict=True))
            if len(held) > _MOST_EMPTY:
                self._held[sign] = {price: size for price, size in held.items() if size}

    def _differences(
        self, sign: int, levels: tuple[list[int], list[int]], reach: Mapping[int, float]
    ) -> Sequence[tuple[int, int, int]]:
        held, shown = self._held[sign], dict(zip(*levels, strict=True))
        last = reach.get(sign, inf)
        gone = [
            (sign, price, 0) for price, size in held.items() if size and price not in shown and price * sign >= last
        ]
        return gone + [(sign, price, size) for price, size in shown.items() if held.get(price, 0) != size]


def _reach(sign: int, levels: Levels, depth: int) -> float:
    prices, _ = levels.of(sign)
    return min(price * sign for price in prices) if prices and len(set(prices)) >= depth else -inf


def _one(stamp: Stamp) -> Int64s:
    return np.array([stamp], np.int64)


def _rows(stamps: Int64s, counts: Int64s, levels: Levels, flags: int = 0) -> pa.Table:
    of_row = np.full(len(levels.side), flags, np.uint8)
    of_row[np.cumsum(counts)[counts > 0] - 1] |= F_LAST
    event, init, sequence, line = np.repeat(stamps, counts, axis=0).reshape(-1, _STAMPS).T
    columns = [event, init, levels.side.astype(np.int8), levels.price, levels.size, of_row, sequence, line]
    schema = SCHEMAS[Table.BOOK]
    return pa.Table.from_arrays(
        [pa.array(np.ascontiguousarray(c), f.type) for c, f in zip(columns, schema, strict=True)], schema=schema
    )
