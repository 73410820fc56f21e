"""Which contract names can be which pair, on the venues that we know."""

import pytest

from engine.config.checks import names_pair


@pytest.mark.parametrize(
    ("symbol", "market"),
    [
        ("BTCUSDT-PERP", "BTC-USDT"),
        ("BTCUSD_PERP", "BTC-USD"),
        ("BTCUSDT-LINEAR", "BTC-USDT"),
        ("BTC-USDT-SWAP", "BTC-USDT"),
        ("BTC-USD-PERP", "BTC-USD"),
        ("BTC-PERPETUAL", "BTC-USD"),
        ("PF_XBTUSD", "BTC-USD"),
        ("PF_XBTUSD", "XBT-USD"),
        ("1000PEPEUSDT-PERP", "1000PEPE-USDT"),
        ("PIXELUSDT-PERP", "PIXEL-USDT"),
        ("PERPUSDT-PERP", "PERP-USDT"),
        ("BTCUSDT-PERP", "btc-usdt"),
    ],
)
def test_same_pair(symbol: str, market: str) -> None:
    assert names_pair(symbol, market)


@pytest.mark.parametrize(
    ("symbol", "market"),
    [
        ("BTCUSDT-PERP", "ETH-USDT"),
        ("BTCUSDT-PERP", "BTC-USDC"),
        ("BTCUSDT-PERP", "BTC-USD"),
        ("BTCDOMUSDT-PERP", "BTC-USDT"),
        ("1000PEPEUSDT-PERP", "PEPE-USDT"),
        ("WBTCUSDT-PERP", "BTC-USDT"),
        ("BTC-USD-PERP", "BTC-USDT"),
    ],
)
def test_another_pair(symbol: str, market: str) -> None:
    assert not names_pair(symbol, market)
