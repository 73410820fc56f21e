"""Ticks on which nothing can change. A tick that decides nothing leaves behind until when, and in which band of the
best bid and ask, the next one would decide nothing either; any event but a tick ends that.

Bounds are of the book's own prices. A decision sees those rounded down, so a lower bound lies a tick further in.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from engine.core.events import Tick
from engine.core.state import Working
from strategies.perpetual_market_making.own import Calm, Trail
from strategies.perpetual_market_making.quotes_safe import quotes_beside
from strategies.perpetual_market_making.rates import ONE, Rates
from strategies.perpetual_market_making.turn import Turn, closing_side

NEVER_NS = 2**63 - 1
OF_THE_BOOK = frozenset({"mid_price", "best_bid", "best_ask"})  # references from the best bid to the best ask


class Bound(NamedTuple):
    """`price` is the best bid's lower bound if `below`, else the best ask's upper one; the bound itself is outside."""

    below: bool
    price: Decimal


class Quiet(NamedTuple):
    """Nothing to decide before `until_ns` within the bounds."""

    until_ns: int
    bounds: Sequence[Bound]


NOTHING = Quiet(NEVER_NS, ())  # to wait for


def holds(calm: Calm, tick: Tick) -> bool:
    bid, ask = tick.top.bid, tick.top.ask
    if bid is None or ask is None or bid > ask or tick.at_ns >= calm.until_ns:
        return False
    return (calm.bid_above is None or bid > calm.bid_above) and (calm.ask_below is None or ask < calm.ask_below)


def calm_after(turn: Turn) -> Calm | None:
    """For a turn that decided nothing; None where the next may decide something whatever the book does."""
    if turn.market.bid.is_nan() or turn.market.ask.is_nan():
        return None
    quiet = _held(turn) if turn.held else _quoting(turn, turn.orders)
    if quiet is None or quiet.until_ns <= turn.at_ns:
        return None
    lows = [bound.price + turn.market.tick for bound in quiet.bounds if bound.below]
    highs = [bound.price for bound in quiet.bounds if not bound.below]
    return Calm(quiet.until_ns, max(lows, default=None), min(highs, default=None))


def _quoting(turn: Turn, orders: list[Working]) -> Quiet | None:
    """Until a timer is due; a quote that comes too near the reference goes before that, a hanging one that is too far.
    The price of the last own trade stays where it is; other references than the book's can jump over any bound."""
    own, rates = turn.own, turn.rates
    hanging = [w for w in orders if w.order.id in own.hanging] if own.hanging else []
    active = [w for w in orders if w.order.id not in own.hanging] if hanging else orders
    bounds = [*_far_bounds(hanging, rates.hanging_cancel), *_near_bounds(active, rates.minimum_spread)]
    if rates.price_type == "last_own_trade_price" and own.last_own_price is not None:
        bounds = []
    elif bounds and (rates.external or rates.price_type not in OF_THE_BOOK):
        return None
    return Quiet(min(own.create_ns, own.cancel_ns) if active else own.create_ns, bounds)


def _near_bounds(active: list[Working], least: Decimal | None) -> Iterator[Bound]:
    """Where the reference would have come within `least` of an order; beyond -100 % or 100 % it is always or never."""
    if least is None:
        return
    for working in active:
        side, room = working.order.side, ONE - working.order.side * least
        if room > 0 and working.order.price is not None:
            yield Bound(side > 0, working.order.price / room)


def _far_bounds(hanging: list[Working], most: Decimal) -> Iterator[Bound]:
    """Where the reference would have left an order behind by `most`, on either side of it."""
    for working in hanging:
        if working.order.price is not None:
            yield Bound(True, working.order.price / (ONE + most))
            yield Bound(False, working.order.price / (ONE - most))


def _held(turn: Turn) -> Quiet | None:
    """Until a stop, a take profit or a trail has something to do, or the quotes beside the position have. Hummingbot's
    trail looks at every price."""
    rates, own = turn.rates, turn.own
    beside = _quoting(turn, quotes_beside(turn)) if rates.quote_flat_leg and len(turn.held) == 1 else NOTHING
    if beside is None or own.stopped or own.awaited:
        return None
    until_ns, bounds = beside.until_ns, [*beside.bounds]
    for leg, size, entry in turn.held:
        long, exits = size > 0, _exits(turn, size)
        stop = _stop_bound(turn, long, entry)
        near, far = (turn.market.bid, turn.market.ask) if long else (turn.market.ask, turn.market.bid)
        if stop is not None and (near <= stop if long else near >= stop):
            return None
        if stop is not None:
            bounds.append(Bound(long, stop))
        if exits and rates.exits_age:
            until_ns = min(until_ns, exits[0].created_ns + rates.renewal_ns)
        if rates.trailing:
            trail = own.trails.get(leg)
            if trail is None:
                return None
            bounds += _trail_bounds(trail, rates, long, entry, rests=bool(exits))
            continue
        in_profit = far > entry if long else far < entry
        if not (in_profit or rates.under_water):
            bounds.append(Bound(not long, entry))
        elif not exits:
            return None
    return Quiet(until_ns, bounds)


def _trail_bounds(trail: Trail, rates: Rates, long: bool, entry: Decimal, *, rests: bool) -> Iterator[Bound]:
    """Between its peak and where it closes, or before it arms where it has not. An exit that rests already is moved as
    long as that takes a profit. The price that a trail follows is the bid of a long and the ask of a short: in a book
    that is not crossed the other one is reached first."""
    sign = 1 if long else -1
    yield Bound(not long, trail.peak)
    if not trail.armed:
        yield Bound(not long, entry * (ONE + sign * rates.activation))
    elif not rests:
        yield Bound(long, trail.peak * (ONE - sign * rates.callback))
    if rests:
        yield Bound(not long, entry)


def _exits(turn: Turn, size: Decimal) -> list[Working]:
    return [w for w in turn.orders if turn.is_exit(w) and w.order.side is closing_side(size)]


def _stop_bound(turn: Turn, long: bool, entry: Decimal) -> Decimal | None:
    stop = turn.rates.stop
    return None if stop is None else entry * (ONE - stop if long else ONE + stop)
