"""Own orders against the replayed book: whoever takes walks it, whoever rests waits behind what was there before.

No order fills beyond what the market traded at or through its price, or showed against it. Orders of the venue's
accounts never trade with one another, and do not appear in the published book: the tape is the market.
"""

from bisect import insort
from collections.abc import Callable

from engine.core.types import Side
from engine.venue_sim.ladder import Ladder
from engine.venue_sim.market_events import Depth, Print
from engine.venue_sim.orders import Order

type Book = Callable[[Order, int, int, bool], None]  # order, price, lots, maker: the fill is booked at once
type Most = Callable[[Order], int]  # how many lots an order may still fill: reduce-only ends with the position


class Matching:
    """One contract's book and the orders that rest in it. Mutable."""

    def __init__(self, book: Book, most: Most) -> None:
        self._book, self._most = book, most
        self.sides = {side: Ladder(side) for side in Side}
        self.resting: dict[Side, list[Order]] = {side: [] for side in Side}

    def opposite(self, order: Order) -> Ladder:
        return self.sides[order.request.side.opposite]

    def would_take(self, side: Side, price: int) -> bool:
        return any(True for _ in self.sides[side.opposite].reachable(price))

    def reachable_lots(self, side: Side, price: int | None) -> int:
        return sum(left for _, left in self.sides[side.opposite].reachable(price))

    def take(self, order: Order) -> None:
        """Fill an order against what is shown, level by level, as far as its price allows."""
        ladder = self.opposite(order)
        for price, left in ladder.reachable(order.price):
            lots = min(left, self._most(order))
            if not lots:
                return
            ladder.take(price, lots)
            self._book(order, price, lots, False)

    def rest(self, order: Order) -> None:
        """Join the queue at the order's price, behind everything displayed there."""
        assert order.price is not None
        side = order.request.side
        order.ahead = self.sides[side].shown(order.price)
        insort(self.resting[side], order, key=_priority)

    def leave(self, order: Order) -> None:
        orders = self.resting[order.request.side]
        if order in orders:
            orders.remove(order)

    def on_print(self, trade: Print) -> None:
        """A trade fills what rests at a better price than its own, then those at its price whose turn it is."""
        if taker := trade.side or self._guessed(trade):
            side, left, gone = Side(-taker), trade.lots, 0
            for order in list(self.resting[side]):
                assert order.price is not None
                if (order.price - trade.price) * side < 0 or not left:
                    break
                if order.price == trade.price:
                    eaten = min(max(order.ahead - gone, 0), left)
                    gone, left = gone + eaten, left - eaten
                left -= self._fill(order, left)
            self._advance(side, trade.price, gone)

    def _advance(self, side: Side, price: int, gone: int) -> None:
        for order in self.resting[side]:
            if order.price == price:
                order.ahead = max(order.ahead - gone, 0)

    def _fill(self, order: Order, most: int) -> int:
        lots = min(most, self._most(order))
        if lots:
            assert order.price is not None
            self._book(order, order.price, lots, True)
        return lots

    def _guessed(self, trade: Print) -> int:
        """Who took, where the tape does not say: whoever had to come to the price."""
        bid, ask = self.sides[Side.BUY].best(), self.sides[Side.SELL].best()
        if ask is not None and trade.price >= ask[0]:
            return 1
        return -1 if bid is not None and trade.price <= bid[0] else 0

    def on_depth(self, depth: Depth) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Show a message's levels; then let queues shrink and fill what it crosses. Returns the levels that changed."""
        changed = self._shown(Side.BUY, depth), self._shown(Side.SELL, depth)
        for side, levels in zip(Side, changed, strict=True):
            lots = dict(levels)
            for order in self.resting[side]:
                if order.price in lots:  # who leaves is taken to have stood behind us, until no one is left to
                    order.ahead = min(order.ahead, lots[order.price])
        for side in Side:
            for order in list(self.resting[side]):
                if not self._crossed(order):
                    break
        return changed

    def _shown(self, side: Side, depth: Depth) -> list[tuple[int, int]]:
        levels = dict(depth.bids if side is Side.BUY else depth.asks)
        if depth.snapshot:
            levels |= {price: 0 for price in self.sides[side].prices() if price not in levels}
        ladder = self.sides[side]
        return [(price, lots) for price, lots in levels.items() if ladder.show(price, lots)]

    def _crossed(self, order: Order) -> bool:
        """The other side now stands at or through a resting order's price: it would have met the order first."""
        ladder, crossed = self.opposite(order), False
        for price, left in ladder.reachable(order.price):
            crossed = True
            ladder.take(price, self._fill(order, left))
            if not self._most(order):
                break
        return crossed


def _priority(order: Order) -> int:
    assert order.price is not None
    return -order.price * order.request.side
