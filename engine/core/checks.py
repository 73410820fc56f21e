"""What each limit on a single order looks at. A check says why not, or None."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from engine.core.commands import Draft, Submit
from engine.core.position import notional
from engine.core.state import RATE_WINDOW_NS, State, anchor, equity
from engine.core.types import ZERO, Action, Leg, Nanos, OrderId, Side, is_whole

type Check = Callable[[Any, Asked], str | None]  # (the limit, what is asked) -> why not


class Asked(msgspec.Struct, frozen=True):
    """A draft under the id that it would get: `worst` is how far from flat its side of the leg could get if this and
    all else that may still fill there did, after whatever only reduces; `approved` are those before it that may go."""

    id: OrderId
    draft: Draft
    state: State[Any]
    worst: Decimal
    approved: tuple[Draft, ...]

    @property
    def open_orders(self) -> int:
        return len(self.state.orders) + len(self.approved)

    @property
    def at_ns(self) -> Nanos:
        return self.state.now


def worst_position(state: State[Any], leg: Leg, side: Side) -> Decimal:
    """How far from flat a leg could get on one side, unsigned, if all that can still fill did.

    Reducing orders may fill first, so a position on the other side gives no more room."""
    growing = (w for w in state.orders if w.order.leg is leg and w.order.side is side and not w.order.reduce_only)
    return max(side * state.position(leg).size, ZERO) + sum((w.leaves for w in growing), ZERO)


def _whole_units(_on: bool, asked: Asked) -> str | None:
    draft, instrument = asked.draft, asked.state.instrument
    if draft.size <= 0 or (draft.price is not None and draft.price <= 0):
        return "price and size must be positive"
    whole = is_whole(draft.size, instrument.step) and (draft.price is None or is_whole(draft.price, instrument.tick))
    return None if whole else f"not whole ticks of {instrument.tick} and lots of {instrument.step}"


def _max_order_size(limit: Decimal, asked: Asked) -> str | None:
    return f"size {asked.draft.size} above {limit}" if asked.draft.size > limit else None


def _max_order_notional(limit: Decimal, asked: Asked) -> str | None:
    price = asked.draft.price if asked.draft.price is not None else anchor(asked.state)
    if price is None:
        return "no price to value a market order with"
    value = notional(asked.state.instrument, asked.draft.size, price)
    return f"notional {value} above {limit}" if value > limit else None


def _max_position(limit: Decimal, asked: Asked) -> str | None:
    if asked.worst <= limit:
        return None
    return f"the position could reach {asked.draft.side * asked.worst}, beyond {limit}"


def _max_open_orders(limit: int, asked: Asked) -> str | None:
    """Exits are never counted out: a position must be closable."""
    if asked.draft.action is Action.CLOSE or asked.open_orders < limit:
        return None
    return f"{asked.open_orders} orders are open already"


def _price_collar(limit: Decimal, asked: Asked) -> str | None:
    price, middle = asked.draft.price, anchor(asked.state)
    if price is None or asked.draft.action is Action.CLOSE:
        return None
    if middle is None:
        return "no mark price and no mid to compare with"
    return f"price {price} too far from {middle}" if abs(price - middle) > limit * middle else None


def _max_position_notional(limit: Decimal, asked: Asked) -> str | None:
    price = anchor(asked.state) or asked.draft.price
    if price is None:
        return "no price to value the position with"
    value = notional(asked.state.instrument, asked.worst, price)
    return f"the position's value could reach {value}, beyond {limit}" if value > limit else None


def _max_leverage(limit: Decimal, asked: Asked) -> str | None:
    price, worth = anchor(asked.state) or asked.draft.price, equity(asked.state)
    if price is None or worth is None:
        return "no price to value the position with"
    value = notional(asked.state.instrument, asked.worst, price)
    return f"the position's value could reach {value} on an equity of {worth}" if value > limit * worth else None


def _max_order_rate(limit: int, asked: Asked) -> str | None:
    since = asked.at_ns - RATE_WINDOW_NS
    recent = sum(ns > since for ns in asked.state.guard.sent_ns) + len(asked.approved)
    return f"{recent} orders were sent within ten seconds" if recent >= limit else None


def _self_cross(_on: bool, asked: Asked) -> str | None:
    """An exit goes out whatever of ours it meets: a venue that minds cancels one of the two."""
    draft = asked.draft
    if draft.price is None or draft.action is Action.CLOSE:
        return None
    resting: tuple[Submit | Draft, ...] = (*(w.order for w in asked.state.orders), *asked.approved)
    against = [each.price for each in resting if each.side is not draft.side and each.price is not None]
    crossed = next((price for price in against if draft.side * (draft.price - price) >= 0), None)
    return None if crossed is None else f"{draft.price} would trade with our own order at {crossed}"


def _duplicate_id(_on: bool, asked: Asked) -> str | None:
    return None if asked.state.working(asked.id) is None else f"{asked.id} works already"


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
