"""The one step that a backtest, a paper run, a live run and a replay have in common."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from engine.core.checks import Asked
from engine.core.commands import Cancel, Draft, Outcome, Refused, Wish, submitted
from engine.core.errors import BrokenInvariantError
from engine.core.events import AnyEvent, OrderFilled, Started, Stopping, Tick
from engine.core.guard import pulled, watched
from engine.core.policy import Policy
from engine.core.risk import Limits, refusal
from engine.core.state import State, begun, evolve, filled, is_known, sent, ticked
from engine.core.trading import Trading
from engine.core.types import SECOND, OrderId

_replace = msgspec.structs.replace
CANCEL_RETRY_NS = 60 * SECOND


def step[S](
    policy: Policy[S], limits: Limits, state: State[S] | None, event: AnyEvent
) -> tuple[State[S], tuple[Outcome, ...]]:
    """Fold one event in and say what follows from it: commands to send and refusals to note, in this order."""
    after = _folded(policy, state, event)
    guard, changed = watched(limits, after, event)
    if guard is not after.guard:
        after = _replace(after, guard=guard)
    own, wishes = _decided(policy, after, event)
    if not wishes and not changed:
        return after if own is after.own else _replace(after, own=own), ()
    outcomes = (*changed, *_outcomes(limits, after, wishes, event.at_ns)) if wishes else changed
    return sent(after, own, outcomes, event.at_ns), outcomes


def _decided[S](policy: Policy[S], state: State[S], event: AnyEvent) -> tuple[S, tuple[Wish, ...]]:
    """What the strategy wants. Held back, the run first pulls what may not rest; halted, the strategy is not asked."""
    if state.stopping:
        pulled_now = state.orders if isinstance(event, Stopping) else ()
        return state.own, tuple(Cancel(w.order.id, "stopping") for w in pulled_now)
    if not state.guard.holds:
        return policy.decide(state, event)
    if state.guard.trading is Trading.HALT:
        return state.own, tuple(pulled(state, event))
    own, wishes = policy.decide(state, event)
    return own, (*wishes, *_besides(pulled(state, event), wishes))


def order_id(run: str, seq: int, n: int) -> OrderId:
    """The same manifest, the same entry, the same id: a replay can be compared line by line."""
    return f"{_first_part(run, seq)}{n}"


def _first_part(run: str, seq: int) -> str:
    return f"{run[:12]}-{seq}-"


def _folded[S](policy: Policy[S], state: State[S] | None, event: AnyEvent) -> State[S]:
    """The event is one entry of the journal, and what follows from it more."""
    if state is None or isinstance(event, Started):
        return _begun(policy, event)
    seq = state.seq + 1
    if isinstance(event, Tick):
        return ticked(state, event, policy.evolve(state, event), seq)
    if isinstance(event, OrderFilled):
        if is_known(state, event):
            return _replace(state, seq=seq)
        return filled(state, event, policy.evolve(state, event), seq)
    return _replace(evolve(state, event), own=policy.evolve(state, event), seq=seq)


def _begun[S](policy: Policy[S], event: AnyEvent) -> State[S]:
    if not isinstance(event, Started):
        raise BrokenInvariantError(f"the first event must be Started, not {event}")
    return _replace(begun(policy.initial(event), event), seq=1)


def _outcomes(limits: Limits, state: State[Any], wishes: Iterable[Wish], at_ns: int) -> list[Outcome]:
    """The place of a wish among all that were decided names its order: a policy can cancel what it just sent."""
    asked, first_part = Asked(state), _first_part(state.run, state.seq)
    outcomes: list[Outcome] = []
    for n, wish in enumerate(wishes):
        if isinstance(wish, Draft):
            order = submitted(wish, f"{first_part}{n}", state.mode)
            why_not = refusal(limits, asked, order)
            outcomes.append(order if why_not is None else Refused(wish, *why_not))
        elif not isinstance(wish, Cancel) or _worth_asking(asked, wish, at_ns):
            outcomes.append(wish)
    return outcomes


def _besides(pulled_back: Iterable[Wish], wishes: Iterable[Wish]) -> Iterator[Wish]:
    """Behind the strategy's, whose drafts are named by their place."""
    asked = {wish.id for wish in wishes if isinstance(wish, Cancel)}
    return (wish for wish in pulled_back if not (isinstance(wish, Cancel) and wish.id in asked))


def _worth_asking(asked: Asked, cancel: Cancel, at_ns: int) -> bool:
    """A cancel is asked once, and again only when 60 s brought no answer."""
    working = asked.state.working(cancel.id)
    if working is None:
        return cancel.id in asked.ids  # it was just sent
    asked_ns = working.cancel_requested_ns
    return asked_ns is None or at_ns - asked_ns > CANCEL_RETRY_NS
