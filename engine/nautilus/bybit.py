"""Bybit's linear perpetuals by NautilusTrader's own adapter: their public market.

Of the adapter's best prices only the book's can be had: it makes quotes from the first level that a message names,
which need not be the best. So they are made here from its book, and its quotes are not asked for.
"""

from nautilus_trader.adapters.bybit import (
    BybitDataClientConfig,
    BybitDataClientFactory,
    BybitEnvironment,
    BybitProductType,
)

from engine.nautilus.access import Addresses, Client

VENUE = "BYBIT"
LEVELS = 200  # a side, ten times a second; 50 would span less than a spread on what has a small tick
_PUBLIC = "/v5/public/linear"


def market(addresses: Addresses, _instrument_ids: tuple[str, ...]) -> Client:
    """Without keys: the market is public. It reads the whole list of contracts."""
    config = BybitDataClientConfig(
        product_types=[BybitProductType.LINEAR],
        environment=BybitEnvironment.TESTNET if addresses.testnet else BybitEnvironment.MAINNET,
        base_url_http=addresses.rest,
        base_url_ws_public=None if addresses.ws is None else f"{addresses.ws}{_PUBLIC}",
    )
    return Client(BybitDataClientFactory(), config)
