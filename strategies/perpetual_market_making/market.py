"""What one tick shows of the market. A side or a price that is not there is NaN."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from engine.core.events import Tick
from engine.core.types import Side, floor_to
from strategies.perpetual_market_making.rates import Rates

NAN = Decimal("NaN")
TWO = Decimal(2)

type Read = Callable[[Decimal | None, Decimal], Decimal]  # (price, tick) -> price in whole ticks


class Market(msgspec.Struct, frozen=True):
    """Best prices in whole ticks, and the reference price that quotes are centred on."""

    bid: Decimal
    ask: Decimal
    reference: Decimal
    tick: Decimal
    covers: dict[tuple[Side, Decimal], Decimal]

    def covering(self, side: Side, size: Decimal) -> Decimal:
        """The price at which `side` of the book has shown `size`; NaN where it is too thin."""
        return self.covers.get((side, size), NAN)


def exact(price: Decimal | None, tick: Decimal) -> Decimal:
    return NAN if price is None else (price // tick) * tick


def through_float(price: Decimal | None, tick: Decimal) -> Decimal:
    """Classic expands the float in full before it rounds down: 100.1 becomes 100.09 where a tick is 0.01."""
    return NAN if price is None else floor_to(Decimal(float(price)), tick)


def as_it_is(price: Decimal | None, _tick: Decimal) -> Decimal:
    return NAN if price is None else price


def seen(tick: Tick, rates: Rates, price_tick: Decimal, own_price: Decimal | None, read: tuple[Read, Read]) -> Market:
    """`read` rounds what is read from the book, and what depth is asked for."""
    of_top, of_depth = read
    bid, ask = of_top(tick.top.bid, price_tick), of_top(tick.top.ask, price_tick)
    covers = {(each.side, each.size): of_depth(each.price, price_tick) for each in tick.covers} if tick.covers else {}
    return Market(bid, ask, _reference(tick, rates, bid, ask, own_price), price_tick, covers)


def _reference(tick: Tick, rates: Rates, bid: Decimal, ask: Decimal, own_price: Decimal | None) -> Decimal:
    """Where the wanted price does not exist yet, the mid of its source."""
    if rates.plain:
        return (ask + bid) / TWO
    if rates.price_type == "last_own_trade_price" and own_price is not None:
        return own_price
    if rates.external:
        return NAN if tick.reference is None else tick.reference
    match rates.price_type:
        case "best_bid" if not bid.is_nan():
            return bid
        case "best_ask" if not ask.is_nan():
            return ask
        case "last_price" if tick.last_trade is not None:
            return rates.last_price(tick.last_trade)
        case _:
            return (ask + bid) / TWO
