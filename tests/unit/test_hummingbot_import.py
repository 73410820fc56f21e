"""Hummingbot's config files become run files that say the same, and say what could not be said."""

from decimal import Decimal
from pathlib import Path

import pytest

from engine.config.hummingbot import Imported, imported
from engine.config.hummingbot_keys import TEMPLATES
from engine.config.read import parse_config
from engine.core.errors import ConfigError

TEMPLATE_5 = """\
########################################################
###       Perpetual market making strategy config         ###
########################################################

template_version: 5
strategy: perpetual_market_making

# Exchange and token parameters.
derivative: binance_perpetual
market: BTC-USDT
leverage: 10
position_mode: One-way

bid_spread: 0.1
ask_spread: 0.10
minimum_spread: -100.0
order_refresh_time: 30.0
order_refresh_tolerance_pct:
order_amount: 1e-3
position_management: Trailing_stop
long_profit_taking_spread: 0.0
short_profit_taking_spread: 0.0
ts_activation_spread: 0.5
ts_callback_rate: 0.2
stop_loss_spread: 2
close_position_order_type: MARKET
price_ceiling: -1
price_floor: -1
ping_pong_enabled: false
order_levels: 2
order_level_amount: 0.001
order_level_spread: 0.3
filled_order_delay: 60
hanging_orders_enabled: False
hanging_orders_cancel_pct: 10
order_optimization_enabled: no
ask_order_optimization_depth: 0
bid_order_optimization_depth: 0
add_transaction_costs: true
price_source: current_market
price_type: mid_price
price_source_derivative:
price_source_market:
price_source_custom_api:
custom_api_update_interval:
take_if_crossed:
order_override:
"""
TEMPLATE_6 = """\
template_version: 6
strategy: perpetual_market_making
derivative: bybit_perpetual_testnet
market: ETH-USDT
leverage: 5
position_mode: Hedge
bid_spread: 1
ask_spread: 1
minimum_spread: 0.5
order_refresh_time: 15
order_refresh_tolerance_pct: 0.2
order_amount: 0.5
long_profit_taking_spread: 1
short_profit_taking_spread: 1
stop_loss_spread: 10
time_between_stop_loss_orders: 30
stop_loss_slippage_buffer: 0.7
price_ceiling: 5000
price_floor: 1000
order_override:
  order_1: [buy, 0.5, 100]
  order_2:
  - sell
  - 0.75
  - 2
"""


def importing(folder: Path, text: str) -> Imported:
    path = folder / "conf.yml"
    path.write_text(text)
    return imported(path)


def fields(result: Imported) -> set[str | None]:
    return {problem.field for problem in result.problems}


def test_template_5_becomes_a_run_file(tmp_path: Path) -> None:
    result = importing(tmp_path, TEMPLATE_5)
    assert not result.problems
    config = parse_config(result.text, "run.toml")
    assert (config.instrument.id, config.venue.name) == ("BTCUSDT-PERP.BINANCE", "BINANCE")
    assert not config.venue.backtest_only
    said = config.strategy.model_dump()
    assert said["behaviour"] == "safe"
    assert said["position_management"] == "Trailing_stop"
    assert said["order_amount"] == Decimal("0.001")
    assert said["add_transaction_costs"] is True


def test_template_6_becomes_a_run_file(tmp_path: Path) -> None:
    result = importing(tmp_path, TEMPLATE_6)
    assert not result.problems
    config = parse_config(result.text, "run.toml")
    assert (config.instrument.id, config.venue.testnet) == ("ETHUSDT-LINEAR.BYBIT", True)
    said = config.strategy.model_dump()
    assert said["stop_loss_slippage_buffer"] == Decimal("0.7")
    assert said["filled_order_delay"] == 60
    assert said["order_override"]["order_2"] == ("sell", Decimal("0.75"), Decimal(2))


@pytest.mark.parametrize("text", [TEMPLATE_5, TEMPLATE_6], ids=["5", "6"])
def test_every_key_of_the_template_is_accounted_for(tmp_path: Path, text: str) -> None:
    result = importing(tmp_path, text)
    template = text.split("template_version: ")[1][0]
    assert {fate.key for fate in result.fates} == TEMPLATES[template]
    defaulted = {fate.key for fate in result.fates if "Hummingbot's default" in fate.note}
    blank = {fate.key for fate in result.fates if fate.given is None}
    assert defaulted == blank
    assert all(fate.to for fate in result.fates if fate.value)


def test_the_table_says_where_a_key_went_and_what_differs(tmp_path: Path) -> None:
    fates = {fate.key: fate for fate in importing(tmp_path, TEMPLATE_5).fates}
    spread = fates["bid_spread"]
    assert (spread.given, spread.to, spread.value, spread.unit) == ("0.1", "strategy.bid_spread", "0.1", "%")
    assert "Hummingbot" in fates["filled_order_delay"].note
    assert fates["order_refresh_tolerance_pct"].value == "0"


