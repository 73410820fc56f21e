"""Prices from elsewhere that quotes can be centred on, as a backtest has them. Plain values, no engine."""

from bisect import bisect_right
from decimal import Decimal

import msgspec

from engine.core.types import Nanos


class External(msgspec.Struct, frozen=True):
    """Another instrument of the catalog. `price_type`: mid_price, best_bid, best_ask or last_price; anything else is
    the mid."""

    instrument_id: str
    price_type: str


class Polled(msgspec.Struct, frozen=True):
    """A number that is fetched every `interval_ns`, on the grid of that interval: what it was at `times`, ascending."""

    times: tuple[Nanos, ...]
    prices: tuple[Decimal, ...]
    interval_ns: int

    def at(self, now: Nanos) -> Decimal | None:
        """What the latest poll brought; None before there was anything to fetch."""
        known = bisect_right(self.times, now - now % self.interval_ns)
        return self.prices[known - 1] if known else None


type Reference = External | Polled
