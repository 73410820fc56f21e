"""The minutes of a price that nobody trades at: mark, index, and what the one stands above the other."""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

MINUTE_MS = 60_000
KEPT = 1500


class Bar(msgspec.Struct):
    """`seen`: how often the price was told in its time. Mutable."""

    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    seen: int = 1

    def add(self, later: "Bar") -> None:
        self.high, self.low = max(self.high, later.high), min(self.low, later.low)
        self.close, self.seen = later.close, self.seen + later.seen


class Bars:
    """One price's minutes, oldest first. Mutable."""

    def __init__(self) -> None:
        self.minutes: deque[Bar] = deque(maxlen=KEPT)

    def see(self, price: Decimal, at_ms: int) -> None:
        _put(self.minutes, Bar(at_ms, price, price, price, price), MINUTE_MS)


def wider(minutes: Iterable[Bar], width_ms: int) -> list[Bar]:
    made: list[Bar] = []
    for minute in minutes:
        _put(made, minute, width_ms)
    return made


def _put(bars: list[Bar] | deque[Bar], bar: Bar, width_ms: int) -> None:
    open_ms = bar.open_ms - bar.open_ms % width_ms
    if bars and bars[-1].open_ms == open_ms:
        bars[-1].add(bar)
    else:
        bars.append(msgspec.structs.replace(bar, open_ms=open_ms))


def bar_row(bar: Bar, width_ms: int) -> list[Any]:
    """As a candle's, with nothing where that has what was traded."""
    prices = (f"{price:.8f}" for price in (bar.open, bar.high, bar.low, bar.close))
    return [bar.open_ms, *prices, "0", bar.open_ms + width_ms - 1, "0", bar.seen, "0", "0", "0"]
