"""The loop that every host drives: one event in, the record of it, its commands out."""

from collections import deque
from collections.abc import Callable

from engine.core.commands import Command, Outcome, Refused, TradingChanged
from engine.core.events import AnyEvent, OrderFilled
from engine.core.policy import Policy
from engine.core.risk import Limits
from engine.core.state import State, is_known
from engine.core.step import step

_UNSENT = Refused | TradingChanged

type Record = Callable[[int, AnyEvent, tuple[Outcome, ...]], None]  # seq of the event, the event, what followed
type Send = Callable[[Command], None]


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

    def foreseen(self, event: AnyEvent) -> tuple[Outcome, ...]:
        """What would follow from an event that has not happened: nothing is recorded, sent or remembered."""
        return () if self.state is None else step(self.policy, self.limits, self.state, event)[1]

    def _one(self, event: AnyEvent) -> None:
        if isinstance(event, OrderFilled) and self.state is not None and is_known(self.state, event):
            return
        before = 0 if self.state is None else self.state.seq
        self.state, outcomes = step(self.policy, self.limits, self.state, event)
        self._record(before + 1, event, outcomes)
        for outcome in outcomes:
            if not isinstance(outcome, _UNSENT):
                self._send(outcome)