UNMAPPED = {
    "unknown key": ("bid_spread: 1", "bid_spread: 1\nkill_switch_enabled: true", "kill_switch_enabled"),
    "unknown connector": ("bybit_perpetual_testnet", "bitmex_perpetual", "derivative"),
    "spot connector": ("bybit_perpetual_testnet", "binance", "derivative"),
    "no connector": ("bybit_perpetual_testnet", "", "derivative"),
    "unknown template": ("template_version: 6", "template_version: 9", "template_version"),
    "the same key twice": ("bid_spread: 1", "bid_spread: 1\nbid_spread: 2", "bid_spread"),
    "ceiling below floor": ("price_ceiling: 5000", "price_ceiling: 500", "price_ceiling"),
    "no external market": ("price_floor: 1000", "price_source: external_market", "price_source"),
    "no address": ("price_floor: 1000", "price_source: custom_api", "price_source"),
    "custom without its source": ("price_floor: 1000", "price_type: custom", "price_type"),
    "no stop": ("stop_loss_spread: 10", "stop_loss_spread:", "stop_loss_spread"),
    "a key of the other generation": ("price_floor: 1000", "position_management: Trailing_stop", "position_management"),
}


@pytest.mark.parametrize("name", UNMAPPED)
def test_what_cannot_be_mapped_is_named_and_never_traded_live(tmp_path: Path, name: str) -> None:
    old, new, field = UNMAPPED[name]
    assert old in TEMPLATE_6
    result = importing(tmp_path, TEMPLATE_6.replace(old, new, 1))
    assert fields(result) == {field}
    config = parse_config(result.text, "run.toml")  # what --allow-unmapped writes is a run file nevertheless
    assert config.venue.backtest_only


def test_a_key_of_the_other_generation_that_says_its_default_is_no_problem(tmp_path: Path) -> None:
    assert not importing(tmp_path, TEMPLATE_6 + "hanging_orders_enabled: false\n").problems


REFUSED = {
    "spread of 0": ("bid_spread: 1", "bid_spread: 0", "bid_spread"),
    "no spread": ("bid_spread: 1", "bid_spread:", "bid_spread"),
    "words": ("leverage: 5", "leverage: five", "leverage"),
    "half a leverage": ("leverage: 5", "leverage: 2.5", "leverage"),
    "another strategy": ("strategy: perpetual_market_making", "strategy: pure_market_making", "strategy"),
    "no pair": ("market: ETH-USDT", "market: ETHUSDT", "market"),
    "another mode": ("position_mode: Hedge", "position_mode: hedge", "position_mode"),
    "a short override": ("order_1: [buy, 0.5, 100]", "order_1: [buy, 0.5]", "order_override.order_1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_hummingbot_would_not_take_either_is_refused_with_its_line(tmp_path: Path, name: str) -> None:
    old, new, field = REFUSED[name]
    with pytest.raises(ConfigError) as caught:
        importing(tmp_path, TEMPLATE_6.replace(old, new, 1))
    assert any(str(problem.field).startswith(field) and problem.line for problem in caught.value.problems)


@pytest.mark.parametrize("text", ["", "a: [1", "- 1\n- 2\n", "just words", "\tx: 1"])
def test_what_is_no_hummingbot_config_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="conf"):
        importing(tmp_path, text)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        imported(tmp_path / "none.yml")


CONTRACTS = {
    "binance_perpetual": "BTCUSDT-PERP.BINANCE",
    "bybit_perpetual": "BTCUSDT-LINEAR.BYBIT",
    "okx_perpetual": "BTC-USDT-SWAP.OKX",
    "hyperliquid_perpetual": "BTC-USDT-PERP.HYPERLIQUID",
    "dydx_v4_perpetual": "BTC-USDT-PERP.DYDX",
    "kraken_perpetual": "PF_XBTUSDT.KRAKEN",
    "deribit_perpetual": "BTC_USDT-PERPETUAL.DERIBIT",
}


@pytest.mark.parametrize("connector", CONTRACTS)
@pytest.mark.parametrize("suffix", ["", "_testnet"])
def test_known_connectors_give_their_contracts(tmp_path: Path, connector: str, suffix: str) -> None:
    text = TEMPLATE_5.replace("binance_perpetual", f"{connector}{suffix}".upper())  # Hummingbot lowers it at the start
    result = importing(tmp_path, text)
    assert not result.problems
    config = parse_config(result.text, "run.toml")
    assert config.instrument.id == CONTRACTS[connector]
    assert config.venue.testnet is (suffix != "")
