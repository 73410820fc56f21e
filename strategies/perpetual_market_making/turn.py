"""One decision in the making: what is cancelled and sent so far, and the orders as they stand after that."""

from decimal import Decimal
from typing import Any

import msgspec

from engine.core.commands import Cancel, Draft, Wish, submitted
from engine.core.state import State, Working
from engine.core.step import order_id
from engine.core.types import Action, Nanos, OrderType, Side
from strategies.perpetual_market_making.market import Market
from strategies.perpetual_market_making.own import Own
from strategies.perpetual_market_making.rates import Rates


class Turn:
    """Hummingbot's rules read their own orders again after each step, and a step that fails leaves what was decided
    before it standing. So a turn collects; all that it collects is returned, and it is gone after the decision.

    `held` is (leg, signed size, entry) of each position. `orders` are the LIMIT orders that can still fill, in order of
    creation, exits sent in this turn included (nothing asks for a turn's own quotes: they end it); where the venue
    answers a cancel at once, without those cancelled in this turn.
    """

    __slots__ = ("at_ns", "held", "market", "now", "orders", "own", "rates", "state", "wishes")

    def __init__(self, state: State[Own], own: Own, rates: Rates, market: Market, at_ns: Nanos) -> None:
        self.state, self.rates, self.market, self.at_ns = state, rates, market, at_ns
        self.own, self.now = own, state.now
        self.orders = [w for w in state.orders if w.order.order_type is OrderType.LIMIT]
        self.held = (
            [(leg, p.size, p.entry) for leg, p in state.positions.items() if p.entry is not None]
            if state.positions
            else []
        )
        self.wishes: list[Wish] = []

    def remember(self, **changes: Any) -> None:
        self.own = msgspec.structs.replace(self.own, **changes)

    def cancel(self, working: Working, reason: str) -> None:
        wish = Cancel(working.order.id, reason)
        if not any(isinstance(said, Cancel) and said.id == wish.id for said in self.wishes):
            self.wishes.append(wish)
        if self.own.cancels_at_once and working in self.orders:
            self.orders.remove(working)

    def send(self, draft: Draft) -> None:
        if draft.action is Action.CLOSE and draft.type is OrderType.LIMIT:
            name = order_id(self.state.run, self.state.seq, len(self.wishes))  # so that this very turn can cancel it
            self.orders.append(Working(order=submitted(draft, name, self.state.mode), created_ns=self.at_ns))
        self.wishes.append(draft)

    def is_exit(self, working: Working) -> bool:
        """Sent to close the position that is held now; an older one counts as any other order."""
        return working.order.action is Action.CLOSE and working.order.id not in self.own.forgotten


def closing_side(size: Decimal) -> Side:
    return Side.SELL if size > 0 else Side.BUY
