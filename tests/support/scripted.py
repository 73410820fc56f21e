"""A policy that does what it is told, and a session that remembers what happened."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from engine.core.commands import Outcome, Wish
from engine.core.events import AnyEvent, Started, Tick
from engine.core.risk import Limits
from engine.core.session import Send, Session
from engine.core.state import State
from engine.core.types import SECOND, Side

type Decide = Callable[[State[int], AnyEvent], tuple[Wish, ...]]


class Scripted:
    """`script` gives the wishes of the n-th tick (from 0), as values or as a function of the state. Its own state is
    the number of ticks seen; `queries` are asked for depth on every tick."""

    def __init__(self, script: Mapping[int, tuple[Wish, ...] | Decide] | Decide, queries: tuple[Any, ...] = ()) -> None:
        self._script, self._queries = script, queries

    def initial(self, event: Started) -> int:
        return 0

    def evolve(self, before: State[int], event: AnyEvent) -> int:
        return before.own + 1 if isinstance(event, Tick) else before.own

    def decide(self, state: State[int], event: AnyEvent) -> tuple[int, tuple[Wish, ...]]:
        if callable(self._script):
            return state.own, self._script(state, event)
        if not isinstance(event, Tick):
            return state.own, ()
        wishes = self._script.get(state.own - 1, ())
        return state.own, wishes(state, event) if callable(wishes) else wishes

    def depth_queries(self, state: State[int]) -> tuple[Any, ...]:
        return self._queries


class Says:
    """Wants on each tick what it is told to."""

    needs_depth = False

    def __init__(self) -> None:
        self.wishes: tuple[Wish, ...] = ()

    def initial(self, event: Started) -> None:
        return None

    def evolve(self, before: State[None], event: AnyEvent) -> None:
        return None

    def decide(self, state: State[None], event: AnyEvent) -> tuple[None, tuple[Wish, ...]]:
        return None, self.wishes if isinstance(event, Tick) else ()

    def depth_queries(self, state: State[None]) -> tuple[tuple[Side, Decimal], ...]:
        return ()


class Told(msgspec.Struct):
    """What a session was fed and what followed, in order."""

    entries: list[tuple[int, AnyEvent, tuple[Outcome, ...]]] = []
    session: Session[int] | None = None

    def of[E](self, kind: type[E]) -> list[E]:
        return [event for _, event, _ in self.entries if isinstance(event, kind)]

    def seconds(self, event: AnyEvent, start_ns: int) -> float:
        return (event.ts_event - start_ns) / SECOND

    def session_of(self, policy: Scripted, limits: Limits | None = None) -> Callable[[Send], Session[int]]:
        def build(send: Send) -> Session[int]:
            self.session = Session(policy, limits or Limits(), lambda *entry: self.entries.append(entry), send)
            return self.session

        return build

    @property
    def state(self) -> State[int]:
        assert self.session is not None
        assert self.session.state is not None
        return self.session.state
