"""What leaves the window of a venue that tells the best N levels and deletes those that fall out of it.

Such a deletion is no cancel: the level is still there, but told no longer. It is known by its place: behind the message
the side is full, and the level lies beyond its last. It stays in our book as it was last seen, until the window reaches
it again: then the venue tells it anew, or it is gone. Else the queue ahead of an order would vanish as the market moves
away from it.
"""

from heapq import heapify, heappop, heappush
from typing import NamedTuple

import numpy as np

from data.decimals import Bools, Column, Int64s

_MOST_STALE = 4  # entries of a heap for each level that is told


class Levels(NamedTuple):
    """Some levels: side (1 bid, -1 ask), ticks, lots; 0 lots where a level is gone."""

    side: Column
    price: Int64s
    size: Int64s

    def of(self, sign: int) -> tuple[list[int], list[int]]:
        ours = self.side == sign
        return self.price[ours].tolist(), self.size[ours].tolist()


class _Side:
    """Prices times the side's sign, so that the larger is the better."""

    def __init__(self) -> None:
        self._told = set[int]()
        self._far = set[int]()
        self._worst_first: list[int] = []
        self._best_far_first: list[int] = []

    def restart(self, told: set[int], known: set[int]) -> None:
        self._told, self._far = told, known - told
        self._worst_first, self._best_far_first = [*told], [-price for price in self._far]
        heapify(self._worst_first)
        heapify(self._best_far_first)

    def message(self, put: list[int], taken: list[int], depth: int) -> tuple[set[int], list[int]]:
        """Of those taken, those that only left the window; and those left before that are gone."""
        told, far = self._told, self._far
        new = set(put) - told
        told |= new
        far -= new
        for price in new:
            heappush(self._worst_first, price)
        known = told.intersection(taken)
        told -= known
        if len(told) < depth:
            gone = [*far]
            far.clear()
            return set(), gone
        if not (known or far):
            return set(), []
        worst = self._worst()
        left = {price for price in known if price < worst}
        far |= left
        for price in left:
            heappush(self._best_far_first, -price)
        return left, self._reached(worst)

    def _worst(self) -> int:
        heap = self._worst_first
        if len(heap) > _MOST_STALE * len(self._told):
            heap[:] = self._told
            heapify(heap)
        while heap[0] not in self._told:
            heappop(heap)
        return heap[0]

    def _reached(self, worst: int) -> list[int]:
        heap, found = self._best_far_first, list[int]()
        while heap and -heap[0] >= worst:
            price = -heappop(heap)
            if price in self._far:
                self._far.discard(price)
                found.append(price)
        return found


class FarLevels:
    """The windows of both sides, of `depth` levels each."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._sides = {1: _Side(), -1: _Side()}

    def restart(self, sign: int, told: set[int], known: set[int]) -> None:
        """A snapshot tells these prices, of which more may be known."""
        signed = ({price * sign for price in prices} for prices in (told, known))
        self._sides[sign].restart(*signed)

    def kept(self, counts: Int64s, levels: Levels) -> tuple[Int64s, Levels]:
        """Messages without the deletions that are none, and with those of levels that are gone unsaid."""
        ends = np.cumsum(counts)
        kept = np.ones(len(levels.side), bool)
        more: list[tuple[int, int, int]] = []  # message, side, price
        for sign, side in self._sides.items():
            ours = levels.side == sign
            signed = levels.price * sign
            puts = _split(signed, ends, ours & (levels.size > 0))
            gone = ours & (levels.size == 0)
            takes, rows = _split(signed, ends, gone), _split(np.arange(len(signed)), ends, gone)
            for n, (put, taken) in enumerate(zip(puts, takes, strict=True)):
                left, unsaid = side.message(put, taken, self._depth)
                if left:
                    kept[[row for row, price in zip(rows[n], taken, strict=True) if price in left]] = False
                more += ((n, sign, price * sign) for price in unsaid)
        return _merged(counts, levels, kept, more)


def _split(values: Int64s, ends: Int64s, mask: Bools) -> list[list[int]]:
    """Those of a column's values that a mask shows, message by message."""
    shown = values[mask].tolist()
    stops = np.append(0, np.cumsum(mask))[ends].tolist()
    return [shown[start:stop] for start, stop in zip([0, *stops[:-1]], stops, strict=True)]


def _merged(counts: Int64s, levels: Levels, kept: Bools, more: list[tuple[int, int, int]]) -> tuple[Int64s, Levels]:
    message = np.repeat(np.arange(len(counts)), counts)[kept]
    some = Levels(*(column[kept] for column in levels))
    if more:
        added = np.array(more, np.int64)
        message = np.append(message, added[:, 0])
        order = np.argsort(message, kind="stable")
        some = Levels(
            np.append(some.side, added[:, 1].astype(np.int8))[order],
            np.append(some.price, added[:, 2])[order],
            np.append(some.size, np.zeros(len(added), np.int64))[order],
        )
    return np.bincount(message, minlength=len(counts)), some
