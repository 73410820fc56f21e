"""The venue's market as it is now: the contract by the venue's own word, and the prices from elsewhere beside it."""

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from data.exchange_info import from_answer
from engine.config.tree import RunConfig, Venue
from engine.core.errors import ConfigError, DataError, Problem
from engine.core.types import Instrument
from engine.nautilus.access import Addresses
from engine.nautilus.binance import VENUE
from engine.nautilus.desk import LiveMarket
from engine.run.reference import live_reference
from engine.venue_api.binance import REST, TESTNET, Binance
from engine.venue_api.keys import Keys

TIMEOUT_S = 15.0
EXCHANGE_INFO = "/fapi/v1/exchangeInfo"


def addresses_of(venue: Venue) -> Addresses:
    """Raises ConfigError for a venue whose market is not spoken."""
    if venue.name != VENUE:
        message = f"its market is not spoken, only that of {VENUE}; a recorded one of any venue can be played: --feed"
        raise ConfigError(Problem("run file", message, field="venue.name"))
    return Addresses(rest=venue.rest, ws=venue.ws, ws_api=venue.ws_api, testnet=venue.testnet)


def contract_now(venue: Venue, instrument_id: str) -> Instrument:
    """The contract as the venue lists it. Raises ConfigError as above, DataError where the venue does not list it, or
    does not answer."""
    addresses_of(venue)
    address = f"{_rest(venue)}{EXCHANGE_INFO}"
    try:
        answer = httpx.get(address, timeout=TIMEOUT_S, follow_redirects=True).raise_for_status()
    except (httpx.HTTPError, ssl.SSLError) as error:
        raise DataError(Problem(address, f"no word on the contracts: {error or type(error).__name__}")) from error
    return from_answer(answer.content, instrument_id, Path(address))


def account_at(venue: Venue, keys: Keys) -> Binance:
    """An account by REST, not yet connected. Raises ConfigError for a venue that is not spoken."""
    addresses_of(venue)
    return Binance(_rest(venue), keys, clock_ms=lambda: time.time_ns() // 1_000_000)


def _rest(venue: Venue) -> str:
    return venue.rest or (TESTNET if venue.testnet else REST)


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
