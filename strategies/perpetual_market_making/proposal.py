"""The quotes that a tick asks for, put together from the steps of `quoting` as each behaviour does it."""

from decimal import Decimal

from engine.core.position import notional
from engine.core.state import State, available
from engine.core.types import ZERO, Action, OrderType, Side, floor_to
from strategies.perpetual_market_making.own import Own
from strategies.perpetual_market_making.quoting import (
    Quote,
    Quotes,
    affordable,
    in_band,
    laddered,
    optimised,
    passive,
    ping_ponged,
    rungs,
    with_costs,
)
from strategies.perpetual_market_making.rates import Rates
from strategies.perpetual_market_making.refresh import unhung
from strategies.perpetual_market_making.turn import Turn


def classic_proposal(turn: Turn) -> Quotes:
    return _untaken(turn, affordable(_priced(turn, False), turn.state, available(turn.state)))


def head_proposal(turn: Turn) -> Quotes:
    """As classic's; a size below the venue's minimum is 0."""
    return _untaken(turn, affordable(_priced(turn, True), turn.state, available(turn.state), rebates=True))


def safe_proposal(turn: Turn, sides: frozenset[Side]) -> Quotes | None:
    """None where there is no price to quote around. A size the venue would refuse is left out."""
    if turn.market.reference.is_nan():
        return None
    whole = turn.rates.switches.sizes_quantised
    quotes = _priced(turn, whole)
    if turn.rates.costs or len(sides) < len(Side):
        quotes = tuple([q for q in quotes if q.price > ZERO and q.side in sides])
    least = turn.state.instrument.min_notional if whole else ZERO
    free = available(turn.state) + margin_back(turn) if turn.orders else available(turn.state)
    return _untaken(turn, affordable(quotes, turn.state, free, least=least))


def at_least_minimum(turn: Turn, size: Decimal) -> Decimal:
    """Whole steps, or 0 where the venue would not take that little."""
    instrument = turn.state.instrument
    steps = floor_to(size, instrument.step)
    return ZERO if steps < instrument.min_size else steps


def worth_sending(turn: Turn, quote: Quote) -> bool:
    instrument = turn.state.instrument
    return notional(instrument, quote.size, quote.price) >= instrument.min_notional


def fronts(state: State[Own], rates: Rates) -> dict[Side, Decimal]:
    """Depth to leave in front of each side's quote. Its own order is in the book and counts on top."""
    own = {Side.BUY: ZERO, Side.SELL: ZERO}
    for working in state.orders:
        if working.order.order_type is OrderType.LIMIT:
            own[working.order.side] = working.order.size
    return {Side.BUY: rates.bid_depth + own[Side.BUY], Side.SELL: rates.ask_depth + own[Side.SELL]}


def _priced(turn: Turn, venue_takes: bool) -> Quotes:
    rates, market, own = turn.rates, turn.market, turn.own
    quotes = laddered(rungs(rates, turn.state.instrument, venue_takes), market, post_only=rates.post_only)
    if rates.banded:
        quotes = in_band(quotes, rates, market.reference)
    if rates.ping_pong:
        if own.bought == own.sold != 0:
            turn.remember(bought=0, sold=0)
        quotes = ping_ponged(quotes, turn.own.bought, turn.own.sold)
    if rates.optimised:
        quotes = optimised(quotes, market, fronts(turn.state, rates), tolerant=rates.book_tolerant)
    if rates.costs:
        quotes = with_costs(quotes, turn.state.instrument.maker_fee, market.tick)
    return quotes


def _untaken(turn: Turn, quotes: Quotes) -> Quotes:
    return quotes if turn.rates.keep_takers else passive(quotes, turn.market)


def margin_back(turn: Turn) -> Decimal:
    """What the quotes that these would replace hold back."""
    if not (turn.orders and turn.state.reserves_margin and turn.rates.switches.margin_added_back):
        return ZERO
    resting = (w for w in unhung(turn) if w.order.action is Action.OPEN and w.order.price is not None)
    held = sum((notional(turn.state.instrument, w.leaves, w.order.price) for w in resting if w.order.price), ZERO)
    return held / turn.state.leverage
