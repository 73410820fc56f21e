"""A run under limits that wants what it is told, and what came of it."""

from decimal import Decimal
from typing import Any

from engine.core.commands import Cancel, Draft, Outcome, Refused, Submit, TradingChanged
from engine.core.events import AnyEvent
from engine.core.risk import Limits
from engine.core.state import State
from engine.core.step import step
from engine.core.trading import Trading
from engine.core.types import Action, Leg, OrderType, PositionMode, Purpose, Side
from tests.support.builders import a_draft, a_fill, a_start, a_tick
from tests.support.scripted import Says


class Run:
    def __init__(self, limits: dict[str, Any], **start: Any) -> None:
        self.policy, self.limits = Says(), Limits(**limits)
        self.state: State[None] | None = None
        self.feed(a_start(**start))

    def feed(self, event: AnyEvent, *wishes: Draft) -> tuple[Outcome, ...]:
        self.policy.wishes = wishes
        self.state, outcomes = step(self.policy, self.limits, self.state, event)
        return outcomes

    @property
    def known(self) -> State[None]:
        assert self.state is not None
        return self.state

    @property
    def trading(self) -> Trading:
        return self.known.guard.trading


def refused_by(limit: str, outcomes: tuple[Outcome, ...]) -> None:
    assert [o.limit for o in outcomes if isinstance(o, Refused)] == [limit]


def a_long(limits: dict[str, Any], mode: PositionMode = PositionMode.ONE_WAY) -> Run:
    """A run that is 1 long at 100, marked at 100, with a quote of its own resting at 90."""
    run = Run(limits, mode=mode)
    run.feed(a_tick(1, mark=Decimal(100)), a_draft(size="1"), a_draft(price="90.0"))
    bought = run.known.orders[0].order
    run.feed(a_fill(bought.id, Side.BUY, "1", "100.0", leg=bought.leg, fee=Decimal(0)))
    return run


def an_exit(size: str = "1", price: str = "101.0") -> Draft:
    return a_draft(Side.SELL, size, price, action=Action.CLOSE, reduce_only=True, purpose=Purpose.TAKE_PROFIT)


def held(outcomes: tuple[Outcome, ...]) -> dict[str, bool]:
    return {o.limit: o.held for o in outcomes if isinstance(o, TradingChanged)}


def refusals(outcomes: tuple[Outcome, ...]) -> list[Refused]:
    return [o for o in outcomes if isinstance(o, Refused)]


def cancels(outcomes: tuple[Outcome, ...]) -> list[Cancel]:
    return [o for o in outcomes if isinstance(o, Cancel)]


def is_flattening(outcomes: tuple[Outcome, ...]) -> list[Submit]:
    submits = [o for o in outcomes if isinstance(o, Submit)]
    assert [(o.purpose, o.order_type, o.size) for o in submits] == [(Purpose.FLATTEN, OrderType.MARKET, Decimal(1))]
    assert all(o.reduce_only is (o.leg is Leg.NET) for o in submits)  # a leg of Hedge mode needs no word
    return submits
