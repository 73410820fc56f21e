"""An account seen at one moment, though it takes several questions to see it."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from engine.venue_api.account import MS, Holding, OpenOrder, View
from engine.venue_api.asked import TRIES
from engine.venue_api.errors import VenueError
from engine.venue_api.venue import TradedAt

type Standing = tuple[tuple[OpenOrder, ...], tuple[Holding, ...]]


def steady(venue: TradedAt, symbol: str, view: Callable[[Standing], View]) -> View:
    """What `view` makes of it, read again while it moves. Raises VenueError where it does not stand still."""
    for _ in range(TRIES):
        before, seen_ms = _standing(venue, symbol), venue.now_ms
        seen = view(before)
        again_ms = venue.now_ms
        if _standing(venue, symbol) == before:
            return msgspec.structs.replace(seen, at_ns=(seen_ms + again_ms) * MS // 2)
    raise VenueError(f"view of {symbol}", "moves faster than it can be read")


def _standing(venue: TradedAt, symbol: str) -> Standing:
    held = (msgspec.structs.replace(each, liquidation=Decimal(0)) for each in venue.holdings(symbol))
    return venue.open_orders(symbol), tuple(held)
