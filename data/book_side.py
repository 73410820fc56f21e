"""One side of a book, for the best level after each message.

Most rows cannot touch it. A level that is there before a stretch of messages and is not removed in it keeps the best
price at that level or better. What lies beyond is put away all at once, and only the rest is walked through.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from data.decimals import Bools, Int64s

_AT_HAND = 1 << 16  # ticks
_NEAR = 64  # levels looked at first for one that is there; then many times as many, and so on
_WIDER = 8
_NOTHING = (-1, 0)  # the place and lots of a best level that is not there


class Stretch(NamedTuple):
    """Rows of whole messages, from the first to before the last; `clears`: the message that clears the book first."""

    start: int
    stop: int
    clears: int | None = None


class Changes(NamedTuple):
    """Rows of one side: the message's number, the price, lots (0 removes the level). The greatest price is the best."""

    message: Int64s
    price: Int64s
    size: Int64s

    def of(self, rows: slice | Bools) -> "Changes":
        return Changes(self.message[rows], self.price[rows], self.size[rows])


class Side:
    """Lots by place: the number of a price among those that are there or are told of in a piece, in order."""

    def __init__(self) -> None:
        self._known: Int64s = np.zeros(0, np.int64)  # the price of each place
        self._at_hand, self._lowest = np.zeros(_AT_HAND, np.int64), 0
        self._hold(np.zeros(0, np.int64))
        self._best, self._noted = -1, _NOTHING
        self._tops: list[int] = []  # message, place and lots, and so on

    @property
    def top(self) -> tuple[int, int]:
        """Price and lots of the best level; (0, 0) without one."""
        place, size = self._noted
        return (int(self._known[place]), size) if size else (0, 0)

    @property
    def levels(self) -> tuple[Int64s, Int64s]:
        """Prices and lots of what is there."""
        there = np.flatnonzero(self._sizes)
        return self._known[there], self._sizes[there]

    def change(self, changes: Changes, stretches: Iterable[Stretch]) -> Int64s:
        """Apply rows; (message, price, lots) of the best level where a message changed it."""
        self._make_room(changes.price)
        placed = changes._replace(price=self._places(changes.price))
        for start, stop, clears in stretches:
            if clears is not None:
                self._hold(np.zeros(len(self._sizes), np.int64))
                self._best = -1
            self._stretch(placed.of(slice(start, stop)))
            if clears is not None:
                self._note(clears, self._best)
        tops, self._tops = np.array(self._tops, np.int64).reshape(-1, 3), []
        some = tops[:, 2] > 0
        tops[some, 1] = self._known[tops[some, 1]]
        tops[~some, 1] = 0
        return tops

    def _hold(self, sizes: Int64s) -> None:
        self._sizes, self._lots = sizes, memoryview(sizes)  # the second for one at a time

    def _make_room(self, prices: Int64s) -> None:
        """A place for each of these prices, and for those that are there."""
        there = np.flatnonzero(self._sizes)
        held, sizes = self._known[there], self._sizes[there]
        every = np.sort(np.concatenate([held, prices]))
        self._known = every[np.append(True, every[1:] != every[:-1])] if len(every) else every
        self._hold(np.zeros(len(self._known), np.int64))
        self._point()
        places = self._places(held)
        self._sizes[places] = sizes
        self._best = int(places[-1]) if len(places) else -1
        self._noted = (self._best, self._noted[1])

    def _point(self) -> None:
        """Have most places at hand: few prices lie far from the middle one."""
        known = self._known
        self._lowest = int(known[len(known) // 2]) - _AT_HAND // 2 if len(known) else 0
        start, stop = np.searchsorted(known, [self._lowest, self._lowest + _AT_HAND])
        self._at_hand[known[start:stop] - self._lowest] = np.arange(start, stop)

    def _places(self, prices: Int64s) -> Int64s:
        above = prices - self._lowest
        far = (above < 0) | (above >= _AT_HAND)
        if not far.any():
            return self._at_hand[above]
        places = self._at_hand[np.where(far, 0, above)]
        places[far] = np.searchsorted(self._known, prices[far])
        return places

    def _stretch(self, rows: Changes) -> None:
        floor = self._floor(rows.price[rows.size == 0])
        if floor is None:
            self._walk(rows)
            return
        near = rows.price >= floor
        self._walk(rows.of(near))
        far = rows.of(~near)
        self._sizes[far.price] = far.size  # of a level that is there twice the last counts

    def _walk(self, rows: Changes) -> None:
        lots, best, note = self._lots, self._best, self._note
        last, moved = -1, False
        for message, place, size in zip(*(column.tolist() for column in rows), strict=True):
            if message != last:
                if moved:
                    note(last, best)
                last, moved = message, False
            lots[place] = size
            if place >= best:
                moved = True
                if size:
                    best = place
                elif place == best:
                    best = self._next(place)
        if moved:
            note(last, best)
        self._best = best

    def _note(self, message: int, best: int) -> None:
        """Remember the top after a message, if it is another."""
        top = (best, self._lots[best]) if best >= 0 else _NOTHING
        if top != self._noted:
            self._noted = top
            self._tops += (message, *top)

    def _next(self, gone: int) -> int:
        """The best place below one that is gone; -1 if there is none. It is near in a liquid book."""
        lots = self._lots
        for place in range(gone - 1, max(gone - _NEAR, 0) - 1, -1):
            if lots[place]:
                return place
        stop, width = gone, _NEAR * _WIDER
        while stop > 0:
            start = max(stop - width, 0)
            there = np.flatnonzero(self._sizes[start:stop])
            if len(there):
                return start + int(there[-1])
            stop, width = start, width * _WIDER
        return -1

    def _floor(self, removed: Int64s) -> int | None:
        """The best of the levels that stay; None if none does."""
        stop, width = self._best + 1, _NEAR
        while stop > 0:
            start = max(stop - width, 0)
            stays = self._sizes[start:stop] != 0
            within = removed[(removed >= start) & (removed < stop)]
            stays[within - start] = False
            there = np.flatnonzero(stays)
            if len(there):
                return start + int(there[-1])
            stop, width = start, width * _WIDER
        return None
