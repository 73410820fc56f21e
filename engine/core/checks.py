"""What each limit on a single order looks at. A check says why not, or None."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.core.commands import Draft, Submit
from engine.core.position import notional
from engine.core.state import RATE_WINDOW_NS, State, anchor, equity
from engine.core.types import ZERO, Action, Leg, OrderId, Side, is_whole, leg_of

type Check = Callable[[Any, Asked], str | None]  # (the limit, what is asked) -> why not


class Asked:
    """Whether drafts may go, one after the other: `draft` is the one in question under the `id` that it would get. What
    of ours may still fill grows with each that was let go."""

    __slots__ = ("_best", "_ids", "_let_go", "_worst", "draft", "id", "state")

    id: OrderId
    draft: Draft

    def __init__(self, state: State[Any]) -> None:
        self.state = state
        self._let_go = 0
        self._ids = {working.order.id for working in state.orders}
        self._worst: dict[tuple[Leg, Side], Decimal] = {}
        self._best: dict[Side, Decimal] = {}
        for working in state.orders:
            self._rests(working.order)

    def let_go(self) -> None:
        draft, key = self.draft, self._key if self._worst else None
        self._let_go += 1
        self._rests(draft)
        if key in self._worst and not draft.reduce_only:
            self._worst[key] += draft.size

    @property
    def open_orders(self) -> int:
        return len(self.state.orders) + self._let_go

    @property
    def sent_before(self) -> int:
        return self._let_go

    @property
    def is_taken(self) -> bool:
        return self.id in self._ids

    @property
    def meets(self) -> Decimal | None:
        """The best price of our own orders of the other side."""
        return self._best.get(self.draft.side.opposite)

    @property
    def worst(self) -> Decimal:
        """How far from flat this side of the leg could get, unsigned, if this and all else that may still fill did.

        Reducing orders may fill first, so a position on the other side gives no more room."""
        key = self._key
        if key not in self._worst:
            leg, side = key
            orders = (w for w in self.state.orders if w.order.leg is leg and w.order.side is side)
            growing = sum((w.leaves for w in orders if not w.order.reduce_only), ZERO)
            self._worst[key] = max(side * self.state.position(leg).size, ZERO) + growing
        return self._worst[key] if self.draft.reduce_only else self._worst[key] + self.draft.size

    @property
    def _key(self) -> tuple[Leg, Side]:
        return leg_of(self.state.mode, self.draft.side, self.draft.action), self.draft.side

    def _rests(self, order: Draft | Submit) -> None:
        price, best = order.price, self._best.get(order.side)
        if price is not None and (best is None or (price > best if order.side is Side.BUY else price < best)):
            self._best[order.side] = price


def _whole_units(_on: bool, asked: Asked) -> str | None:
    size, price, instrument = asked.draft.size, asked.draft.price, asked.state.instrument
    if size <= ZERO or (price is not None and price <= ZERO):
        return "price and size must be positive"
    if is_whole(size, instrument.step) and (price is None or is_whole(price, instrument.tick)):
        return None
    return f"not whole ticks of {instrument.tick} and lots of {instrument.step}"


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
    since = asked.state.now - RATE_WINDOW_NS
    recent = sum(ns > since for ns in asked.state.guard.sent_ns) + asked.sent_before
    return f"{recent} orders were sent within ten seconds" if recent >= limit else None


def _self_cross(_on: bool, asked: Asked) -> str | None:
    """An exit goes out whatever of ours it meets: a venue that minds cancels one of the two."""
    price, meets = asked.draft.price, asked.meets
    if price is None or meets is None or asked.draft.action is Action.CLOSE:
        return None
    crosses = price >= meets if asked.draft.side is Side.BUY else price <= meets
    return f"{price} would trade with our own order at {meets}" if crosses else None


def _duplicate_id(_on: bool, asked: Asked) -> str | None:
    return f"{asked.id} works already" if asked.is_taken else None


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
