"""What was foreseen is what follows: a session that goes through ticks and fills before they come does what another
does."""

from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import pytest

from engine.core.commands import Outcome, Wish
from engine.core.events import AnyEvent, OrderFilled, Tick
from engine.core.policy import Policy
from engine.core.session import Session
from engine.core.state import State
from engine.run.scenario import UNLIMITED
from engine.run.scenario_files import Behaviour
from tests.support.builders import a_fill
from tests.support.stories import Outlet, Story, a_story, parts

_replace = msgspec.structs.replace
STORIES = [("safe", 1), ("safe", 15), ("safe", 28), ("classic", 26), ("head", 9)]
LATE_NS = 1_500_000  # at most, a tick


class Counted:
    """A policy that counts how often it is asked."""

    def __init__(self, policy: Policy[Any]) -> None:
        self.policy, self.asked = policy, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.policy, name)

    def decide(self, state: State[Any], event: AnyEvent) -> tuple[Any, tuple[Wish, ...]]:
        self.asked += 1
        return self.policy.decide(state, event)


class Foreseeing(Session[Any]):
    """Before each tick it foresees that one, or another, or a fill, or nothing. `known`: ticks that it had foreseen."""

    known = 0

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.random = Random(7)

    def feed(self, event: AnyEvent) -> None:
        if isinstance(event, Tick) and self.state is not None:
            for imagined in self._imagined(event, self.state):
                self.foresee(imagined)
        policy: Any = self.policy
        before = policy.asked
        super().feed(event)
        self.known += isinstance(event, Tick) and policy.asked == before

    def _imagined(self, tick: Tick, state: State[Any]) -> Iterator[AnyEvent]:
        kind = self.random.randrange(5)
        if kind == 1 and tick.top.bid is not None:
            yield _replace(tick, ts_init=tick.ts_event, top=_replace(tick.top, bid=tick.top.bid - Decimal("0.1")))
        elif kind > 1:
            yield _replace(tick, ts_init=tick.ts_event)
        for working in state.orders[:kind]:
            order = working.order
            price = str(order.price or tick.top.bid)
            yield a_fill(order.id, side=order.side, size=str(order.size), price=price, leg=order.leg)


class Careless(Foreseeing):
    """Takes what it foresaw for whichever tick comes."""

    def _foretold(self, tick: Tick) -> Any:
        return None if self._foreseen is None else self._foreseen[2]


def lived(story: Story, kind: type[Session[Any]]) -> tuple[list[Any], Session[Any]]:
    """All that was recorded, and the state after each of it."""
    lateness, rows = Random(3), list[Any]()

    def record(seq: int, event: AnyEvent, outcomes: tuple[Outcome, ...]) -> None:
        rows.append((seq, event, outcomes, session.state))

    policy = Counted(parts(story)[1])
    outlet = Outlet(parts(story)[0], "x" * 64)
    session = kind(policy, UNLIMITED, record, outlet.send)

    def tell(event: AnyEvent) -> None:
        late = lateness.randrange(LATE_NS) if isinstance(event, Tick) else 0
        session.feed(_replace(event, ts_init=event.ts_init + late))

    outlet.tell = tell
    outlet.play_all(story.tape, session)
    return rows, session


@pytest.mark.parametrize(("version", "seed"), STORIES)
def test_whoever_foresees_does_the_same(version: Behaviour, seed: int) -> None:
    story = a_story(seed, 200, version)
    foreseeing, session = lived(story, Foreseeing)
    assert foreseeing == lived(story, Session)[0]
    ticks = sum(isinstance(event, Tick) for _, event, *_ in foreseeing)
    assert isinstance(session, Foreseeing)
    assert ticks / 3 < session.known < ticks


def test_taking_what_was_foreseen_for_any_tick_is_found_out() -> None:
    story = a_story(1, 200, "safe")
    assert lived(story, Careless)[0] != lived(story, Session)[0]


def test_stories_have_fills() -> None:
    rows, _ = lived(a_story(1, 200, "safe"), Session)
    assert any(isinstance(event, OrderFilled) for _, event, *_ in rows)
