"""What venues answer when asked for their instruments, as recorded: linear, inverse, contract-sized, spot."""

from decimal import Decimal

import pytest

from data.exchange_info import from_exchange_info
from tests.support.shared import TAPES, needs_tapes

ANSWERS = TAPES / "venue-messages"

pytestmark = needs_tapes


@pytest.mark.parametrize(
    ("answer", "instrument_id", "terms"),
    [
        ("bybit/http_get_instruments_linear", "BTCUSDT-LINEAR.BYBIT", ("0.5", "0.001", "1", False, "USDT")),
        ("bybit/http_get_instruments_inverse", "BTCUSD-INVERSE.BYBIT", ("0.5", "1", "1", True, "BTC")),
        (
            "bybit/http_get_instruments_inverse_symbol_type",
            "BRENTUSD-INVERSE.BYBIT",
            ("0.01", "0.001", "1", True, "BRENT"),
        ),
        ("bybit/http_get_instruments_spot", "ETHUSDT-SPOT.BYBIT", ("0.01", "0.00001", "1", False, "USDT")),
        ("okx/http_get_instruments_swap", "BTC-USD-SWAP.OKX", ("0.1", "1", "100", True, "BTC")),
        ("okx/http_get_instruments_swap", "ETH-USDT-SWAP.OKX", ("0.01", "0.01", "0.1", False, "USDT")),
        ("okx/ws_instruments", "BTC-USDT-SWAP.OKX", ("0.1", "1", "0.01", False, "USDT")),
        ("okx/http_get_instruments_spot", "BTC-USD.OKX", ("0.1", "0.00000001", "1", False, "USD")),
        ("hyperliquid/http_meta_perp_sample", "ETH-USD-PERP.HYPERLIQUID", ("0.01", "0.0001", "1", False, "USDC")),
        (
            "hyperliquid/http_all_perp_metas_non_usdc_collateral",
            "km:US500-USD-PERP.HYPERLIQUID",
            ("0.001", "0.001", "1", False, "USDH"),
        ),
    ],
)
def test_the_terms_are_those_of_the_answer(
    answer: str, instrument_id: str, terms: tuple[str, str, str, bool, str]
) -> None:
    found = from_exchange_info(ANSWERS / f"{answer}.json", instrument_id)
    tick, step, multiplier, inverse, settlement = terms
    assert (found.tick, found.step, found.multiplier) == (Decimal(tick), Decimal(step), Decimal(multiplier))
    assert (found.inverse, found.settlement) == (inverse, settlement)
