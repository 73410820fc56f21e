"""Limits on the run as a whole: when one is broken the run trades less, until a rule or the user lets go of it."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from engine.core.commands import Cancel, Draft, TradingChanged, Wish
from engine.core.events import AnyEvent, CancelRejected, Halted, Paused, Resumed, Tick, Transferred
from engine.core.risk import Limits
from engine.core.state import State, equity
from engine.core.trading import Guard, Hold, Trading
from engine.core.types import SECOND, Action, Leg, Nanos, OrderType, Purpose, Side

_replace = msgspec.structs.replace
USER = "user"
MS = 1_000_000
DAY_NS = 86_400 * SECOND


class Watch(NamedTuple):
    """`broken` says why, given the limit and a state at a tick. `over`: whether the reason of a hold is gone, given
    whether the limit is still broken; where it never is, only the user lifts it."""

    broken: Callable[[Any, State[Any]], str | None]
    trading: Trading
    over: Callable[[Hold, State[Any], bool], bool]


def watched(limits: Limits, state: State[Any], event: AnyEvent) -> tuple[Guard, tuple[TradingChanged, ...]]:
    """The guard after an event that is in `state` already, and what changed in it."""
    guard = state.guard
    match event:
        case Tick():
            if not limits.of_the_run:
                return guard, ()
            after = _at_tick(limits, state)
        case Paused(reason=reason):
            after = _with_user(guard, Hold(USER, Trading.REDUCE, reason, event.ts_init))
        case Halted(reason=reason, flatten=flatten):
            after = _replace(_with_user(guard, Hold(USER, Trading.HALT, reason, event.ts_init)), flatten=flatten)
        case Transferred(amount=amount):
            after = _moved(guard, amount)
        case Resumed():
            after = Guard(sent_ns=guard.sent_ns)  # loss and drawdown count anew from here
        case _:
            return guard, ()
    return after, tuple(_changes(guard, after, event)) if after.holds != guard.holds else ()


def pulled(state: State[Any], event: AnyEvent) -> Iterator[Wish]:
    """What a run that is held back does about what rests, and with `flatten` about its positions. A cancel that the
    venue would not do is asked for again at the next tick, not in answer to the answer."""
    trading = state.guard.trading
    for working in state.orders if trading is not Trading.RUN and not isinstance(event, CancelRejected) else ():
        order = working.order
        if order.action is Action.OPEN or (trading is Trading.HALT and order.purpose is not Purpose.FLATTEN):
            yield Cancel(order.id, state.guard.holds[-1].limit)
    if trading is Trading.HALT and state.guard.flatten and isinstance(event, Tick | Halted):
        yield from _flattening(state)


def _flattening(state: State[Any]) -> Iterator[Draft]:
    """Once nothing of a leg can fill any more: at each tick, so that what the venue did not take is sent again."""
    for leg, position in state.positions.items():
        if not any(w.order.leg is leg for w in state.orders):
            yield Draft(
                side=Side.SELL if position.size > 0 else Side.BUY,
                size=abs(position.size),
                price=None,
                type=OrderType.MARKET,
                action=Action.CLOSE,
                purpose=Purpose.FLATTEN,
                reduce_only=leg is Leg.NET,
            )


def _at_tick(limits: Limits, state: State[Any]) -> Guard:
    guard = _valued(state) if any(name in OF_EQUITY for name, _ in limits.of_the_run) else state.guard
    state = _replace(state, guard=guard)
    holds = list(guard.holds)
    for name, limit in limits.of_the_run:
        watch = WATCHES[name]
        reason, hold = watch.broken(limit, state), guard.held_by(name)
        if hold is not None and watch.over(hold, state, reason is not None):
            holds.remove(hold)
        elif hold is None and reason is not None:
            holds.append(Hold(name, watch.trading, reason, state.now))
    if tuple(holds) == guard.holds:
        return guard
    flatten = guard.flatten or (limits.stop_policy == "flatten" and any(h.trading is Trading.HALT for h in holds))
    return _replace(guard, holds=tuple(holds), flatten=flatten)


def _valued(state: State[Any]) -> Guard:
    guard, now = state.guard, equity(state)
    if now is None:
        return guard
    day = _day(state.now)
    if day != guard.day or guard.day_equity is None:
        guard = _replace(guard, day=day, day_equity=now)
    if guard.peak_equity is None or now > guard.peak_equity:
        guard = _replace(guard, peak_equity=now)
    return guard


def _moved(guard: Guard, amount: Decimal) -> Guard:
    """What came from elsewhere is no gain, and what went there no loss."""
    day, peak = guard.day_equity, guard.peak_equity
    return _replace(
        guard,
        day_equity=None if day is None else day + amount,
        peak_equity=None if peak is None else peak + amount,
    )


def _with_user(guard: Guard, hold: Hold) -> Guard:
    return _replace(guard, holds=(*(each for each in guard.holds if each.limit != USER), hold))


def _changes(before: Guard, after: Guard, event: AnyEvent) -> Iterator[TradingChanged]:
    for hold in before.holds:
        if hold not in after.holds and after.held_by(hold.limit) is None:
            why = event.reason if isinstance(event, Resumed) else f"over: {hold.reason}"
            yield TradingChanged(hold.limit, False, after.trading, why)
    for hold in after.holds:
        if hold not in before.holds:
            yield TradingChanged(hold.limit, True, after.trading, hold.reason)


def _max_daily_loss(limit: Decimal, state: State[Any]) -> str | None:
    return _fallen(limit, state.guard.day_equity, equity(state), "since the day began")


def _max_drawdown(limit: Decimal, state: State[Any]) -> str | None:
    return _fallen(limit, state.guard.peak_equity, equity(state), "from its highest")


def _fallen(limit: Decimal, before: Decimal | None, now: Decimal | None, since: str) -> str | None:
    if before is None or now is None or before - now <= limit:
        return None
    return f"equity fell by {before - now} {since}, beyond {limit}"


def _max_feed_age_ms(limit: int, state: State[Any]) -> str | None:
    tick = state.tick
    if tick is None or tick.seen_ns is None:
        return "no book was seen yet"
    age = tick.ts_event - tick.seen_ns
    return f"the book is {age // MS} ms old, beyond {limit}" if age > limit * MS else None


def _max_clock_offset_ms(limit: int, state: State[Any]) -> str | None:
    tick = state.tick
    if tick is None or tick.seen_ns is None or tick.sent_ns is None:
        return None
    offset = tick.seen_ns - tick.sent_ns
    return (
        f"our clock and the venue's differ by {offset // MS} ms, beyond {limit}" if abs(offset) > limit * MS else None
    )


def _max_orders_unfilled(limit: int, state: State[Any]) -> str | None:
    unfilled = state.guard.unfilled
    return f"{unfilled} orders in a row without a fill, beyond {limit}" if unfilled > limit else None


def _when_mended(_hold: Hold, _state: State[Any], broken: bool) -> bool:
    return not broken


def _next_day(hold: Hold, state: State[Any], _broken: bool) -> bool:
    return _day(state.now) > _day(hold.since_ns)


def _never(_hold: Hold, _state: State[Any], _broken: bool) -> bool:
    return False


def _day(at_ns: Nanos) -> int:
    return at_ns // DAY_NS


OF_EQUITY = frozenset({"max_daily_loss", "max_drawdown"})

WATCHES: dict[str, Watch] = {
    "max_daily_loss": Watch(_max_daily_loss, Trading.REDUCE, _next_day),
    "max_drawdown": Watch(_max_drawdown, Trading.HALT, _never),
    "max_feed_age_ms": Watch(_max_feed_age_ms, Trading.REDUCE, _when_mended),
    "max_clock_offset_ms": Watch(_max_clock_offset_ms, Trading.REDUCE, _when_mended),
    "max_orders_unfilled": Watch(_max_orders_unfilled, Trading.REDUCE, _never),
}
