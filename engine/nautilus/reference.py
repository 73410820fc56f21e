"""A price from elsewhere at one moment of a replay."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from nautilus_trader.model import InstrumentId

from engine.core.types import Nanos
from engine.nautilus import translate
from engine.simulation.reference import Polled, Reference

type Priced = Callable[[Any, Nanos], Decimal | None]  # (the node's cache, now) -> price


def priced(reference: Reference) -> Priced:
    if isinstance(reference, Polled):
        return lambda _cache, now: reference.at(now)
    identity = InstrumentId.from_str(reference.instrument_id)
    return lambda cache, _now: external_price(cache, identity, reference.price_type)


def external_price(cache: Any, identity: InstrumentId, price_type: str) -> Decimal | None:
    """The instrument's price of that type, or else its mid; None while it has none."""
    top, trade = translate.top_of_quote(cache.quote(identity)), cache.trade(identity)
    last: Decimal | None = None if trade is None else trade.price.as_decimal()
    mid = None if top.bid is None or top.ask is None else (top.bid + top.ask) / 2
    wanted = {"best_bid": top.bid, "best_ask": top.ask, "last_price": last}.get(price_type)
    return mid if wanted is None else wanted
