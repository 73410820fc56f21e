"""The venue's market as it is now, an account there, and the prices from elsewhere beside it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.config.tree import RunConfig, Venue
from engine.core.errors import ConfigError, Problem
from engine.nautilus.access import Addresses
from engine.nautilus.desk import LiveMarket
from engine.run.contracts import rest_of
from engine.run.reference import live_reference
from engine.run.venues import check_traded
from engine.venue_api import bybit
from engine.venue_api.binance import Binance
from engine.venue_api.hyperliquid import Hyperliquid
from engine.venue_api.keys import Keys
from engine.venue_api.okx import Okx
from engine.venue_api.venue import TradedAt


def _binance(_venue: Venue, rest: str, keys: Keys) -> TradedAt:
    return Binance(rest, keys, clock_ms=_clock_ms)


def _bybit(venue: Venue, rest: str, keys: Keys) -> TradedAt:
    streams = venue.ws or (bybit.TESTNET_STREAMS if venue.testnet else bybit.STREAMS)
    return bybit.Bybit(rest, keys, clock_ms=_clock_ms, streams=streams)


def _hyperliquid(venue: Venue, rest: str, keys: Keys) -> TradedAt:
    return Hyperliquid(rest, keys, clock_ms=_clock_ms, testnet=venue.testnet)


def _okx(venue: Venue, rest: str, keys: Keys) -> TradedAt:
    return Okx(rest, keys, clock_ms=_clock_ms, demo=venue.testnet)


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000


ACCOUNTS: dict[str, Callable[[Venue, str, Keys], TradedAt]] = {
    "BINANCE": _binance,
    "BYBIT": _bybit,
    "OKX": _okx,
    "HYPERLIQUID": _hyperliquid,
}


def addresses_of(venue: Venue) -> Addresses:
    return Addresses(rest=venue.rest, ws=venue.ws, ws_api=venue.ws_api, testnet=venue.testnet)


def account_at(venue: Venue, keys: Keys) -> TradedAt:
    """An account by REST, not yet connected. Raises ConfigError for a venue that is not spoken."""
    check_traded(venue.name)
    return ACCOUNTS[venue.name](venue, rest_of(venue), keys)


@contextmanager
def live_market(config: RunConfig, stream: Path, *, depth: bool) -> Iterator[LiveMarket]:
    """What comes is recorded below `stream`; a number of one's own is polled for as long as this lasts. Raises
    ConfigError for a reference at a venue whose market is not spoken."""
    with live_reference(config) as reference:
        if reference.watched is not None and reference.watched.rpartition(".")[2] != config.venue.name:
            message = f"{reference.watched} is not of {config.venue.name}: the market of no other venue is spoken"
            raise ConfigError(Problem("run file", message, field="data.reference_instrument"))
        yield LiveMarket(
            addresses=addresses_of(config.venue),
            depth=depth,
            stream=stream,
            reference=reference.price,
            watched=reference.watched,
        )
