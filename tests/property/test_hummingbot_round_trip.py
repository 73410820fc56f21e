"""Any config that Hummingbot could hold is the same config after the import."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.config.hummingbot import imported
from engine.config.hummingbot_keys import PROMPTED, TEMPLATES
from engine.config.read import parse_config
from engine.config.tree import identity
from strategies.perpetual_market_making.parameters import Parameters


def numbers(low: str, high: str, places: int = 6) -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(low), Decimal(high), places=places)


spreads = numbers("0.000001", "99.999999")
percents = numbers("0", "100")
amounts = numbers("0.000001", "1000000")
seconds = numbers("0.001", "100000", places=3)
prices = st.just(Decimal(-1)) | numbers("0.0001", "1000000", places=4)
names = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=12).filter(
    lambda name: name == name.strip()
)
orders = st.tuples(st.sampled_from(["buy", "sell", "hold"]), numbers("-5", "5"), amounts).map(list)

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "market": st.sampled_from(["BTC-USDT", "ETH-USDC", "1000PEPE-USDT"]),
    "leverage": st.integers(1, 125),
    "position_mode": st.sampled_from(["One-way", "Hedge"]),
    "bid_spread": spreads,
    "ask_spread": spreads,
    "minimum_spread": numbers("-100", "100"),
    "order_refresh_time": seconds,
    "order_refresh_tolerance_pct": numbers("-10", "10"),
    "order_amount": amounts,
    "position_management": st.sampled_from(["Profit_taking", "Trailing_stop"]),
    "long_profit_taking_spread": percents,
    "short_profit_taking_spread": percents,
    "ts_activation_spread": percents,
    "ts_callback_rate": percents,
    "stop_loss_spread": percents,
    "close_position_order_type": st.sampled_from(["LIMIT", "MARKET"]),
    "time_between_stop_loss_orders": seconds,
    "stop_loss_slippage_buffer": percents,
    "price_ceiling": prices,
    "price_floor": prices,
    "ping_pong_enabled": st.booleans(),
    "order_levels": st.integers(1, 30),
    "order_level_amount": numbers("-100", "100"),
    "order_level_spread": spreads,
    "filled_order_delay": seconds,
    "hanging_orders_enabled": st.booleans(),
    "hanging_orders_cancel_pct": spreads,
    "order_optimization_enabled": st.booleans(),
    "ask_order_optimization_depth": amounts,
    "bid_order_optimization_depth": amounts,
    "add_transaction_costs": st.booleans(),
    "price_source": st.sampled_from(["current_market", "external_market", "custom_api"]),
    "price_type": st.sampled_from(
        ["mid_price", "last_price", "last_own_trade_price", "best_bid", "best_ask", "custom"]
    ),
    "price_source_derivative": st.sampled_from(["okx_perpetual", "kucoin"]),
    "price_source_market": st.sampled_from(["BTC-USDT", "BTC-USD"]),
    "price_source_custom_api": st.sampled_from(["https://example.org/price?of=BTC", 'http://localhost:80/"odd"#price']),
    "custom_api_update_interval": numbers("0.5", "600", places=1),
    "take_if_crossed": st.booleans(),
    "order_override": st.dictionaries(names, orders, min_size=1, max_size=4),
}
NEEDED = {*PROMPTED, "stop_loss_spread", "price_source_derivative", "price_source_market", "price_source_custom_api"}


@st.composite
def configs(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A template's number, and values for a part of its keys that fit together."""
    template = draw(st.sampled_from(["5", "6"]))
    left_out = draw(st.sets(st.sampled_from(sorted(TEMPLATES[template] & VALUES.keys() - NEEDED))))
    keys = sorted((TEMPLATES[template] & VALUES.keys()) - left_out)
    values = {key: draw(VALUES[key]) for key in draw(st.permutations(keys))}
    ceiling, floor = values.get("price_ceiling", Decimal(-1)), values.get("price_floor", Decimal(-1))
    if ceiling != -1 and ceiling < floor:
        values["price_ceiling"], values["price_floor"] = floor, ceiling
    if values.get("price_source") != "custom_api" and values.get("price_type") == "custom":
        values["price_type"] = "mid_price"
    return template, values


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(config=configs(), blanks=st.booleans())
def test_import_keeps_every_value(tmp_path: Path, config: tuple[str, dict[str, Any]], blanks: bool) -> None:
    template, values = config
    head = {"template_version": int(template), "strategy": "perpetual_market_making", "derivative": "binance_perpetual"}
    blank = TEMPLATES[template] - values.keys() - head.keys() if blanks else frozenset()
    (tmp_path / "conf.yml").write_text("".join(f"{key}: {said(value)}\n" for key, value in {**head, **values}.items()))
    with (tmp_path / "conf.yml").open("a") as file:
        file.writelines(f"{key}:\n" for key in sorted(blank))
    result = imported(tmp_path / "conf.yml")
    assert not result.problems
    read = parse_config(result.text, "run.toml")
    assert read.strategy.model_dump() == Parameters.model_validate({"behaviour": "safe", **values}).model_dump()
    assert identity(read)["strategy"]["name"] == "perpetual_market_making"
    fates = {fate.key: fate for fate in result.fates}
    assert fates.keys() == TEMPLATES[template]
    assert all(fates[key].given is not None for key in values)


def said(value: Any) -> str:
    """As Hummingbot saves it, or as a user may have typed it."""
    match value:
        case bool():
            return str(value).lower()
        case Decimal():
            return str(value)
        case dict():
            return "".join(
                f"\n  {said(name)}: [{side}, {spread}, {size}]" for name, (side, spread, size) in value.items()
            )
        case str():
            return json.dumps(value, ensure_ascii=False)  # a string of JSON is one of YAML
        case _:
            return str(value)
