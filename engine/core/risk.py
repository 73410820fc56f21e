"""Limits on what may leave. An order is approved or refused; nothing is changed on the way."""

from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.core.checks import CHECKS, OF_THE_VENUE, Asked, Check
from engine.core.commands import Submit
from engine.core.types import Action, PositionMode

type Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
type Count = Annotated[int, Field(ge=0)]


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
    max_position_notional: Amount | None = Field(
        default=None,
        examples=[Decimal(50_000)],
        description="settlement currency; the largest value of such a position, at the mark price",
    )
    max_leverage: Amount | None = Field(
        default=None,
        examples=[Decimal(3)],
        description="such a position's value over the equity of the moment; not what the venue is asked for",
    )
    max_open_orders: Count | None = Field(
        default=None, examples=[10], description="how many orders may rest at once before new quotes are refused"
    )
    price_collar: Amount | None = Field(
        default=None,
        examples=[Decimal("0.05")],
        description="fraction of the mark price (0.05 = 5 %) that a quote may lie away from it",
    )
    max_order_rate: Count | None = Field(
        default=None, examples=[50], description="orders in any ten seconds; the next ones are refused"
    )
    max_daily_loss: Amount | None = Field(
        default=None,
        examples=[Decimal(200)],
        description="settlement currency, since the first tick of the UTC day; beyond it no quotes until the next day",
    )
    max_drawdown: Amount | None = Field(
        default=None,
        examples=[Decimal(500)],
        description="settlement currency, from the run's highest equity; beyond it the run halts until resumed by hand",
    )
    max_feed_age_ms: Count | None = Field(
        default=None,
        examples=[3000],
        description="no quotes while the book has not changed for longer; live it is 10000 where it is not set",
    )
    max_clock_offset_ms: Count | None = Field(
        default=None,
        examples=[1000],
        description="no quotes while our time and the venue's differ by more, the way of the message included",
    )
    max_orders_unfilled: Count | None = Field(
        default=None,
        examples=[2000],
        description="orders in a row of which none fills; beyond it no quotes until resumed by hand",
    )
    self_cross: bool = Field(default=True, description="refuse quotes that would trade with an order of our own")
    duplicate_id: bool = Field(default=True, description="refuse an order under the id of one that works")
    whole_units: bool = Field(default=True, description="refuse orders that are not whole ticks and lots")
    stop_policy: Literal["keep", "flatten"] = Field(
        default="keep",
        description="what becomes of a position when a paper or live run is stopped, or a limit halts a run",
    )

    @cached_property
    def checks(self) -> tuple[tuple[str, Any, Check], ...]:
        """Those that look at each order, with their limits."""
        named = ((name, getattr(self, name), check) for name, check in CHECKS.items())
        return tuple((name, limit, check) for name, limit, check in named if limit is not None and limit is not False)

    @cached_property
    def checks_of_the_venue(self) -> tuple[tuple[str, Any, Check], ...]:
        """Those that an order which can only reduce a position is held to as well."""
        return tuple(each for each in self.checks if each[0] in OF_THE_VENUE)

    @cached_property
    def of_the_run(self) -> tuple[tuple[str, Any], ...]:
        """Those that are set and look at the run as a whole (engine.core.guard), by name."""
        names = (name for name in type(self).model_fields if name not in CHECKS and name != "stop_policy")
        return tuple((name, limit) for name in names if (limit := getattr(self, name)) is not None)

    @cached_property
    def asks_age(self) -> bool:
        """Whether ticks have to say how old the book is."""
        return self.max_feed_age_ms is not None or self.max_clock_offset_ms is not None


def refusal(limits: Limits, asked: Asked, order: Submit) -> tuple[str, str] | None:
    """The limit by which the order may not go, and why; None where it may, and then it counts from here on.

    What can only reduce a position is held to the venue's own rules alone: whatever the limits, a stop goes out."""
    hold = asked.hold
    if hold is not None and order.action is Action.OPEN:
        return hold.limit, hold.reason
    reduces = order.reduce_only or (order.action is Action.CLOSE and asked.state.mode is PositionMode.HEDGE)
    for name, limit, check in limits.checks_of_the_venue if reduces else limits.checks:
        if reason := check(limit, order, asked):
            return name, reason
    asked.let_go(order)
    return None
