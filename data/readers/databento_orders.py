"""Single orders (Databento's mbo) summed to levels.

Trades and fills change no book: the cancellation that follows them does. Source: Databento's documentation of mbo.
"""

from collections import defaultdict

type Change = tuple[int, int, int]  # side, ticks, lots


class OrderBook:
    """The orders of one instrument, and what their levels have become since last asked."""

    def __init__(self) -> None:
        self._orders: dict[int, tuple[int, int, int]] = {}  # id -> side, price, size
        self._levels: defaultdict[tuple[int, int], int] = defaultdict(int)
        self._touched: dict[tuple[int, int], None] = {}
        self.unknown = 0  # cancellations of orders that were not there

    def clear(self) -> None:
        self._orders.clear()
        self._levels.clear()
        self._touched.clear()

    def add(self, order: int, side: int, price: int, size: int) -> None:
        self._take(order)
        self._orders[order] = (side, price, size)
        self._change(side, price, size)

    def cancel(self, order: int, size: int) -> None:
        """Some of an order, or all of it."""
        held = self._orders.get(order)
        if held is None:
            self.unknown += 1
            return
        side, price, had = held
        if size >= had:
            self._take(order)
        else:
            self._orders[order] = (side, price, had - size)
            self._change(side, price, -size)

    def changes(self) -> list[Change]:
        changed = [(side, price, self._levels[side, price]) for side, price in self._touched]
        for side, price, size in changed:
            if not size:
                del self._levels[side, price]
        self._touched.clear()
        return changed

    def _take(self, order: int) -> None:
        if held := self._orders.pop(order, None):
            side, price, size = held
            self._change(side, price, -size)

    def _change(self, side: int, price: int, size: int) -> None:
        self._levels[side, price] += size
        self._touched[side, price] = None
