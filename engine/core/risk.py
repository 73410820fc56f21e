"""Limits on what may leave. A draft is approved or refused; nothing is changed on the way."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from engine.core.commands import Draft, Refused
from engine.core.position import notional
from engine.core.state import State
from engine.core.types import ZERO, Action, Leg, PositionMode, Side, is_whole, leg_of

type Check = Callable[[Any, Asked], str | None]  # (the limit, what is asked) -> why not
type Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]


class Limits(BaseModel):
    """What no order may exceed. None is no limit. What can only reduce a position is never held back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_order_size: Amount | None = Field(
        default=None,
        examples=[Decimal("0.1")],
        description="base units (contracts where the venue counts those); the largest single order",
    )
    max_order_notional: Amount | None = Field(
        default=None, examples=[Decimal(10_000)], description="settlement currency; the largest value of a single order"
    )
    max_position: Amount | None = Field(
        default=None,
        examples=[Decimal(1)],
        description="base units; the largest position a leg could reach if all that rests were filled",
    )
    max_open_orders: Annotated[int, Field(ge=0)] | None = Field(
        default=None, examples=[10], description="how many orders may rest at once before new quotes are refused"
    )
    price_collar: Amount | None = Field(
        default=None,
        examples=[Decimal("0.05")],
        description="fraction of the mark price (0.05 = 5 %) that a quote may lie away from it",
    )
    whole_units: bool = Field(default=True, description="refuse orders that are not whole ticks and lots")


class Asked(msgspec.Struct, frozen=True):
    """A draft among those before it: `worst` is how far from flat its side of the leg could get if this and all else
    that may still fill there did, after whatever only reduces; `open_orders` counts what works already."""

    draft: Draft
    state: State[Any]
    worst: Decimal
    open_orders: int


def refusals(limits: Limits, state: State[Any], drafts: Iterable[Draft]) -> list[Refused | None]:
    """For each draft in turn, None where it may go, counting all that may still fill: a cancel in flight can lose."""
    active = [(name, limit, check) for name, check in CHECKS.items() if (limit := getattr(limits, name)) is not None]
    worst: dict[tuple[Leg, Side], Decimal] = {}
    open_orders = len(state.orders)
    verdicts: list[Refused | None] = []
    for draft in drafts:
        key = (leg_of(state.mode, draft.side, draft.action), draft.side)
        before = worst[key] if key in worst else worst_position(state, *key)
        after = before if draft.reduce_only else before + draft.size
        verdict = _first(active, Asked(draft, state, after, open_orders))
        worst[key] = after if verdict is None else before
        open_orders += verdict is None
        verdicts.append(verdict)
    return verdicts


def _first(active: Iterable[tuple[str, Any, Check]], asked: Asked) -> Refused | None:
    """What can only reduce a position is held to the venue's grid alone: whatever the limits, a stop goes out."""
    for name, limit, check in active:
        if name != "whole_units" and _only_reduces(asked):
            continue
        if reason := check(limit, asked):
            return Refused(asked.draft, name, reason)
    return None


def _only_reduces(asked: Asked) -> bool:
    return asked.draft.reduce_only or (asked.state.mode is PositionMode.HEDGE and asked.draft.action is Action.CLOSE)


def worst_position(state: State[Any], leg: Leg, side: Side) -> Decimal:
    """How far from flat a leg could get on one side, unsigned, if all that can still fill did.

    Reducing orders may fill first, so a position on the other side gives no more room."""
    growing = (w for w in state.orders if w.order.leg is leg and w.order.side is side and not w.order.reduce_only)
    return max(side * state.position(leg).size, ZERO) + sum((w.leaves for w in growing), ZERO)


def _whole_units(on: bool, asked: Asked) -> str | None:
    draft, instrument = asked.draft, asked.state.instrument
    if not on:
        return None
    if draft.size <= 0 or (draft.price is not None and draft.price <= 0):
        return "price and size must be positive"
    whole = is_whole(draft.size, instrument.step) and (draft.price is None or is_whole(draft.price, instrument.tick))
    return None if whole else f"not whole ticks of {instrument.tick} and lots of {instrument.step}"


def _max_order_size(limit: Decimal, asked: Asked) -> str | None:
    return f"size {asked.draft.size} above {limit}" if asked.draft.size > limit else None


def _max_order_notional(limit: Decimal, asked: Asked) -> str | None:
    price = asked.draft.price if asked.draft.price is not None else _anchor(asked.state)
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
    price, anchor = asked.draft.price, _anchor(asked.state)
    if price is None or asked.draft.action is Action.CLOSE:
        return None
    if anchor is None:
        return "no mark price and no mid to compare with"
    return f"price {price} too far from {anchor}" if abs(price - anchor) > limit * anchor else None


def _anchor(state: State[Any]) -> Decimal | None:
    if state.tick is None:
        return None
    top = state.tick.top
    mid = (top.bid + top.ask) / 2 if top.bid is not None and top.ask is not None else None
    return state.tick.mark if state.tick.mark is not None else mid


CHECKS: dict[str, Check] = {
    "whole_units": _whole_units,
    "max_order_size": _max_order_size,
    "max_order_notional": _max_order_notional,
    "max_position": _max_position,
    "max_open_orders": _max_open_orders,
    "price_collar": _price_collar,
}
