"""A live run kept in step with the venue's own word: what a view of the account says becomes facts that are fed.

A view is older than the state by the time it is read. So only what cannot be wrong is taken from it at once: trades,
which have names, fundings and transfers. The rest waits for a view during which nothing else came. An order that was
just sent may still be on its way; what the venue rounded, or a difference that nothing explains, must stand in two.
"""

from collections.abc import Callable, Iterator
from typing import Any

from engine.core.events import AnyEvent, Halted, OrderCanceled, OrderFilled, Resynced
from engine.core.state import State
from engine.core.trading import Trading
from engine.core.types import SECOND, Nanos
from engine.run.reconcile import Reconciled, reconcile
from engine.run.watch import UNANSWERED_NS, Answer, Watch

IN_FLIGHT_NS = 10 * SECOND  # a request is dead after its window of 5 s, and left up to 2 s after its tick's time
SILENT_S = 60.0  # without a word of the venue for as long, nothing is known: its dead man's timer has run out too


class InStep:
    """`begun`: a view has been reconciled since the node came up; before that no order may leave."""

    def __init__(self, watch: Watch, state: Callable[[], State[Any] | None]) -> None:
        self._watch, self._state = watch, state
        self._last: tuple[str, ...] = ()  # what the view before said that must be said twice
        self.begun = False

    @property
    def blind(self) -> bool:
        return not self.begun or self._watch.silent_s > SILENT_S

    def facts(self, now: Nanos) -> Iterator[AnyEvent]:
        """Feed each before asking for the next."""
        answer, state = self._watch.taken(), self._state()
        if state is None:
            return
        if answer is not None:
            yield from self._of(answer, state, now)
        elif _unanswered(state, now) or state.guard.held_by("max_feed_age_ms") is not None:
            self._watch.kick()

    def _of(self, answer: Answer, state: State[Any], now: Nanos) -> Iterator[AnyEvent]:
        found = reconcile(state, answer.view, now)
        quiet = _is_quiet(answer, state)
        missed = (*found.executed, *(_settled(found, answer, state) if quiet else ()))
        yield from missed
        if said := _late(missed, state, now):
            yield Resynced(missed=said, ts_event=now, ts_init=now)
        if not quiet:
            self._watch.kick()
            return
        self._cancel(answer, found)
        yield from self._twice(found, now)
        self._watch.used(answer)
        self.begun = True

    def _cancel(self, answer: Answer, found: Reconciled) -> None:
        """What rests under our name unknown to us."""
        before = () if answer.before is None else answer.before.orders
        known = {w.order.id for w in before}
        for order in (order for order in found.unknown if order.our_id not in known):
            self._watch.cancel(order)

    def _twice(self, found: Reconciled, now: Nanos) -> Iterator[AnyEvent]:
        moved = None if found.moved is None else f"{found.moved.amount}"
        before, self._last = self._last, (*([] if moved is None else [moved]), *found.unexplained)
        if self._last:
            self._watch.kick()
        if found.moved is not None and moved in before:
            yield found.moved
        stands = tuple(each for each in found.unexplained if each in before)
        state = self._state()
        if stands and state is not None and state.guard.trading is not Trading.HALT:
            yield Halted(reason=f"the venue differs: {'; '.join(stands)}", ts_event=now, ts_init=now)


def _settled(found: Reconciled, answer: Answer, state: State[Any]) -> Iterator[AnyEvent]:
    """What became of orders that cannot be on their way any more."""
    created = {w.order.id: w.created_ns for w in state.orders}
    for ended in found.ended:
        if created[ended.id] <= answer.asked_ns - IN_FLIGHT_NS or not isinstance(ended, OrderCanceled):
            yield ended


def _late(facts: tuple[AnyEvent, ...], state: State[Any], now: Nanos) -> str:
    """What a stream that works would have told by now: of the fills those of our own orders that are not just made."""
    made = [f for f in facts if isinstance(f, OrderFilled) and f.id.startswith(f"{state.run[:12]}-")]
    fills = sum(now - fill.ts_event > UNANSWERED_NS for fill in made)
    ends = sum(isinstance(f, OrderCanceled) for f in facts)
    return ", ".join(f"{what}: {count}" for count, what in ((fills, "fills"), (ends, "ends of orders")) if count)


def _is_quiet(answer: Answer, state: State[Any]) -> bool:
    """Nothing was executed, as far as we know, while the venue was asked."""
    before = answer.before
    return before is not None and _executed(before) == _executed(state)


def _executed(state: State[Any]) -> tuple[Any, ...]:
    return state.trades, state.funded_ns, state.moved_ns


def _unanswered(state: State[Any], now: Nanos) -> bool:
    late = now - UNANSWERED_NS
    return any(
        (not w.accepted and w.created_ns < late) or (w.cancel_requested_ns is not None and w.cancel_requested_ns < late)
        for w in state.orders
    )
