"""No decision depends on what comes after it: all later data is scrambled, and everything before stays as it was."""

from collections.abc import Iterable
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import pytest

from engine.core.commands import Outcome, Wish
from engine.core.events import AnyEvent
from engine.core.policy import Policy
from engine.core.session import Session
from engine.core.state import State
from engine.core.types import SECOND
from engine.journal.entry import encode
from engine.run.scenario import UNLIMITED
from engine.run.scenario_files import Behaviour
from engine.simulation.scenario_tape import Line
from tests.support.stories import Outlet, Story, a_story, parts

STORIES = [("safe", 1), ("safe", 15), ("safe", 28), ("classic", 26), ("classic", 38), ("head", 9), ("head", 25)]
CUTS = 6

type Decision = tuple[int, bytes]


def scrambled(tape: tuple[Line, ...], after: int, random: Random) -> tuple[Line, ...]:
    """Lines later than `after` get the books and trades of others, moved up or down."""
    rest = [line for line in tape if line.t > after]
    books = random.sample(rest, len(rest))
    moved = (
        msgspec.structs.replace(book, t=line.t, **_moved(book, Decimal(random.choice([-3, -1, 2, 4]))))
        for line, book in zip(rest, books, strict=True)
    )
    return (*(line for line in tape if line.t <= after), *moved)


def _moved(line: Line, by: Decimal) -> dict[str, Any]:
    return {
        "bids": tuple((price + by, size) for price, size in line.bids),
        "asks": tuple((price + by, size) for price, size in line.asks),
        "trades": tuple((price + by, *rest) for price, *rest in line.trades),
    }


def decisions(story: Story, policy: Policy[Any]) -> list[Decision]:
    """(time, JSON) of all that was decided, in order."""
    made: list[Decision] = []

    def record(_seq: int, event: AnyEvent, outcomes: tuple[Outcome, ...]) -> None:
        made.extend((event.ts_init, encode(outcome)) for outcome in outcomes)

    outlet = Outlet(parts(story)[0], "x" * 64)
    session = Session(policy, UNLIMITED, record, outlet.send)
    outlet.tell = session.feed
    outlet.play_all(story.tape, session)
    return made


def until(made: Iterable[Decision], second: int) -> list[Decision]:
    return [each for each in made if each[0] <= second * SECOND]


class Peeking:
    """The strategy, but it knows the tape: when the market will be lower in five seconds it does nothing."""

    def __init__(self, policy: Policy[Any], tape: tuple[Line, ...]) -> None:
        self.policy, self.bids = policy, {line.t: line.bids[0][0] for line in tape if line.bids}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.policy, name)

    def decide(self, state: State[Any], event: AnyEvent) -> tuple[Any, tuple[Wish, ...]]:
        own, wishes = self.policy.decide(state, event)
        now = state.now // SECOND
        if now + 5 in self.bids and now in self.bids and self.bids[now + 5] < self.bids[now]:
            return state.own, ()
        return own, wishes


def holds(story: Story, seed: str, *, peeks: bool) -> None:
    """Raises AssertionError at the first decision that what came later has changed."""
    random = Random(seed)

    def of(tape: tuple[Line, ...]) -> list[Decision]:
        policy: Any = parts(story)[1]
        return decisions(story._replace(tape=tape), Peeking(policy, tape) if peeks else policy)

    whole = of(story.tape)
    changed = False
    for _ in range(CUTS):
        after = random.choice(story.tape[20:-20]).t
        other = of(scrambled(story.tape, after, random))
        assert until(other, after) == until(whole, after), f"what came after second {after} was known before it"
        changed |= other != whole
    assert changed, "the scrambled data changed nothing: this shows nothing"


@pytest.mark.parametrize(("version", "seed"), STORIES)
def test_what_comes_later_changes_no_decision(version: Behaviour, seed: int) -> None:
    holds(a_story(seed, 200, version), f"{version}-{seed}", peeks=False)


@pytest.mark.parametrize(("version", "seed"), STORIES)
def test_a_strategy_that_peeks_is_found_out(version: Behaviour, seed: int) -> None:
    with pytest.raises(AssertionError, match="was known before it"):
        holds(a_story(seed, 200, version), f"{version}-{seed}", peeks=True)
