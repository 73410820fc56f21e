"""OKX's swaps by NautilusTrader's own adapter: their public market, and an account at it.

Sizes are in contracts, as the venue has them.

The adapter checks that no change of the book is missing, and begins the book anew where one is.
"""

from nautilus_trader.adapters.okx import (
    OKXDataClientConfig,
    OKXDataClientFactory,
    OKXEnvironment,
    OKXExecutionClientConfig,
    OKXExecutionClientFactory,
    OKXInstrumentType,
    OKXMarginMode,
)
from nautilus_trader.model import AccountId

from engine.core.events import Started
from engine.nautilus.access import Access, Addresses, Client

VENUE = "OKX"
LEVELS = 400  # a side, ten times a second
_KIND = f"-SWAP.{VENUE}"


def market(addresses: Addresses, instrument_ids: tuple[str, ...]) -> Client:
    """Without keys: the market is public. It reads the contracts of a family, such as BTC-USDT."""
    config = OKXDataClientConfig(
        instrument_types=[OKXInstrumentType.SWAP],
        instrument_families=sorted({each.removesuffix(_KIND) for each in instrument_ids}),
        environment=_environment(addresses),
        base_url_http=addresses.rest,
        base_url_ws_public=_stream(addresses, "public"),
        base_url_ws_business=_stream(addresses, "business"),
    )
    return Client(OKXDataClientFactory(), config)


def account(addresses: Addresses, access: Access, _started: Started) -> Client:
    """In One-way mode and under cross margin: the adapter sends every order for the net position. Leverage and position
    mode are set before, by whoever checks them."""
    config = OKXExecutionClientConfig(
        account_id=AccountId(f"{VENUE}-001"),
        instrument_types=[OKXInstrumentType.SWAP],
        environment=_environment(addresses),
        base_url_http=addresses.rest,
        base_url_ws_private=addresses.ws_api or _stream(addresses, "private"),
        base_url_ws_business=_stream(addresses, "business"),
        margin_mode=OKXMarginMode.CROSS,
        api_key=access.key,
        api_secret=access.secret,
        api_passphrase=access.passphrase,
    )
    return Client(OKXExecutionClientFactory(), config)


def _environment(addresses: Addresses) -> OKXEnvironment:
    return OKXEnvironment.DEMO if addresses.testnet else OKXEnvironment.LIVE


def _stream(addresses: Addresses, kind: str) -> str | None:
    return None if addresses.ws is None else f"{addresses.ws}/ws/v5/{kind}"
