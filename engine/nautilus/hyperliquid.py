"""Hyperliquid's perpetuals by NautilusTrader's own adapter: their public market, and an account at it.

The book comes whole each time, its best twenty levels a side, and has no number: a message that was lost is not missed.
"""

from nautilus_trader.adapters.hyperliquid import (
    HyperliquidDataClientConfig,
    HyperliquidDataClientFactory,
    HyperliquidEnvironment,
    HyperliquidExecutionClientConfig,
    HyperliquidExecutionClientFactory,
)
from nautilus_trader.model import AccountId

from engine.core.events import Started
from engine.core.types import SECOND
from engine.nautilus.access import Access, Addresses, Client

VENUE = "HYPERLIQUID"
LEVELS = 20
SILENT_NS = SECOND  # a book comes twice a second


def market(addresses: Addresses, _instrument_ids: tuple[str, ...]) -> Client:
    """Without keys: the market is public. It reads the whole list of contracts."""
    config = HyperliquidDataClientConfig(
        environment=_environment(addresses),
        base_url_http=_below(addresses.rest, "/info"),
        base_url_ws=_below(addresses.ws, "/ws"),
    )
    return Client(HyperliquidDataClientFactory(), config)


def account(addresses: Addresses, access: Access, _started: Started) -> Client:
    """The key is the account's address, the secret the wallet's that signs for it. Leverage and margin type are set
    before, by whoever checks them. No price is rounded on its way, and nobody else is paid for the orders."""
    config = HyperliquidExecutionClientConfig(
        account_id=AccountId(f"{VENUE}-001"),
        private_key=access.secret,
        account_address=access.key.lower(),
        environment=_environment(addresses),
        base_url_http=_below(addresses.rest, "/info"),
        base_url_exchange=_below(addresses.rest, "/exchange"),
        base_url_ws=_below(addresses.ws, "/ws"),
        normalize_prices=False,
        include_builder_attribution=False,
    )
    return Client(HyperliquidExecutionClientFactory(), config)


def _environment(addresses: Addresses) -> HyperliquidEnvironment:
    return HyperliquidEnvironment.TESTNET if addresses.testnet else HyperliquidEnvironment.MAINNET


def _below(address: str | None, path: str) -> str | None:
    return None if address is None else f"{address}{path}"
