"""Ticks on which nothing can change. A tick that decides nothing leaves behind until when, and in which band of the
best bid and ask, the next one would decide nothing either; any event but a tick ends that.

Bounds are of the book's own prices. A decision sees those rounded down, so a lower bound lies a tick further in.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from engine.core.events import Tick
from engine.core.state import Working
from strategies.perpetual_market_making.own import Calm, Trail
from strategies.perpetual_market_making.rates import ONE, Rates
from strategies.perpetual_market_making.refresh import unhung
from strategies.perpetual_market_making.turn import Turn, closing_side

NEVER_NS = 2**63 - 1
OF_THE_BOOK = frozenset({"mid_price", "best_bid", "best_ask"})  # references from the best bid to the best ask


class Bound(NamedTuple):
    """`price` is the best bid's lower bound if `below`, else the best ask's upper one; the bound itself is outside."""

    below: bool
    price: Decimal


def holds(calm: Calm, tick: Tick) -> bool:
    bid, ask = tick.top.bid, tick.top.ask
    if bid is None or ask is None or bid > ask or tick.ts_init >= calm.until_ns:
        return False
    return (calm.bid_above is None or bid > calm.bid_above) and (calm.ask_below is None or ask < calm.ask_below)


def calm_after(turn: Turn) -> Calm | None:
    """For a turn that decided nothing; None where the next may decide something whatever the book does."""
    if turn.market.bid.is_nan() or turn.market.ask.is_nan():
        return None
    return _held(turn) if turn.held else _flat(turn)


def _flat(turn: Turn) -> Calm | None:
    """Until a timer is due; an order that comes too near the reference goes before that."""
    own, rates, active = turn.own, turn.rates, unhung(turn)
    until_ns = min(own.create_ns, own.cancel_ns) if active else own.create_ns
    if until_ns <= turn.now or len(active) < len(turn.orders):
        return None
    if not active or rates.minimum_spread is None:
        return Calm(until_ns)
    if rates.external or rates.price_type not in OF_THE_BOOK:
        return None
    return _within(until_ns, turn, _near_bounds(active, rates.minimum_spread))


def _near_bounds(active: list[Working], least: Decimal) -> Iterator[Bound]:
    """Where the reference would have come within `least` of an order; beyond -100 % or 100 % it is always or never."""
    for working in active:
        side, room = working.order.side, ONE - working.order.side * least
        if room > 0 and working.order.price is not None:
            yield Bound(side > 0, working.order.price / room)


def _held(turn: Turn) -> Calm | None:
    """Until a stop, a take profit or a trail has something to do. Hummingbot's trail looks at every price."""
    rates, own = turn.rates, turn.own
    if rates.quote_flat_leg or own.stopped or own.awaited:
        return None
    until_ns, bounds = NEVER_NS, list[Bound]()
    for leg, size, entry in turn.held:
        long, exits = size > 0, _exits(turn, size)
        stop = _stop_bound(turn, long, entry)
        near, far = (turn.market.bid, turn.market.ask) if long else (turn.market.ask, turn.market.bid)
        if stop is not None and (near <= stop if long else near >= stop):
            return None
        if stop is not None:
            bounds.append(Bound(long, stop))
        if rates.trailing:
            trail = own.trails.get(leg)
            if trail is None or exits:
                return None
            bounds += _trail_bounds(trail, rates, long, entry)
            continue
        in_profit = far > entry if long else far < entry
        if not (in_profit or rates.under_water):
            bounds.append(Bound(not long, entry))
        elif not exits:
            return None
        if exits and rates.exits_age:
            until_ns = min(until_ns, exits[0].created_ns + rates.renewal_ns)
    return _within(until_ns, turn, bounds)


def _trail_bounds(trail: Trail, rates: Rates, long: bool, entry: Decimal) -> Iterator[Bound]:
    """Between its peak and where it closes, or before it arms where it has not. The price that it follows is the bid of
    a long and the ask of a short: in a book that is not crossed the other one is reached first."""
    sign = 1 if long else -1
    yield Bound(not long, trail.peak)
    if trail.armed:
        yield Bound(long, trail.peak * (ONE - sign * rates.callback))
    else:
        yield Bound(not long, entry * (ONE + sign * rates.activation))


def _exits(turn: Turn, size: Decimal) -> list[Working]:
    return [w for w in turn.orders if turn.is_exit(w) and w.order.side is closing_side(size)]


def _stop_bound(turn: Turn, long: bool, entry: Decimal) -> Decimal | None:
    stop = turn.rates.stop
    return None if stop is None else entry * (ONE - stop if long else ONE + stop)


def _within(until_ns: int, turn: Turn, bounds: Iterator[Bound] | list[Bound]) -> Calm | None:
    all_bounds = tuple(bounds)
    lows = [bound.price + turn.market.tick for bound in all_bounds if bound.below]
    highs = [bound.price for bound in all_bounds if not bound.below]
    if until_ns <= turn.at_ns:
        return None
    return Calm(until_ns, max(lows, default=None), min(highs, default=None))
