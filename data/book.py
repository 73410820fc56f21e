"""The book as its rows make it: to see that it is one that a venue can have had, and for the quotes at its top.

Most rows cannot touch the top. A level that is there before a stretch of messages and is not removed in it keeps the
best price of its side at that level or better. What lies beyond is put away at the stretch's end, all at once, and only
the rest is walked through.
"""

import heapq
from collections.abc import Callable, Iterator

import msgspec
import numpy as np
import pyarrow as pa

from data.decimals import Int64s
from data.schema import F_LAST, Piece
from engine.core.errors import DataError, Problem
from engine.core.types import Instrument

_STRETCH = 8_192  # rows, about
_STRIDES = 200  # ticks walked to find the next level before all levels are looked at
_LEVELS = 64  # levels looked at for one that stays

QUOTES = pa.schema(
    [(name, pa.int64()) for name in ("ts_event", "ts_init", "bid", "ask", "bid_size", "ask_size")]
)  # ticks and lots; a side of size 0 is empty


class _Side:
    """One side's lots by price: ticks for bids, minus the ticks for asks, so that the greatest price is the best."""

    def __init__(self) -> None:
        self._sizes: dict[int, int] = {}
        self._best: int | None = None
        self.last = (0, 0)  # price and size of the best level after the last message; (0, 0) without one
        self._tops: list[tuple[int, int, int]] = []  # message, and those after it

    def clear(self) -> None:
        self._sizes.clear()
        self._best = None

    def tops(self) -> Int64s:
        """Rows of (message, price, size) since the last call, where they changed."""
        found, self._tops = self._tops, []
        return np.array(found, np.int64).reshape(-1, 3)

    def change(self, messages: Int64s, prices: Int64s, sizes: Int64s) -> None:
        """Apply rows of one stretch."""
        floor = self._floor(set(prices[sizes == 0].tolist()))
        if floor is None:
            self._walk(messages.tolist(), prices.tolist(), sizes.tolist())
            return
        near = prices >= floor
        self._walk(messages[near].tolist(), prices[near].tolist(), sizes[near].tolist())
        prices, sizes = prices[~near], sizes[~near]
        self._sizes.update(zip(prices.tolist(), sizes.tolist(), strict=True))
        for price in set(prices[sizes == 0].tolist()):
            if not self._sizes[price]:
                del self._sizes[price]

    def note(self, message: int) -> None:
        """Remember the top after a message, if it is another."""
        top = (0, 0) if self._best is None else (self._best, self._sizes[self._best])
        if top != self.last:
            self.last = top
            self._tops.append((message, *top))

    def _walk(self, messages: list[int], prices: list[int], sizes: list[int]) -> None:
        held, best, before = self._sizes, self._best, -1
        for message, price, size in zip(messages, prices, sizes, strict=True):
            if message != before:
                if before >= 0:
                    self._best = best
                    self.note(before)
                before = message
            if size:
                held[price] = size
                if best is None or price > best:
                    best = price
            elif held.pop(price, None) and price == best:
                best = self._next(price)
        if before >= 0:
            self._best = best
            self.note(before)

    def _next(self, gone: int) -> int | None:
        """The best price beyond one that is gone: it is near in a liquid book."""
        for price in range(gone - 1, gone - _STRIDES, -1):
            if price in self._sizes:
                return price
        return max(self._sizes, default=None)

    def _floor(self, removed: set[int]) -> int | None:
        """The best of the levels that stay; None where none of the first does."""
        if self._best is None:
            return None
        for price in range(self._best, self._best - _STRIDES, -1):
            if price in self._sizes and price not in removed:
                return price
        found = heapq.nlargest(_LEVELS, self._sizes)
        return next((price for price in found if price not in removed), None)


class Odd(msgspec.Struct, frozen=True):
    """A book that no venue can have had, in ticks, after the message that ends at a line."""

    bid: int
    ask: int
    ts_init: int
    source: str
    line: int


