"""OKX's swaps by NautilusTrader's own adapter: their public market. Sizes are in contracts, as the venue has them.

The adapter checks that no change of the book is missing, and begins the book anew where one is.
"""

from nautilus_trader.adapters.okx import OKXDataClientConfig, OKXDataClientFactory, OKXEnvironment, OKXInstrumentType

from engine.nautilus.access import Addresses, Client

VENUE = "OKX"
LEVELS = 400  # a side, ten times a second
_KIND = f"-SWAP.{VENUE}"


def market(addresses: Addresses, instrument_ids: tuple[str, ...]) -> Client:
    """Without keys: the market is public. It reads the contracts of a family, such as BTC-USDT."""
    config = OKXDataClientConfig(
        instrument_types=[OKXInstrumentType.SWAP],
        instrument_families=sorted({each.removesuffix(_KIND) for each in instrument_ids}),
        environment=OKXEnvironment.DEMO if addresses.testnet else OKXEnvironment.LIVE,
        base_url_http=addresses.rest,
        base_url_ws_public=_stream(addresses, "public"),
        base_url_ws_business=_stream(addresses, "business"),
    )
    return Client(OKXDataClientFactory(), config)


def _stream(addresses: Addresses, kind: str) -> str | None:
    return None if addresses.ws is None else f"{addresses.ws}/ws/v5/{kind}"
