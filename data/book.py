"""The book as its rows make it, only to see that it is one that a venue can have had."""

from collections.abc import Callable, Iterable

import numpy as np

from data.decimals import Bools, Int64s
from data.schema import F_LAST, Piece
from engine.core.errors import DataError, Problem
from engine.core.types import Instrument

_STRIDES = 200  # ticks walked to find the next level before all levels are looked at


class _Side:
    """The prices of one side, in ticks; `best` is None while it is empty."""

    def __init__(self, sign: int) -> None:
        self._sign = sign  # 1: the highest is the best
        self._best_of: Callable[[Iterable[int]], int] = max if sign > 0 else min
        self._prices: set[int] = set()
        self.best: int | None = None

    def clear(self) -> None:
        self._prices.clear()
        self.best = None

    def change(self, put: list[int], taken: list[int]) -> None:
        """A price both put and taken by one message is taken: better to miss a level than to see one that is not."""
        if put:
            self._prices.update(put)
            best = self._best_of(put)
            if self.best is None or (best - self.best) * self._sign > 0:
                self.best = best
        if taken:
            self._prices.difference_update(taken)
        if self.best is not None and self.best not in self._prices:
            self.best = self._next(self.best)

    def _next(self, gone: int) -> int | None:
        """The best price beyond one that is gone: it is near in a liquid book."""
        for price in range(gone, gone - self._sign * _STRIDES, -self._sign):
            if price in self._prices:
                return price
        return self._best_of(self._prices) if self._prices else None


class Book:
    """Prices of both sides after each message."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self.bids, self.asks = _Side(1), _Side(-1)
        self.locked = 0  # messages after which the best bid was the best ask

    def apply(self, piece: Piece) -> None:
        """Apply whole messages. Raises DataError after the first that leaves the book crossed."""
        side, price, size, flags = (piece.rows[name].to_numpy() for name in ("side", "price", "size", "flags"))
        ends = np.flatnonzero(flags & F_LAST)
        clears = _split(price, ends, side == 0)
        bids_put = _split(price, ends, (side == 1) & (size > 0))
        bids_taken = _split(price, ends, (side == 1) & (size == 0))
        asks_put = _split(price, ends, (side == -1) & (size > 0))
        asks_taken = _split(price, ends, (side == -1) & (size == 0))
        bids, asks = self.bids, self.asks
        for message, cleared in enumerate(clears):
            if cleared:
                bids.clear()
                asks.clear()
            bids.change(bids_put[message], bids_taken[message])
            asks.change(asks_put[message], asks_taken[message])
            if bids.best is not None and asks.best is not None and bids.best >= asks.best:
                self._refuse_crossed(bids.best, asks.best, piece, int(ends[message]))

    def _refuse_crossed(self, bid: int, ask: int, piece: Piece, row: int) -> None:
        if bid == ask:
            self.locked += 1
            return
        tick = self._instrument.tick
        reason = f"crossed book: best bid {bid * tick} is above best ask {ask * tick}"
        raise DataError(Problem(source=piece.source, line=piece.rows["line"][row].as_py(), message=reason))


def _split(values: Int64s, ends: Int64s, mask: Bools) -> list[list[int]]:
    """Those of a column's values that a mask shows, message by message."""
    shown = values[mask].tolist()
    stops = np.cumsum(mask)[ends].tolist()
    starts = [0, *stops[:-1]]
    return [shown[start:stop] for start, stop in zip(starts, stops, strict=True)]
