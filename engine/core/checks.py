"""What each limit on a single order looks at. A check says why not, or None."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.core.commands import Submit
from engine.core.position import notional
from engine.core.state import RATE_WINDOW_NS, State, anchor, equity
from engine.core.types import ZERO, Action, Leg, OrderId, Side

BUY = Side.BUY

type Check = Callable[[Any, Submit, Asked], str | None]  # (the limit, the order, what else is ours) -> why not


class Asked:
    """What of ours may still fill, while orders are asked for one after the other: it grows with each that was let go.

    `ids` are of all of it; `buys_at` is the highest price at which we buy, `sells_at` the lowest at which we sell.
    `hold`: the first reason not to trade freely.
    """

    __slots__ = ("_worst", "buys_at", "hold", "ids", "sells_at", "state")

    def __init__(self, state: State[Any]) -> None:
        self.state = state
        self.hold = state.guard.holds[0] if state.guard.holds else None
        self.ids: set[OrderId] = set()
        self.buys_at: Decimal | None = None
        self.sells_at: Decimal | None = None
        self._worst: dict[tuple[Leg, Side], Decimal] = {}
        for working in state.orders:
            self.let_go(working.order)

    def let_go(self, order: Submit) -> None:
        self.ids.add(order.id)
        price = order.price
        if price is not None:
            if order.side is BUY:
                if self.buys_at is None or price > self.buys_at:
                    self.buys_at = price
            elif self.sells_at is None or price < self.sells_at:
                self.sells_at = price
        if self._worst and not order.reduce_only and (key := (order.leg, order.side)) in self._worst:
            self._worst[key] += order.size

    def worst(self, order: Submit) -> Decimal:
        """How far from flat its side of its leg could get, unsigned, if the order and all else that may still fill did.

        Reducing orders may fill first, so a position on the other side gives no more room."""
        key = leg, side = order.leg, order.side
        if key not in self._worst:
            orders = [w for w in self.state.orders if w.order.leg is leg and w.order.side is side]
            growing = sum([w.leaves for w in orders if not w.order.reduce_only], ZERO)
            self._worst[key] = max(side * self.state.position(leg).size, ZERO) + growing
        return self._worst[key] if order.reduce_only else self._worst[key] + order.size


def _whole_units(_on: bool, order: Submit, asked: Asked) -> str | None:
    instrument, size, price = asked.state.instrument, order.size, order.price
    if size <= ZERO or (price is not None and price <= ZERO):
        return "price and size must be positive"
    if not size % instrument.step and (price is None or not price % instrument.tick):
        return None
    return f"not whole ticks of {instrument.tick} and lots of {instrument.step}"


def _max_order_size(limit: Decimal, order: Submit, _asked: Asked) -> str | None:
    return f"size {order.size} above {limit}" if order.size > limit else None


def _max_order_notional(limit: Decimal, order: Submit, asked: Asked) -> str | None:
    price = order.price if order.price is not None else anchor(asked.state)
    if price is None:
        return "no price to value a market order with"
    value = notional(asked.state.instrument, order.size, price)
    return f"notional {value} above {limit}" if value > limit else None


def _max_position(limit: Decimal, order: Submit, asked: Asked) -> str | None:
    if asked.worst(order) <= limit:
        return None
    return f"the position could reach {order.side * asked.worst(order)}, beyond {limit}"


def _max_open_orders(limit: int, order: Submit, asked: Asked) -> str | None:
    """Exits are never counted out: a position must be closable."""
    if order.action is Action.CLOSE or len(asked.ids) < limit:
        return None
    return f"{len(asked.ids)} orders are open already"


def _price_collar(limit: Decimal, order: Submit, asked: Asked) -> str | None:
    price, middle = order.price, anchor(asked.state)
    if price is None or order.action is Action.CLOSE:
        return None
    if middle is None:
        return "no mark price and no mid to compare with"
    return f"price {price} too far from {middle}" if abs(price - middle) > limit * middle else None


def _max_position_notional(limit: Decimal, order: Submit, asked: Asked) -> str | None:
    price = anchor(asked.state) or order.price
    if price is None:
        return "no price to value the position with"
    value = notional(asked.state.instrument, asked.worst(order), price)
    return f"the position's value could reach {value}, beyond {limit}" if value > limit else None


def _max_leverage(limit: Decimal, order: Submit, asked: Asked) -> str | None:
    price, worth = anchor(asked.state) or order.price, equity(asked.state)
    if price is None or worth is None:
        return "no price to value the position with"
    value = notional(asked.state.instrument, asked.worst(order), price)
    return f"the position's value could reach {value} on an equity of {worth}" if value > limit * worth else None


def _max_order_rate(limit: int, _order: Submit, asked: Asked) -> str | None:
    since = asked.state.now - RATE_WINDOW_NS
    before = len(asked.ids) - len(asked.state.orders)
    recent = sum(ns > since for ns in asked.state.guard.sent_ns) + before
    return f"{recent} orders were sent within ten seconds" if recent >= limit else None


def _self_cross(_on: bool, order: Submit, asked: Asked) -> str | None:
    """An exit goes out whatever of ours it meets: a venue that minds cancels one of the two."""
    meets = asked.sells_at if order.side is BUY else asked.buys_at
    price = order.price
    if meets is None or price is None or order.action is Action.CLOSE:
        return None
    crosses = price >= meets if order.side is BUY else price <= meets
    return f"{price} would trade with our own order at {meets}" if crosses else None


def _duplicate_id(_on: bool, order: Submit, asked: Asked) -> str | None:
    return f"{order.id} works already" if order.id in asked.ids else None


OF_THE_VENUE = frozenset({"whole_units", "duplicate_id"})  # what it would reject, an exit too

CHECKS: dict[str, Check] = {
    "whole_units": _whole_units,
    "max_order_size": _max_order_size,
    "max_order_notional": _max_order_notional,
    "max_position": _max_position,
    "max_position_notional": _max_position_notional,
    "max_leverage": _max_leverage,
    "max_open_orders": _max_open_orders,
    "max_order_rate": _max_order_rate,
    "price_collar": _price_collar,
    "self_cross": _self_cross,
    "duplicate_id": _duplicate_id,
}
