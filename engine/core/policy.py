"""What a strategy is to the core: a fold of facts and a decision, both pure."""

from decimal import Decimal
from typing import Protocol

from engine.core.commands import Wish
from engine.core.events import AnyEvent, Started
from engine.core.state import State
from engine.core.types import Side


class Policy[S](Protocol):
    def initial(self, event: Started) -> S:
        """The strategy's state before anything happened."""
        ...

    def evolve(self, before: State[S], event: AnyEvent) -> S:
        """The strategy's state after a fact; `before` is all that was known when it arrived."""
        ...

    def decide(self, state: State[S], event: AnyEvent) -> tuple[S, tuple[Wish, ...]]:
        """What to do now that `event` is in `state`, and the strategy's state if that is done."""
        ...

    def depth_queries(self, state: State[S]) -> tuple[tuple[Side, Decimal], ...]:
        """(side of the book, cumulative size) whose covering price the next tick has to carry. Mostly empty."""
        ...

    @property
    def needs_depth(self) -> bool:
        """Whether it may ever ask for more of the book than its top: a host that knows it need not keep one."""
        ...
