"""Bybit's linear perpetuals by NautilusTrader's own adapter: their public market, and an account at it.

Of the adapter's best prices only the book's can be had: it makes quotes from the first level that a message names,
which need not be the best. So they are made here from its book, and its quotes are not asked for.
"""

from nautilus_trader.adapters.bybit import (
    BybitDataClientConfig,
    BybitDataClientFactory,
    BybitEnvironment,
    BybitExecutionClientConfig,
    BybitExecutionClientFactory,
    BybitProductType,
)
from nautilus_trader.model import AccountId

from engine.core.events import Started
from engine.nautilus.access import Access, Addresses, Client

VENUE = "BYBIT"
LEVELS = 200  # a side, ten times a second; 50 would span less than a spread on what has a small tick
TOLD_S = 900  # it reads all orders of a week, one page of 50 after the other: a busy week has some 100,000
_PUBLIC, _PRIVATE = "/v5/public/linear", "/v5/private"


def market(addresses: Addresses, _instrument_ids: tuple[str, ...]) -> Client:
    """Without keys: the market is public. It reads the whole list of contracts."""
    config = BybitDataClientConfig(
        product_types=[BybitProductType.LINEAR],
        environment=_environment(addresses),
        base_url_http=addresses.rest,
        base_url_ws_public=None if addresses.ws is None else f"{addresses.ws}{_PUBLIC}",
    )
    return Client(BybitDataClientFactory(), config)


def account(addresses: Addresses, access: Access, _started: Started) -> Client:
    """In One-way mode: the adapter cannot be told of Hedge from Python. Leverage and position mode are set before, by
    whoever checks them."""
    config = BybitExecutionClientConfig(
        account_id=AccountId(f"{VENUE}-001"),
        product_types=[BybitProductType.LINEAR],
        environment=_environment(addresses),
        base_url_http=addresses.rest,
        base_url_ws_private=None if addresses.ws is None else f"{addresses.ws}{_PRIVATE}",
        base_url_ws_trade=addresses.ws_api,
        api_key=access.key,
        api_secret=access.secret,
    )
    return Client(BybitExecutionClientFactory(), config)


def _environment(addresses: Addresses) -> BybitEnvironment:
    return BybitEnvironment.TESTNET if addresses.testnet else BybitEnvironment.MAINNET
