"""What the venue says against what we know: the facts that we have missed, and the orders that we do not know.

Pure. The venue's view is taken whole by `engine.venue_api.binance`; every fact found here is fed to the run as if it
had just arrived, so that a replay sees it too.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

from engine.core.events import (
    AnyEvent,
    EntryCorrected,
    FundingSettled,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    Transferred,
)
from engine.core.state import State, evolve
from engine.core.types import ZERO, Leg, Nanos, PositionMode
from engine.venue_api.account import OpenOrder, View

CASH_TOLERANCE = Decimal("1e-6")  # the venue rounds each booking
MOVED = "rounded by the venue"
ROUNDED = Decimal("0.01")  # units of the settlement currency at most: averages of many fills have no end
FORCED = ("autoclose-", "adl_autoclose")  # begin the names that Binance gives to orders of a liquidation
FOREIGN = "foreign-"  # begins the id of an order that is not ours, in the fills that moved our position all the same


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be fed: `executed` are fills, fundings and transfers that were missed, and the entries that are others
    because some of them come late; `ended` what became of our orders, `moved` what the venue rounded. `unknown` are
    orders under our name that the run did not send or holds for over: they are to be cancelled. `unexplained` says what
    still differs; a run must not go on with it."""

    executed: tuple[AnyEvent, ...]
    ended: tuple[OrderAccepted | OrderCanceled, ...]
    moved: Transferred | None
    unknown: tuple[OpenOrder, ...]
    unexplained: tuple[str, ...]

    @property
    def events(self) -> tuple[AnyEvent, ...]:
        """All of it, in the order in which it is to be fed."""
        return (*self.executed, *self.ended, *(() if self.moved is None else (self.moved,)))


def reconcile(state: State[Any], view: View, now: Nanos) -> Reconciled:
    """`view` reaches back at least to the last fact that the run has. Fills that it knows are not told again."""
    executed: list[AnyEvent] = [*_fills(state, view, now), *_fundings(state, view, now), *_moves(state, view, now)]
    executed += _corrected(_folded(state, executed), view, now)
    after = _folded(state, executed)
    moved = view.balance - after.ledger.cash
    rounded = CASH_TOLERANCE < abs(moved) <= ROUNDED
    known = {working.order.id for working in state.orders}
    return Reconciled(
        executed=tuple(executed),
        ended=(*_ended(after, view, now), *_accepted(after, view, now)),
        moved=Transferred(amount=moved, reason=MOVED, ts_event=after.moved_ns, ts_init=now) if rounded else None,
        unknown=tuple(order for order in view.orders if _ours(order, state) and order.our_id not in known),
        unexplained=(*_differences(after, view), *_of_cash(after, moved)),
    )


def leg_of_word(word: str, mode: PositionMode) -> Leg:
    """Binance's positionSide."""
    return Leg.NET if mode is PositionMode.ONE_WAY else Leg(word)


def _ours(order: OpenOrder, state: State[Any]) -> bool:
    return order.our_id.startswith(f"{state.run[:12]}-")


def _fills(state: State[Any], view: View, now: Nanos) -> Iterator[OrderFilled]:
    for trade in sorted(view.trades, key=lambda each: (each.at_ns, each.id)):
        if str(trade.id) not in state.trades:
            name = view.names.get(trade.order_id, f"{FOREIGN}{trade.order_id}")
            yield OrderFilled(
                id=name,
                trade_id=str(trade.id),
                side=trade.side,
                leg=leg_of_word(trade.position_side, state.mode),
                price=trade.price,
                size=trade.size,
                fee=trade.fee,
                maker=trade.maker,
                liquidation=name.startswith(FORCED),
                ts_event=trade.at_ns,
                ts_init=now,
            )


def _fundings(state: State[Any], view: View, now: Nanos) -> Iterator[FundingSettled]:
    """The venue names no leg: it is booked on the one that is held, the long one where both are."""
    legs = tuple(state.positions) or ((Leg.NET,) if state.mode is PositionMode.ONE_WAY else (Leg.LONG,))
    for funding in view.fundings:
        if funding.at_ns > state.funded_ns:
            yield FundingSettled(leg=legs[0], amount=funding.amount, ts_event=funding.at_ns, ts_init=now)


def _moves(state: State[Any], view: View, now: Nanos) -> Iterator[Transferred]:
    for moved in view.moves:
        if moved.at_ns > state.moved_ns:
            yield Transferred(amount=moved.amount, reason=moved.kind, ts_event=moved.at_ns, ts_init=now)


def _corrected(state: State[Any], view: View, now: Nanos) -> tuple[EntryCorrected, ...]:
    """The venue's entries, where they alone account for its cash: a trade was heard of after a later one."""
    entries = tuple(
        EntryCorrected(leg=leg, entry=held.entry, ts_event=view.at_ns, ts_init=now)
        for held in view.holdings
        if (leg := leg_of_word(held.position_side, state.mode)) in state.positions
        and state.position(leg).size == held.size
        and state.position(leg).entry != held.entry
    )
    apart, then = (view.balance - each.ledger.cash for each in (state, _folded(state, entries)))
    return entries if abs(apart) > ROUNDED >= abs(then) else ()


def _of_cash(state: State[Any], moved: Decimal) -> Iterator[str]:
    """What neither a trade, a funding nor a transfer accounts for is a fault of somebody's books."""
    if abs(moved) > ROUNDED:
        yield f"cash: {state.ledger.cash} here, {state.ledger.cash + moved} at the venue"


def _ended(state: State[Any], view: View, now: Nanos) -> Iterator[OrderCanceled]:
    resting = {order.our_id for order in view.orders}
    for working in state.orders:
        if working.order.id not in resting:
            reason = "rests no longer at the venue" if working.accepted else "never arrived at the venue"
            yield OrderCanceled(id=working.order.id, reason=reason, ts_event=now, ts_init=now)


def _accepted(state: State[Any], view: View, now: Nanos) -> Iterator[OrderAccepted]:
    resting = {order.our_id: order for order in view.orders}
    for working in state.orders:
        order = resting.get(working.order.id)
        if order is not None and not working.accepted:
            yield OrderAccepted(id=working.order.id, venue_id=str(order.venue_id), ts_event=now, ts_init=now)


def _folded(state: State[Any], events: Iterable[AnyEvent]) -> State[Any]:
    for event in events:
        state = evolve(state, event)
    return state


def _differences(state: State[Any], view: View) -> Iterator[str]:
    theirs: dict[Leg, Decimal] = {}
    for held in view.holdings:
        leg = leg_of_word(held.position_side, state.mode)
        theirs[leg] = theirs.get(leg, ZERO) + held.size
    for leg in sorted({*state.positions, *theirs}):
        ours = state.position(leg).size
        if ours != theirs.get(leg, ZERO):
            yield f"position {leg.value}: {ours} here, {theirs.get(leg, ZERO)} at the venue"
    left = {order.our_id: order.leaves for order in view.orders}
    for working in state.orders:
        if working.leaves != left.get(working.order.id, working.leaves):
            yield f"order {working.order.id}: {working.leaves} left here, {left[working.order.id]} at the venue"
