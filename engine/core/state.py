"""What the core knows, and the one function in which facts change it."""

from collections.abc import Iterator
from decimal import Decimal, localcontext
from typing import Any, assert_never

import msgspec

from engine.core import ledger as books
from engine.core.commands import Cancel, Outcome, Submit
from engine.core.events import (
    AnyEvent,
    CancelRejected,
    EntryCorrected,
    FundingSettled,
    Halted,
    LeverageConfirmed,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderRejected,
    ParametersChanged,
    Paused,
    PositionModeConfirmed,
    PositionModeFailed,
    Resumed,
    Resynced,
    Started,
    Stopping,
    Tick,
    Transferred,
)
from engine.core.ledger import Ledger
from engine.core.position import FLAT, Position, cost, fold, gained, notional
from engine.core.trading import Guard
from engine.core.types import MONEY, SECOND, ZERO, Action, Instrument, Leg, Nanos, OrderId, PositionMode

_replace = msgspec.structs.replace
RATE_WINDOW_NS = 10 * SECOND  # over which the rate of orders is counted
TRADES_KEPT = 512  # of which it is known that they were counted; a venue tells one again within seconds


class Working(msgspec.Struct, frozen=True, kw_only=True):
    """An order that can still fill: from the moment it is sent until the venue says that it is over."""

    order: Submit
    created_ns: Nanos
    filled: Decimal = ZERO
    accepted: bool = False
    cancel_requested_ns: Nanos | None = None

    @property
    def leaves(self) -> Decimal:
        return self.order.size - self.filled


class State[S](msgspec.Struct, frozen=True, kw_only=True):
    """All that a decision may depend on. `own` is the strategy's part.

    `seq` is the journal's number of the last entry; `now` the time of the latest tick (0 before the first);
    `orders` stand in order of creation; `positions` holds only legs that are not flat. `earlier`: the price
    from before `tick`, if that has none. `trades` are the ids of the latest fills, oldest first (a dict: asking it is
    quick), `funded_ns` and `moved_ns` the venue's times of the latest funding and transfer. `ledger` is kept at cost:
    `valued` tells what it is worth at the price.
    """

    run: str
    instrument: Instrument
    mode: PositionMode
    leverage: int
    reserves_margin: bool
    mode_confirmed: bool
    ledger: Ledger
    own: S
    seq: int = 0
    now: Nanos = 0
    tick: Tick | None = None
    earlier: Decimal | None = None
    orders: tuple[Working, ...] = ()
    positions: dict[Leg, Position] = {}
    stopping: bool = False
    guard: Guard = Guard()
    trades: dict[str, None] = {}
    funded_ns: Nanos = 0
    moved_ns: Nanos = 0

    @property
    def price(self) -> Decimal | None:
        """What positions are valued at: the last mark price, or mid where no mark was known. No idle tick asks."""
        now = None if self.tick is None else self.tick.price
        return self.earlier if now is None else now

    @property
    def may_quote(self) -> bool:
        return not self.guard.holds

    def working(self, order_id: OrderId) -> Working | None:
        for working in self.orders:
            if working.order.id == order_id:
                return working
        return None

    def position(self, leg: Leg) -> Position:
        return self.positions.get(leg, FLAT)


def begun[S](own: S, event: Started) -> State[S]:
    positions = {held.leg: Position(held.size, held.entry) for held in event.positions if held.size != 0}
    with localcontext(MONEY):
        at_cost = sum((cost(event.instrument, position) for position in positions.values()), ZERO)
        ledger = books.opened(event.balance, at_cost)
    return State(
        run=event.run,
        instrument=event.instrument,
        mode=event.mode,
        leverage=event.leverage,
        reserves_margin=event.reserves_margin,
        mode_confirmed=event.mode_confirmed,
        ledger=ledger,
        own=own,
        positions=positions,
    )


def evolve[S](state: State[S], event: AnyEvent) -> State[S]:  # noqa: C901, PLR0912  one arm a fact
    """The state after a fact. Total: a fact about an order that we do not know changes what it can."""
    match event:
        case Tick():
            return ticked(state, event, state.own, state.seq)
        case OrderFilled():
            return state if is_known(state, event) else filled(state, event, state.own, state.seq)
        case OrderAccepted():
            return _with_order(state, event.id, accepted=True)
        case CancelRejected():
            return _with_order(state, event.id, cancel_requested_ns=None)
        case OrderRejected() | OrderCanceled():
            return _replace(state, orders=tuple(w for w in state.orders if w.order.id != event.id))
        case FundingSettled():
            at_ns = max(state.funded_ns, event.ts_event)
            with localcontext(MONEY):
                return _replace(state, ledger=books.funded(state.ledger, event.amount), funded_ns=at_ns)
        case Transferred():
            at_ns = max(state.moved_ns, event.ts_event)
            with localcontext(MONEY):
                return _replace(state, ledger=books.transferred(state.ledger, event.amount), moved_ns=at_ns)
        case EntryCorrected():
            return _with_entry(state, event)
        case PositionModeConfirmed():
            return _replace(state, mode_confirmed=event.mode is state.mode)
        case PositionModeFailed():
            return _replace(state, mode_confirmed=False)
        case LeverageConfirmed():
            return _replace(state, leverage=event.leverage)
        case ParametersChanged() | Paused() | Halted() | Resumed() | Resynced():
            return state  # the strategy's own affair, the guard's, or the reader's
        case Stopping():
            return _replace(state, stopping=True)
        case Started():
            return begun(state.own, event)
        case _:
            assert_never(event)


