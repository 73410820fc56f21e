"""What is explained is what happens next: on stories with every parameter, after every tick."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from engine.core.commands import Submit
from engine.core.events import Tick
from engine.core.policy import Policy
from engine.core.state import State
from engine.core.step import step
from engine.core.types import SECOND, Action, Purpose, Side
from engine.run.scenario import UNLIMITED
from engine.run.scenario_files import Behaviour
from strategies.perpetual_market_making.explain import NEXT_TICK, NOT_POSITIVE, Explained, explain
from tests.support.little_venue import LittleVenue, quoting, submits
from tests.support.stories import a_story, parts, played

STORIES = [(version, seed) for version in ("safe", "classic", "head") for seed in range(8)]


def states(policy: Policy[Any], seed: int, version: Behaviour) -> Iterator[State[Any]]:
    """After every event of a story."""
    venue_log = played(a_story(seed, 200, version), lambda *_: None, "x" * 64).log
    state: State[Any] | None = None
    for event in venue_log:
        state, _ = step(policy, UNLIMITED, state, event)
        yield state


def later(tick: Tick, seconds: int = 1) -> Tick:
    """The same market again."""
    at = tick.ts_event + seconds * SECOND
    return msgspec.structs.replace(tick, ts_event=at, ts_init=at)


def sides_quoted(outcomes: tuple[Any, ...]) -> set[Side]:
    return {o.side for o in outcomes if isinstance(o, Submit) and o.purpose is Purpose.QUOTE}


@pytest.mark.parametrize(("version", "seed"), STORIES)
def test_a_side_without_quote_is_quoted_on_the_next_tick_only_if_it_is_said(version: Behaviour, seed: int) -> None:
    policy: Any = parts(a_story(seed, 200, version))[1]
    for state in states(policy, seed, version):
        said = explain(policy.parameters, state)
        if state.tick is None or (said.no_bid is None and said.no_ask is None):
            continue
        if state.own.cancels_at_once and any(w.cancel_requested_ns is not None for w in state.orders):
            continue  # here the answer comes before any tick can
        quoted = sides_quoted(step(policy, UNLIMITED, state, later(state.tick))[1])
        for side, why in ((Side.BUY, said.no_bid), (Side.SELL, said.no_ask)):
            if why == NEXT_TICK:
                assert side in quoted, f"{why}, but nothing was sent"
            elif why is not None and "paused until" not in why:
                assert side not in quoted, f"{why}, and yet it was quoted"


@pytest.mark.parametrize(("version", "seed"), STORIES)
def test_every_side_and_leg_has_an_order_or_a_reason(version: Behaviour, seed: int) -> None:
    policy: Any = parts(a_story(seed, 200, version))[1]
    for state in states(policy, seed, version):
        said: Explained = explain(policy.parameters, state)
        for side, why in ((Side.BUY, said.no_bid), (Side.SELL, said.no_ask)):
            rests = any(w.order.side is side and w.order.action is Action.OPEN for w in state.orders)
            assert rests == (why is None)
        for leg in said.legs:
            assert bool(leg.exits) == (leg.no_exit is None)
        assert {leg.leg for leg in said.legs} == set(state.positions) or state.tick is None


def test_a_breached_stop_says_so_and_goes_with_the_next_tick() -> None:
    found = 0
    for version, seed in STORIES[:8]:
        policy: Any = parts(a_story(seed, 200, version))[1]  # type: ignore[arg-type]
        for state in states(policy, seed, version):  # type: ignore[arg-type]
            legs = explain(policy.parameters, state).legs
            if state.tick is None or not legs or legs[0].no_exit != "the stop is reached: it goes with the next tick":
                continue
            found += 1
            sent = step(policy, UNLIMITED, state, later(state.tick))[1]
            assert any(isinstance(o, Submit) and o.purpose is Purpose.STOP for o in sent)
    assert found


def test_no_state_is_too_early_to_explain() -> None:
    policy: Any = parts(a_story(1))[1]
    first = next(states(policy, 1, "safe"))
    said = explain(policy.parameters, first)
    assert said.no_bid == said.no_ask == "there was no tick yet"
    assert said.legs == ()


@pytest.mark.parametrize(
    "changes", [{"order_override": {"low": ["buy", "99.999", 1]}}, {"bid_spread": "99.999", "price_floor": 2000}]
)
def test_a_buy_that_would_cost_nothing_is_left_out_and_that_is_said(changes: dict[str, Any]) -> None:
    parameters = quoting(**changes)
    venue = LittleVenue(parameters)
    assert not submits(venue.tick(Decimal(1000), Decimal("1000.1")))
    assert explain(parameters, venue.state).no_bid == NOT_POSITIVE
