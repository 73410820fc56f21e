"""Node after node is built with the clients of a venue that is not traded at, none is run: `python -m ...`."""

import json
from typing import Any

from nautilus_trader.adapters import okx
from nautilus_trader.common import Environment, LoggerConfig
from nautilus_trader.live import LiveNode
from nautilus_trader.model import AccountId, TraderId

REST, WS = "http://127.0.0.1:9", "ws://127.0.0.1:9"
PAIR = {"api_key": "key", "api_secret": "secret", "base_url_http": REST}


def clients(venue: str) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Market and account, each its factory and its configuration."""
    kinds = [okx.OKXInstrumentType.SWAP]
    market = okx.OKXDataClientConfig(instrument_types=kinds, base_url_http=REST, base_url_ws_public=WS)
    private = {"base_url_ws_private": WS, "api_passphrase": "word"}
    trading = okx.OKXExecutionClientConfig(AccountId(f"{venue}-001"), instrument_types=kinds, **PAIR, **private)
    return (okx.OKXDataClientFactory(), market), (okx.OKXExecutionClientFactory(), trading)


def built(venue: str) -> str:
    market, trading = clients(venue)
    builder = LiveNode.builder("built", TraderId("BUILT-001"), Environment.LIVE)
    builder = builder.with_logging(LoggerConfig(bypass_logging=True))
    node = builder.add_data_client(venue, *market).add_exec_client(venue, *trading).build()
    node.dispose()
    return venue


if __name__ == "__main__":
    print(json.dumps([built(venue) for venue in ("OKX",)]))  # noqa: T201
