"""What each limit on a single order looks at. A check says why not, or None."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.core.commands import Draft
from engine.core.position import notional
from engine.core.state import RATE_WINDOW_NS, State, anchor, equity
from engine.core.types import ZERO, Action, Leg, OrderId, Side, leg_of

BUY = Side.BUY

type Check = Callable[[Any, Asked], str | None]  # (the limit, what is asked) -> why not


class Asked:
    """Whether drafts may go, one after the other: `draft` is the one in question under the `id` that it would get. What
    of ours may still fill grows with each that was let go."""

    __slots__ = ("_buy", "_let_go", "_sell", "_worst", "draft", "id", "state")

    id: OrderId
    draft: Draft

    def __init__(self, state: State[Any]) -> None:
        self.state = state
        self._let_go: list[OrderId] = []
        self._worst: dict[tuple[Leg, Side], Decimal] = {}
        self._buy: Decimal | None = None  # the highest price at which we buy
        self._sell: Decimal | None = None  # the lowest at which we sell
        for working in state.orders:
            if working.order.price is not None:
                self._rests(working.order.side, working.order.price)

    def let_go(self) -> None:
        draft = self.draft
        self._let_go.append(self.id)
        if draft.price is not None:
            self._rests(draft.side, draft.price)
        if self._worst and not draft.reduce_only and (key := self._key) in self._worst:
            self._worst[key] += draft.size

    def was_let_go(self, order_id: OrderId) -> bool:
        return order_id in self._let_go

    @property
    def open_orders(self) -> int:
        return len(self.state.orders) + len(self._let_go)

    @property
    def sent_before(self) -> int:
        return len(self._let_go)

    @property
    def meets(self) -> Decimal | None:
        """The best price of our own orders of the other side."""
        return self._sell if self.draft.side is BUY else self._buy

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

    def _rests(self, side: Side, price: Decimal) -> None:
        if side is BUY:
            if self._buy is None or price > self._buy:
                self._buy = price
        elif self._sell is None or price < self._sell:
            self._sell = price


def _whole_units(_on: bool, asked: Asked) -> str | None:
    draft, instrument = asked.draft, asked.state.instrument
    size, price = draft.size, draft.price
    if size <= ZERO or (price is not None and price <= ZERO):
        return "price and size must be positive"
    if not size % instrument.step and (price is None or not price % instrument.tick):
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
    draft, meets = asked.draft, asked.meets
    price = draft.price
    if price is None or meets is None or draft.action is Action.CLOSE:
        return None
    crosses = price >= meets if draft.side is BUY else price <= meets
    return f"{price} would trade with our own order at {meets}" if crosses else None


def _duplicate_id(_on: bool, asked: Asked) -> str | None:
    orders = asked.state.orders
    return f"{asked.id} works already" if orders and any(asked.id == w.order.id for w in orders) else None


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