class Book:
    """Both sides after each message. `on_odd` is told of a locked or crossed book; without it a locked one is counted
    and a crossed one refused."""

    def __init__(self, instrument: Instrument, on_odd: Callable[[Odd], None] | None = None) -> None:
        self._instrument = instrument
        self._on_odd = on_odd or self._refuse_crossed
        self._bids, self._asks = _Side(), _Side()
        self.locked = 0  # messages after which the best bid was the best ask

    def apply(self, piece: Piece) -> pa.Table:
        """Apply whole messages; the top after each of those that changed it. Raises DataError after the first message
        that leaves the book crossed, if nobody else is told of it."""
        side, price, size, flags = (piece.rows[name].to_numpy() for name in ("side", "price", "size", "flags"))
        is_last = flags & F_LAST != 0
        ends = np.flatnonzero(is_last)
        message = np.cumsum(is_last) - is_last
        before = self._bids.last, self._asks.last
        for start, stop in _stretches(ends, np.flatnonzero(side == 0)):
            self._stretch(message[start:stop], side[start:stop], price[start:stop], size[start:stop])
        at, tops = _merged(self._bids.tops(), self._asks.tops(), before)
        self._tell(piece, ends, at, tops)
        changed = ends[at[1:]]
        times = piece.rows.select(["ts_event", "ts_init"]).take(changed).columns
        return pa.table([*times, *(each[1:] for each in tops)], schema=QUOTES)

    def _stretch(self, message: Int64s, side: Int64s, price: Int64s, size: Int64s) -> None:
        clears = np.flatnonzero(side == 0)
        if len(clears):  # a message of its own
            rows = slice(clears[-1], None)
            message, side, price, size = message[rows], side[rows], price[rows], size[rows]
            self._bids.clear()
            self._asks.clear()
        for levels, sign in ((self._bids, 1), (self._asks, -1)):
            ours = side == sign
            levels.change(message[ours], price[ours] * sign, size[ours])
            if len(clears):
                levels.note(int(message[0]))

    def _tell(self, piece: Piece, ends: Int64s, at: Int64s, tops: tuple[Int64s, ...]) -> None:
        """Of every message that leaves, or finds and leaves, the book locked or crossed."""
        bid, ask, bid_size, ask_size = tops
        odd = (bid >= ask) & (bid_size > 0) & (ask_size > 0)
        if not odd.any():
            return
        state = np.searchsorted(at, np.arange(len(ends)), side="right") - 1
        for message in np.flatnonzero(odd[state]).tolist():
            top, row = state[message], int(ends[message])
            local, line = (piece.rows[name][row].as_py() for name in ("ts_init", "line"))
            self._on_odd(Odd(int(bid[top]), int(ask[top]), local, piece.source, line))

    def _refuse_crossed(self, odd: Odd) -> None:
        if odd.bid == odd.ask:
            self.locked += 1
            return
        tick = self._instrument.tick
        reason = f"crossed book: best bid {odd.bid * tick} is above best ask {odd.ask * tick}"
        raise DataError(Problem(source=odd.source, line=odd.line, message=reason))


def _stretches(ends: Int64s, clears: Int64s) -> Iterator[tuple[int, int]]:
    """First and last row (not included) of stretches of whole messages; one that clears the book stands alone."""
    bounds = np.append(0, ends + 1)
    at = np.searchsorted(bounds, np.arange(_STRETCH, bounds[-1], _STRETCH))
    clearing = np.searchsorted(bounds, clears, side="right") - 1
    cuts = np.unique(np.concatenate([[0, len(bounds) - 1], at, clearing, clearing + 1]))
    yield from zip(bounds[cuts[:-1]].tolist(), bounds[cuts[1:]].tolist(), strict=True)


def _merged(
    bids: Int64s, asks: Int64s, before: tuple[tuple[int, int], tuple[int, int]]
) -> tuple[Int64s, tuple[Int64s, ...]]:
    """Messages after which a side's top changed, and (bid, ask, bid_size, ask_size) then; first, as of message -1, what
    they were before."""
    at = np.union1d([-1], np.concatenate([bids[:, 0], asks[:, 0]]))
    sides = []
    for tops, last in zip((bids, asks), before, strict=True):
        known = np.vstack([[(-1, *last)], tops])
        sides.append(known[np.searchsorted(known[:, 0], at, side="right") - 1])
    (_, bid, bid_size), (_, ask, ask_size) = (each.T for each in sides)
    return at, (bid, -ask, bid_size, ask_size)
