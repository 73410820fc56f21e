"""The book as its rows make it: to see that it is one that a venue can have had, and for the quotes at its top."""

from collections.abc import Callable, Iterable

import msgspec
import numpy as np
import pyarrow as pa

from data.decimals import Bools, Int64s
from data.schema import F_LAST, Piece
from engine.core.errors import DataError, Problem
from engine.core.types import Instrument

_STRIDES = 200  # ticks walked to find the next level before all levels are looked at


QUOTES = pa.schema(
    [(name, pa.int64()) for name in ("ts_event", "ts_init", "bid", "ask", "bid_size", "ask_size")]
)  # ticks and lots; a side of size 0 is empty


class _Side:
    """Ticks and lots of one side; `best` is None while it is empty."""

    def __init__(self, sign: int) -> None:
        self._sign = sign  # 1: the highest is the best
        self._best_of: Callable[[Iterable[int]], int] = max if sign > 0 else min
        self._sizes: dict[int, int] = {}
        self.best: int | None = None

    def clear(self) -> None:
        self._sizes.clear()
        self.best = None

    def change(self, put: list[int], sizes: list[int], taken: list[int]) -> None:
        """A price both put and taken by one message is taken: better to miss a level than to see one that is not."""
        held = self._sizes
        if put:
            held.update(zip(put, sizes, strict=True))
            best = self._best_of(put)
            if self.best is None or (best - self.best) * self._sign > 0:
                self.best = best
        for price in taken:
            held.pop(price, None)
        if self.best is not None and self.best not in held:
            self.best = self._next(self.best)

    def top(self) -> tuple[int, int]:
        """Price and size of the best level; (0, 0) without one."""
        return (0, 0) if self.best is None else (self.best, self._sizes[self.best])

    def _next(self, gone: int) -> int | None:
        """The best price beyond one that is gone: it is near in a liquid book."""
        for price in range(gone, gone - self._sign * _STRIDES, -self._sign):
            if price in self._sizes:
                return price
        return self._best_of(self._sizes) if self._sizes else None


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
        self.bids, self.asks = _Side(1), _Side(-1)
        self.locked = 0  # messages after which the best bid was the best ask
        self._top = (0, 0, 0, 0)

    def apply(self, piece: Piece) -> pa.Table:
        """Apply whole messages; the top after each of those that changed it. Raises DataError after the first message
        that leaves the book crossed, if nobody else is told of it."""
        side, price, size, flags = (piece.rows[name].to_numpy() for name in ("side", "price", "size", "flags"))
        ends = np.flatnonzero(flags & F_LAST)
        put = [(side == sign) & (size > 0) for sign in (1, -1)]
        bids_put, asks_put = (_split(price, ends, mask) for mask in put)
        bid_sizes, ask_sizes = (_split(size, ends, mask) for mask in put)
        bids_taken, asks_taken = (_split(price, ends, (side == sign) & (size == 0)) for sign in (1, -1))
        bids, asks = self.bids, self.asks
        changed, tops = list[int](), list[tuple[int, int, int, int]]()
        for message, cleared in enumerate(_split(price, ends, side == 0)):
            if cleared:
                bids.clear()
                asks.clear()
            bids.change(bids_put[message], bid_sizes[message], bids_taken[message])
            asks.change(asks_put[message], ask_sizes[message], asks_taken[message])
            (bid, bid_size), (ask, ask_size) = bids.top(), asks.top()
            if bid >= ask and bid_size and ask_size:
                at, line = (piece.rows[name][int(ends[message])].as_py() for name in ("ts_init", "line"))
                self._on_odd(Odd(bid, ask, at, piece.source, line))
            top = (bid, ask, bid_size, ask_size)
            if top != self._top:
                self._top = top
                changed.append(message)
                tops.append(top)
        times = piece.rows.select(["ts_event", "ts_init"]).take(ends[changed]).columns
        return pa.table([*times, *zip(*tops, strict=True)] if tops else [[]] * len(QUOTES), schema=QUOTES)

    def _refuse_crossed(self, odd: Odd) -> None:
        if odd.bid == odd.ask:
            self.locked += 1
            return
        tick = self._instrument.tick
        reason = f"crossed book: best bid {odd.bid * tick} is above best ask {odd.ask * tick}"
        raise DataError(Problem(source=odd.source, line=odd.line, message=reason))


def _split(values: Int64s, ends: Int64s, mask: Bools) -> list[list[int]]:
    """Those of a column's values that a mask shows, message by message."""
    shown = values[mask].tolist()
    stops = np.cumsum(mask)[ends].tolist()
    starts = [0, *stops[:-1]]
    return [shown[start:stop] for start, stop in zip(starts, stops, strict=True)]