def ticked[S](state: State[S], tick: Tick, own: S, seq: int) -> State[S]:
    """The state after a tick, which comes by far the most often: all that it changes at once."""
    earlier = state.earlier if tick.is_priced else state.price
    return _replace(state, now=tick.ts_event, tick=tick, earlier=earlier, own=own, seq=seq)


def is_known(state: State[Any], fill: OrderFilled) -> bool:
    """A venue may tell a trade twice, and so does looking it up; it counts once."""
    return fill.trade_id in state.trades


def sent[S](state: State[S], own: S, outcomes: tuple[Outcome, ...], at_ns: Nanos) -> State[S]:
    """The state once these outcomes are journalled: submitted orders work, cancels are on their way. `own`: the
    strategy's part if they are."""
    asked: set[OrderId] = set()
    fresh: list[Working] = []
    for outcome in outcomes:
        if isinstance(outcome, Submit):
            fresh.append(Working(order=outcome, created_ns=at_ns))
        elif isinstance(outcome, Cancel):
            asked.add(outcome.id)
    orders = (*state.orders, *fresh)
    if asked:
        orders = tuple([_replace(w, cancel_requested_ns=at_ns) if w.order.id in asked else w for w in orders])
    guard = _counted(state.guard, len(fresh), at_ns) if fresh else state.guard
    return _replace(state, own=own, orders=orders, seq=state.seq + len(outcomes), guard=guard)


def _counted(guard: Guard, submits: int, at_ns: Nanos) -> Guard:
    since = at_ns - RATE_WINDOW_NS
    recent = (*[ns for ns in guard.sent_ns if ns > since], *[at_ns] * submits)
    return _replace(guard, sent_ns=recent, unfilled=guard.unfilled + submits)


def available(state: State[Any]) -> Decimal:
    """What a new order's margin can be taken from, in the settlement currency."""
    if not (state.reserves_margin and (state.orders or state.positions)):
        return state.ledger.cash
    return state.ledger.cash - (sum(_reserved(state), ZERO) / state.leverage)


def valued(state: State[Any]) -> Ledger:
    """The books with what is held at the state's price. They are kept at cost: no tick has to touch them."""
    if state.price is None:
        return state.ledger
    with localcontext(MONEY):
        return books.revalued(state.ledger, gained(state.instrument, state.positions.values(), state.price))


def equity(state: State[Any]) -> Decimal | None:
    """Cash and what the positions would bring at the mark price, else at mid; None where neither is known."""
    if not state.positions:
        return state.ledger.cash
    return None if anchor(state) is None else valued(state).equity


def anchor(state: State[Any]) -> Decimal | None:
    """The price that a value is told by: the mark price of the latest tick, else its mid."""
    return None if state.tick is None else state.tick.price


def _reserved(state: State[Any]) -> Iterator[Decimal]:
    for working in state.orders:
        if working.order.action is Action.OPEN and working.order.price is not None:
            yield notional(state.instrument, working.leaves, working.order.price)
    for position in state.positions.values():
        if position.entry is not None:
            yield notional(state.instrument, position.size, position.entry)


def filled[S](state: State[S], event: OrderFilled, own: S, seq: int) -> State[S]:
    """The state after a trade that was not counted yet, and what the strategy remembers of it."""
    before = state.position(event.leg)
    position, realised = fold(state.instrument, before, event.side, event.size, event.price)
    positions = {leg: held for leg, held in state.positions.items() if leg is not event.leg}
    if position.size != 0:
        positions[event.leg] = position
    with localcontext(MONEY):
        ledger = books.traded(
            state.ledger,
            cost=cost(state.instrument, position) - cost(state.instrument, before),
            realised=realised,
            fee=event.fee,
            forced=event.liquidation,
        )
    return _replace(
        state,
        ledger=ledger,
        positions=positions if len(positions) == 1 else dict(sorted(positions.items())),
        orders=_after_fill(state.orders, event),
        own=own,
        seq=seq,
        guard=_replace(state.guard, unfilled=0) if state.guard.unfilled else state.guard,
        trades=_counting(state.trades, event.trade_id),
    )


def _with_entry[S](state: State[S], event: EntryCorrected) -> State[S]:
    before = state.position(event.leg)
    if before.size == 0:
        return state
    after = Position(before.size, event.entry)
    with localcontext(MONEY):
        dearer = cost(state.instrument, after) - cost(state.instrument, before)
        ledger = books.traded(state.ledger, cost=dearer, realised=dearer, fee=ZERO)
    return _replace(state, ledger=ledger, positions=state.positions | {event.leg: after})


def _counting(trades: dict[str, None], trade_id: str) -> dict[str, None]:
    after = trades.copy()
    after[trade_id] = None
    if len(after) > TRADES_KEPT:
        del after[next(iter(after))]
    return after


def _after_fill(orders: tuple[Working, ...], event: OrderFilled) -> tuple[Working, ...]:
    after = []
    for working in orders:
        if working.order.id != event.id:
            after.append(working)
        elif working.filled + event.size < working.order.size:
            after.append(_replace(working, filled=working.filled + event.size, accepted=True))
    return tuple(after)


def _with_order[S](state: State[S], order_id: OrderId, **changes: object) -> State[S]:
    orders = tuple(_replace(w, **changes) if w.order.id == order_id else w for w in state.orders)
    return _replace(state, orders=orders)
