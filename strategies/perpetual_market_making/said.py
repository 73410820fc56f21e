"""What a user ought to hear before the first order: parameters without effect, and zeros that mean something."""

from collections.abc import Iterator

from engine.core.types import PositionMode
from strategies.perpetual_market_making.parameters import Behaviour, Parameters

FOREIGN = {Behaviour.CLASSIC: "b", Behaviour.HEAD: "a"}  # the generation whose own keys mean nothing here


def said_at_start(parameters: Parameters) -> tuple[str, ...]:
    """One sentence each, in the order of the parameters."""
    return (*_foreign(parameters), *_idle(parameters), *_stop_at_zero(parameters))


def _written(parameters: Parameters) -> set[str]:
    """Keys that the user gave a value other than its default."""
    fields = type(parameters).model_fields
    return {key for key in parameters.model_fields_set if getattr(parameters, key) != fields[key].default}


def _foreign(parameters: Parameters) -> Iterator[str]:
    version = FOREIGN.get(parameters.behaviour)
    written = _written(parameters)
    for key, field in type(parameters).model_fields.items():
        extra = field.json_schema_extra
        if key in written and isinstance(extra, dict) and extra["versions"] == version:
            yield f"{key} means nothing in behaviour {parameters.behaviour}"


def _idle(p: Parameters) -> Iterator[str]:
    written = _written(p)
    trailing = p.position_management == "Trailing_stop" and p.behaviour is not Behaviour.HEAD
    without_effect = {
        "long_profit_taking_spread": trailing and "with position_management Trailing_stop",
        "short_profit_taking_spread": trailing and "with position_management Trailing_stop",
        "ts_activation_spread": not trailing and "without position_management Trailing_stop",
        "ts_callback_rate": not trailing and "without position_management Trailing_stop",
        "hanging_orders_cancel_pct": not p.hanging_orders_enabled and "without hanging_orders_enabled",
        "ask_order_optimization_depth": not p.order_optimization_enabled and "without order_optimization_enabled",
        "bid_order_optimization_depth": not p.order_optimization_enabled and "without order_optimization_enabled",
        "order_optimization_enabled": p.order_levels > 1 and "with more than one order level",
        "order_level_amount": p.order_levels == 1 and "with one order level",
        "order_level_spread": p.order_levels == 1 and "with one order level",
        "quote_flat_leg": p.position_mode is not PositionMode.HEDGE and "in One-way mode",
        "price_type": p.price_source == "custom_api"
        and p.price_type not in ("custom", "last_own_trade_price")
        and "with price_source custom_api",
    }
    yield from (f"{key} means nothing {why}" for key, why in without_effect.items() if why and key in written)
    for name, (side, _, _) in (p.order_override or {}).items():
        if side not in ("buy", "sell"):
            yield f"order_override {name} is left out: its side is {side!r}, not 'buy' or 'sell'"


def _stop_at_zero(p: Parameters) -> Iterator[str]:
    if p.stop_loss_spread:
        return
    if p.behaviour is Behaviour.SAFE and p.switches.stop_explicit:
        yield "stop_loss_spread is 0: there is no stop loss"
    else:
        yield "stop_loss_spread is 0: a position is closed as soon as the market is not better than its entry"
