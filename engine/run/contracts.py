"""A venue's own list of its contracts, asked now: where it stands, and what a contract is called here."""

import ssl
from typing import NamedTuple

import httpx

from data.exchange_info import from_answer
from engine.config.tree import Venue
from engine.core.errors import ConfigError, DataError, Problem
from engine.core.types import Instrument
from engine.nautilus.adapters import adapter_of
from engine.run.wallets import check_environment
from engine.venue_api import binance, bybit, hyperliquid, okx

TIMEOUT_S = 15.0


class Listed(NamedTuple):
    """`path` may hold the {symbol} that is asked for; with `body` it is posted, or `priced` where a contract is to be
    quoted: it may hold the {dex} that lists it, and asks for the price of now, by which there the tick goes. `suffix`
    is what the name of a contract has after the venue's own symbol."""

    rest: str
    testnet: str
    path: str
    suffix: str
    body: dict[str, str] | None = None
    priced: dict[str, str] | None = None


LISTS = {
    "BINANCE": Listed(binance.REST, binance.TESTNET, "/fapi/v1/exchangeInfo", "-PERP"),
    "BYBIT": Listed(
        bybit.REST,
        bybit.TESTNET,
        "/v5/market/instruments-info?category=linear&symbol={symbol}",
        "-LINEAR",
    ),
    "OKX": Listed(okx.REST, okx.REST, "/api/v5/public/instruments?instType=SWAP&instId={symbol}", ""),
    "HYPERLIQUID": Listed(
        hyperliquid.REST,
        hyperliquid.TESTNET,
        "/info",
        "-USD-PERP",
        body={"type": "allPerpMetas"},
        priced={"type": "metaAndAssetCtxs", "dex": "{dex}"},
    ),
}


def rest_of(venue: Venue) -> str:
    """Raises ConfigError for a venue whose market is not spoken."""
    adapter_of(venue.name)
    listed = LISTS[venue.name]
    return venue.rest or (listed.testnet if venue.testnet else listed.rest)


def full_name(venue: str, name: str) -> str:
    """The contract's name here for the venue's symbol: BTCUSDT is BTCUSDT-PERP.BINANCE. A full name stays."""
    listed = LISTS.get(venue)
    return name if listed is None or name.endswith(f".{venue}") else f"{name}{listed.suffix}.{venue}"


def symbol_at_venue(instrument_id: str) -> str:
    name, _, venue = instrument_id.rpartition(".")
    return name.removesuffix(LISTS[venue].suffix) if venue in LISTS else name


def contract_now(venue: Venue, instrument_id: str, *, quoted: bool = False) -> Instrument:
    """The contract as the venue lists it; where it is to be `quoted`, with the tick of now. Raises ConfigError as
    above, for a contract of another kind, or for what the venue's client would find in the environment and cannot use;
    DataError where the venue does not list the contract, or does not answer."""
    rest, listed = rest_of(venue), LISTS[venue.name]
    check_environment(venue, trading=False)
    ending = f"{listed.suffix}.{venue.name}"
    if not instrument_id.endswith(ending):
        kind = f"only contracts whose name ends in {ending} are spoken, not {instrument_id}"
        raise ConfigError(Problem("instrument", kind, field="instrument.id"))
    symbol = instrument_id.removesuffix(ending)
    address, dex = f"{rest}{listed.path.format(symbol=symbol)}", symbol.rpartition(":")[0]
    method = "GET" if listed.body is None else "POST"
    asked = listed.priced if quoted else listed.body
    body = asked and {name: value.format(dex=dex) for name, value in asked.items()}
    try:
        answer = httpx.request(method, address, json=body, timeout=TIMEOUT_S, follow_redirects=True)
        content = answer.raise_for_status().content
    except (httpx.HTTPError, ssl.SSLError) as error:
        raise DataError(Problem(address, f"no word on the contracts: {error or type(error).__name__}")) from error
    return from_answer(content, instrument_id, address)
