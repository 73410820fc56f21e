"""Hyperliquid's perpetuals by NautilusTrader's own adapter: their public market.

The book comes whole each time, its best twenty levels a side, and has no number: a message that was lost is not missed.
"""

from nautilus_trader.adapters.hyperliquid import (
    HyperliquidDataClientConfig,
    HyperliquidDataClientFactory,
    HyperliquidEnvironment,
)

from engine.core.types import SECOND
from engine.nautilus.access import Addresses, Client

VENUE = "HYPERLIQUID"
LEVELS = 20
SILENT_NS = SECOND  # a book comes twice a second


def market(addresses: Addresses, _instrument_ids: tuple[str, ...]) -> Client:
    """Without keys: the market is public. It reads the whole list of contracts."""
    config = HyperliquidDataClientConfig(
        environment=HyperliquidEnvironment.TESTNET if addresses.testnet else HyperliquidEnvironment.MAINNET,
        base_url_http=None if addresses.rest is None else f"{addresses.rest}/info",
        base_url_ws=None if addresses.ws is None else f"{addresses.ws}/ws",
    )
    return Client(HyperliquidDataClientFactory(), config)
