"""The one step that a backtest, a paper run, a live run and a replay have in common."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from engine.core.commands import Cancel, Draft, Outcome, Submit, Wish
from engine.core.errors import BrokenInvariantError
from engine.core.events import AnyEvent, Started, Stopping
from engine.core.guard import pulled, watched
from engine.core.policy import Policy
from engine.core.risk import Limits, refusals
from engine.core.state import State, begun, evolve, sent
from engine.core.trading import Trading
from engine.core.types import SECOND, OrderId, leg_of

CANCEL_RETRY_NS = 60 * SECOND


def step[S](
    policy: Policy[S], limits: Limits, state: State[S] | None, event: AnyEvent
) -> tuple[State[S], tuple[Outcome, ...]]:
    """Fold one event in and say what follows from it: commands to send and refusals to note, in this order."""
    after = _folded(policy, state, event)
    guard, changed = watched(limits, after, event)
    after = msgspec.structs.replace(after, seq=after.seq + 1, guard=guard)
    after, wishes = _decided(policy, after, event)
    if not wishes and not changed:
        return after, ()
    outcomes = (*changed, *_outcomes(limits, after, wishes, at_ns=event.ts_init))
    return sent(after, outcomes, event.ts_init), outcomes


def _decided[S](policy: Policy[S], state: State[S], event: AnyEvent) -> tuple[State[S], tuple[Wish, ...]]:
    """What the strategy wants. Held back, the run first pulls what may not rest; halted, the strategy is not asked."""
    if isinstance(event, Stopping):
        return state, tuple(Cancel(w.order.id, "stopping") for w in state.orders)
    if state.stopping:
        return state, ()
    if not state.guard.holds:
        own, wishes = policy.decide(state, event)
        return state if own is state.own else msgspec.structs.replace(state, own=own), wishes
    if state.guard.trading is Trading.HALT:
        return state, tuple(pulled(state, event))
    own, wishes = policy.decide(state, event)
    return msgspec.structs.replace(state, own=own), (*wishes, *_besides(pulled(state, event), wishes))


def order_id(run: str, seq: int, n: int) -> OrderId:
    """The same manifest, the same entry, the same id: a replay can be compared line by line."""
    return f"{run[:12]}-{seq}-{n}"


def _folded[S](policy: Policy[S], state: State[S] | None, event: AnyEvent) -> State[S]:
    if isinstance(event, Started):
        return begun(policy.initial(event), event)
    if state is None:
        raise BrokenInvariantError(f"the first event must be Started, not {event}")
    own = policy.evolve(state, event)
    after = evolve(state, event)
    return after if own is state.own else msgspec.structs.replace(after, own=own)


def _outcomes(limits: Limits, state: State[Any], wishes: Iterable[Wish], *, at_ns: int) -> Iterator[Outcome]:
    """The place of a wish among all that were decided names its order: a policy can cancel what it just sent."""
    said = tuple(_worth_saying(state, wishes, at_ns))
    drafts = ((order_id(state.run, state.seq, n), wish) for n, wish in said if isinstance(wish, Draft))
    verdicts = iter(refusals(limits, state, drafts))
    refused: set[OrderId] = set()
    for n, wish in said:
        if isinstance(wish, Draft):
            verdict = next(verdicts)
            if verdict is not None:
                refused.add(order_id(state.run, state.seq, n))
            yield verdict or _submit(state, wish, n)
        elif not (isinstance(wish, Cancel) and wish.id in refused):
            yield wish


def _besides(pulled_back: Iterable[Wish], wishes: Iterable[Wish]) -> Iterator[Wish]:
    """Behind the strategy's, whose drafts are named by their place."""
    asked = {wish.id for wish in wishes if isinstance(wish, Cancel)}
    return (wish for wish in pulled_back if not (isinstance(wish, Cancel) and wish.id in asked))


def _worth_saying(state: State[Any], wishes: Iterable[Wish], at_ns: int) -> Iterator[tuple[int, Wish]]:
    """A cancel is asked once, and again only when 60 s brought no answer."""
    fresh: set[OrderId] = set()
    for n, wish in enumerate(wishes):
        if isinstance(wish, Draft):
            fresh.add(order_id(state.run, state.seq, n))
        elif isinstance(wish, Cancel) and wish.id not in fresh:
            working = state.working(wish.id)
            asked = working.cancel_requested_ns if working else None
            if working is None or (asked is not None and at_ns - asked <= CANCEL_RETRY_NS):
                continue
        yield n, wish


def _submit(state: State[Any], draft: Draft, n: int) -> Submit:
    return Submit(
        id=order_id(state.run, state.seq, n),
        side=draft.side,
        size=draft.size,
        price=draft.price,
        order_type=draft.type,
        action=draft.action,
        leg=leg_of(state.mode, draft.side, draft.action),
        purpose=draft.purpose,
        level=draft.level,
        reduce_only=draft.reduce_only,
        post_only=draft.post_only,
    )
