"""Which quotes we want, in Hummingbot's order: levels, price band, ping-pong, optimisation, costs, budget, takers.

Each step takes quotes and returns quotes. Where a price is NaN a comparison raises `decimal.InvalidOperation`: in
`classic` and `head` that ends the tick, as Hummingbot's clock does; `safe` does not ask for quotes without a price.
"""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache
from typing import Any

import msgspec

from engine.core.commands import Draft
from engine.core.position import notional
from engine.core.state import State
from engine.core.types import ZERO, Instrument, Side, floor_to
from strategies.perpetual_market_making.market import Market
from strategies.perpetual_market_making.rates import ONE, Level, Rates

BUY = Side.BUY
INFINITY = Decimal("Infinity")
AMPLY = Decimal("1.000001")  # beyond what rounding could make of a sum

_replace = msgspec.structs.replace

type Quote = Draft[Decimal]  # whole from the first step on: an order is built once
type Quotes = tuple[Quote, ...]  # buys before sells, each from the inside out


def of_side(quotes: Iterable[Quote], side: Side) -> Quotes:
    return tuple(quote for quote in quotes if quote.side is side)


@lru_cache
def rungs(rates: Rates, instrument: Instrument, venue_takes: bool) -> tuple[Level, ...]:
    """The levels in whole steps, without those smaller than one, or with `venue_takes` than the venue's minimum. No
    tick changes them."""
    least = instrument.min_size if venue_takes else ZERO
    whole = (_replace(level, size=floor_to(level.size, instrument.step)) for level in rates.levels)
    return tuple(level for level in whole if level.size > ZERO and level.size >= least)


def laddered(levels: tuple[Level, ...], market: Market, *, post_only: bool = False) -> Quotes:
    """Prices in whole ticks."""
    reference, tick = market.reference, market.tick
    quotes = []
    for level in levels:
        price = reference * level.factor // tick * tick
        if not level.checked or price > ZERO:
            quotes.append(Draft(side=level.side, size=level.size, price=price, level=level.number, post_only=post_only))
    return tuple(quotes)


def in_band(quotes: Quotes, rates: Rates, reference: Decimal) -> Quotes:
    """No buys at or above the ceiling, no sells at or below the floor."""
    if rates.ceiling is not None and reference >= rates.ceiling:
        quotes = of_side(quotes, Side.SELL)
    if rates.floor is not None and reference <= rates.floor:
        quotes = of_side(quotes, Side.BUY)
    return quotes


def ping_ponged(quotes: Quotes, bought: int, sold: int) -> Quotes:
    """Without as many of the inner buys as buys completed, likewise sells."""
    return (*of_side(quotes, Side.BUY)[bought:], *of_side(quotes, Side.SELL)[sold:])


def optimised(quotes: Quotes, market: Market, front: dict[Side, Decimal], *, tolerant: bool) -> Quotes:
    """A side's only quote steps back to one tick in front of the level that covers `front` of that side; never nearer
    to the mid than proposed. `tolerant`: a book too thin for that leaves the quote where it is."""
    moving = {side for side in Side if len(of_side(quotes, side)) == 1}
    if tolerant:
        moving = {side for side in moving if not market.covering(side, front[side]).is_nan()}
    return tuple(_stepped_back(q, market, front[q.side]) if q.side in moving else q for q in quotes)


def _stepped_back(quote: Quote, market: Market, front: Decimal) -> Quote:
    depth = market.covering(quote.side, front) / market.tick
    if quote.side is Side.BUY:
        price = min(quote.price, (depth.to_integral_value(ROUND_CEILING) + 1) * market.tick)
    else:
        price = max(quote.price, (depth.to_integral_value(ROUND_FLOOR) - 1) * market.tick)
    return _replace(quote, price=floor_to(price, market.tick))


def with_costs(quotes: Quotes, fee: Decimal, tick: Decimal) -> Quotes:
    return tuple(_replace(q, price=floor_to(q.price * (ONE - q.side * fee), tick)) for q in quotes)


def affordable(
    quotes: Quotes, state: State[Any], available: Decimal, *, least: Decimal = ZERO, rebates: bool = False
) -> Quotes:
    """Each in turn, whole or not at all; a later, smaller one may still fit. One worth less than `least` is left out.
    A rebate (a negative fee) pays for no margin; `rebates`: it does make room for the quotes after it, as head counts.
    """
    instrument, leverage = state.instrument, state.leverage
    inverse = instrument.inverse
    amounts = [quote.size / quote.price if inverse else quote.size * quote.price for quote in quotes]
    every_one_counts = not least or min(amounts, default=least) * instrument.multiplier >= least
    if every_one_counts and sum(amounts, ZERO) * _most_needed(instrument, leverage) <= available:
        return quotes
    kept, locked = [], ZERO
    fee = instrument.maker_fee
    charged = max(fee, ZERO)
    for quote in quotes:
        value = notional(instrument, quote.size, quote.price)
        margin = value / leverage
        needed = margin + value * charged
        if value >= least and needed <= available - locked:
            kept.append(quote)
            locked += margin + value * fee if rebates else needed
    return tuple(kept)


@lru_cache
def _most_needed(instrument: Instrument, leverage: int) -> Decimal:
    """What one contract at a price of 1 takes from the balance at the most, the fee included."""
    return instrument.multiplier * (ONE / leverage + max(instrument.maker_fee, ZERO)) * AMPLY


def passive(quotes: Quotes, market: Market) -> Quotes:
    """Dropped, not moved, where they would trade at once. A side that is not there cannot be crossed."""
    bid = -INFINITY if market.bid.is_nan() else market.bid
    ask = INFINITY if market.ask.is_nan() else market.ask
    return tuple([q for q in quotes if (q.price < ask if q.side is BUY else q.price > bid)])
