"""What Hummingbot's config files of perpetual_market_making hold, and what becomes of each key here."""

from collections.abc import Callable
from typing import NamedTuple

from strategies.perpetual_market_making.switches import Switches

STRATEGY = "perpetual_market_making"

_BOTH = [
    "template_version",
    "strategy",
    "derivative",
    "market",
    "leverage",
    "position_mode",
    "bid_spread",
    "ask_spread",
    "minimum_spread",
    "order_refresh_time",
    "order_refresh_tolerance_pct",
    "order_amount",
    "long_profit_taking_spread",
    "short_profit_taking_spread",
    "stop_loss_spread",
    "price_ceiling",
    "price_floor",
    "order_levels",
    "order_level_amount",
    "order_level_spread",
    "filled_order_delay",
    "order_optimization_enabled",
    "ask_order_optimization_depth",
    "bid_order_optimization_depth",
    "price_source",
    "price_type",
    "price_source_derivative",
    "price_source_market",
    "price_source_custom_api",
    "custom_api_update_interval",
    "order_override",
]
_CLASSIC = [
    "position_management",
    "ts_activation_spread",
    "ts_callback_rate",
    "close_position_order_type",
    "ping_pong_enabled",
    "hanging_orders_enabled",
    "hanging_orders_cancel_pct",
    "add_transaction_costs",
    "take_if_crossed",
]
_HEAD = ["time_between_stop_loss_orders", "stop_loss_slippage_buffer"]

TEMPLATES: dict[str, frozenset[str]] = {"5": frozenset(_BOTH + _CLASSIC), "6": frozenset(_BOTH + _HEAD)}
KNOWN = frozenset(_BOTH + _CLASSIC + _HEAD)
PROMPTED = ("market", "leverage", "bid_spread", "ask_spread", "order_refresh_time", "order_amount")
"""Keys without a default: where they are blank Hummingbot asks, and so do we."""


class Connector(NamedTuple):
    """A venue that we know, and how its contracts are called."""

    venue: str
    symbol: Callable[[str, str], str]  # base, quote


def _bybit(base: str, quote: str) -> str:
    return f"{base}{quote}-{'INVERSE' if quote == 'USD' else 'LINEAR'}"


def _kraken(base: str, quote: str) -> str:
    return f"PF_{'XBT' if base == 'BTC' else base}{quote}"


def _deribit(base: str, quote: str) -> str:
    return f"{base}-PERPETUAL" if quote == "USD" else f"{base}_{quote}-PERPETUAL"


def _dashed(base: str, quote: str) -> str:
    return f"{base}-{quote}-PERP"


def joined(base: str, quote: str) -> str:
    return f"{base}{quote}-PERP"


CONNECTORS = {
    "binance": Connector("BINANCE", joined),
    "bybit": Connector("BYBIT", _bybit),
    "okx": Connector("OKX", lambda base, quote: f"{base}-{quote}-SWAP"),
    "hyperliquid": Connector("HYPERLIQUID", _dashed),
    "dydx_v4": Connector("DYDX", _dashed),
    "kraken": Connector("KRAKEN", _kraken),
    "deribit": Connector("DERIBIT", _deribit),
}
"""By the connector's name less `_perpetual` and `_testnet`."""


def _said(switch: str) -> str:
    return Switches.model_fields[switch].description or ""


DIFFERENCES: dict[str, str] = {
    "position_mode": _said("legs_independent"),
    "order_amount": _said("sizes_quantised"),
    "order_refresh_time": _said("leftovers_cancelled"),
    "order_refresh_tolerance_pct": _said("margin_added_back"),
    "filled_order_delay": _said("exits_unthrottled"),
    "order_optimization_enabled": _said("book_tolerant"),
    "long_profit_taking_spread": _said("exits_reduce_only"),
    "short_profit_taking_spread": _said("exits_reduce_only"),
    "ts_activation_spread": _said("trail_from_entry"),
    "ts_callback_rate": _said("trail_from_entry"),
    "stop_loss_spread": _said("stop_apart_from_take_profit"),
    "stop_loss_slippage_buffer": _said("stop_from_book"),
    "time_between_stop_loss_orders": _said("stop_from_book"),
    "close_position_order_type": _said("stop_from_book"),
    "take_if_crossed": "Works here; Hummingbot stops reading the file at this key.",
}
"""What behaviour safe does otherwise, by the key that it is about."""
