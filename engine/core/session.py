"""The loop that every host drives: one event in, the record of it, its commands out."""

from collections import deque
from collections.abc import Callable

import msgspec

from engine.core.commands import Command, Outcome, Refused, TradingChanged
from engine.core.events import AnyEvent, OrderFilled, Tick
from engine.core.policy import Policy
from engine.core.risk import Limits
from engine.core.state import State, is_known
from engine.core.step import step

_replace = msgspec.structs.replace
_UNSENT = Refused | TradingChanged

type Record = Callable[[int, AnyEvent, tuple[Outcome, ...]], None]  # seq of the event, the event, what followed
type Send = Callable[[Command], None]
type Followed[S] = tuple[State[S], tuple[Outcome, ...]]  # the state after an event, and what follows from it


class Session[S]:
    """Holds the one state of a run. Commands leave only after `record` has returned.

    A venue may answer while a command is being sent (a simulated one does): such an event waits for its turn. A fill
    that is told twice, by a stream and in answer to a question, is no second fact.
    """

    def __init__(self, policy: Policy[S], limits: Limits, record: Record, send: Send) -> None:
        self.policy, self.limits = policy, limits
        self.state: State[S] | None = None
        self._record, self._send = record, send
        self._waiting: deque[AnyEvent] = deque()
        self._busy = False
        self._foreseen: tuple[State[S], Tick, Followed[S]] | None = None

    def feed(self, event: AnyEvent) -> None:
        if self._busy:
            self._waiting.append(event)
            return
        self._busy = True
        try:
            self._one(event)
            while self._waiting:
                self._one(self._waiting.popleft())
        finally:
            self._busy = False

    def foresee(self, event: AnyEvent) -> tuple[Outcome, ...]:
        """What would follow from an event that has not happened. Nothing is recorded or sent; if it is a tick, and that
        very one comes and nothing before it, what follows is known already."""
        if self.state is None:
            return ()
        followed = step(self.policy, self.limits, self.state, event)
        if isinstance(event, Tick):
            self._foreseen = self.state, event, followed
        return followed[1]

    def _foretold(self, tick: Tick) -> Followed[S] | None:
        """A tick that was foreseen comes at another time (`ts_init`): nothing is decided by that."""
        if self._foreseen is None:
            return None
        before, foreseen, (after, outcomes) = self._foreseen
        as_foreseen = before is self.state and _replace(foreseen, ts_init=tick.ts_init) == tick
        return (_replace(after, tick=tick), outcomes) if as_foreseen else None

    def _one(self, event: AnyEvent) -> None:
        state = self.state
        if isinstance(event, OrderFilled) and state is not None and is_known(state, event):
            return
        foretold = self._foretold(event) if isinstance(event, Tick) else None
        self.state, outcomes = foretold or step(self.policy, self.limits, state, event)
        self._record(1 if state is None else state.seq + 1, event, outcomes)
        for outcome in outcomes:
            if not isinstance(outcome, _UNSENT):
                self._send(outcome)
