"""Safe's trail: from the first price after the fill, armed once that price itself has reached activation, latched."""

from decimal import Decimal

from engine.core.types import Leg, Side, floor_to
from strategies.perpetual_market_making.exits_classic import retreated
from strategies.perpetual_market_making.own import Trail
from strategies.perpetual_market_making.rates import ONE
from strategies.perpetual_market_making.turn import Turn


def advanced(trail: Trail | None, price: Decimal, sign: int, armed_at: Decimal) -> Trail:
    """`sign` is +1 for a long, whose price is the bid, and -1 for a short, whose price is the ask."""
    reached = sign * (price - armed_at) >= 0
    if trail is None:
        return Trail(price, reached)
    peak = price if sign * (price - trail.peak) > 0 else trail.peak
    return trail if peak == trail.peak and trail.armed >= reached else Trail(peak, trail.armed or reached)


def trailed(turn: Turn, leg: Leg, sign: int, entry: Decimal) -> bool:
    """Move the leg's trail along; whether the price has come back from its peak by the callback."""
    price, rates = turn.market.bid if sign > 0 else turn.market.ask, turn.rates
    if price.is_nan() or not (rates.switches.legs_independent or leg is turn.held[0][0]):
        return False
    if not rates.switches.trail_from_entry:
        return retreated(turn, Decimal(sign), entry)
    before = turn.own.trails.get(leg)
    trail = advanced(before, price, sign, entry * (ONE + sign * rates.activation))
    if trail is not before:
        turn.remember(trails={**turn.own.trails, leg: trail})
    new_peak = before is None or trail.peak != before.peak
    return trail.armed and not new_peak and sign * (price - trail.peak * (ONE - sign * rates.callback)) <= 0


def trail_price(turn: Turn, sign: int, size: Decimal, entry: Decimal) -> Decimal | None:
    """The price that covers the whole size, in a thin book the best one; None where it would not take a profit."""
    market = turn.market
    side, best = (Side.BUY, market.bid) if sign > 0 else (Side.SELL, market.ask)
    covering = market.covering(side, size)
    price = floor_to(best if covering.is_nan() else covering, market.tick)
    return None if price.is_nan() or sign * (price - entry) <= 0 else price
