"""The parameters, in the units their users know: percent, seconds, base amounts, absolute prices.

Keys, defaults and ranges are Hummingbot's, of both generations (`versions`: a = classic, b = head).
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.core.types import PositionMode
from strategies.perpetual_market_making.switches import Switches


class Behaviour(StrEnum):
    CLASSIC = "classic"
    HEAD = "head"
    SAFE = "safe"


def _key(unit: str, versions: str, description: str, default: Any = ..., **limits: Any) -> Any:
    """One parameter: its unit and the generations that know it travel with it, for the reference page."""
    extra: dict[str, Any] = {"unit": unit, "versions": versions}
    return Field(default=default, description=description, json_schema_extra=extra, **limits)


def _asked(unit: str, versions: str, description: str, example: Any, **limits: Any) -> Any:
    """A parameter without a default: the user has to choose."""
    return _key(unit, versions, description, examples=[example], **limits)


class Parameters(BaseModel):
    """How the strategy quotes and how it closes a position; percent, seconds, base amounts."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    behaviour: Behaviour = _key("", "ours", "Whose decisions: classic (2021), head (2026) or safe.", Behaviour.SAFE)
    market: str = _asked("", "ab", "The contract, as BASE-QUOTE.", "BTC-USDT", min_length=1)
    leverage: int = _asked(
        "x", "ab", "Leverage set at the venue; it divides the margin an order needs.", 10, gt=0, le=1000
    )
    position_mode: PositionMode = _key(
        "", "ab", "One net position (One-way), or a long and a short leg (Hedge).", PositionMode.ONE_WAY
    )

    bid_spread: Decimal = _asked(
        "%", "ab", "How far below the reference the first buy stands.", Decimal("0.05"), gt=0, lt=100
    )
    ask_spread: Decimal = _asked(
        "%", "ab", "How far above the reference the first sell stands.", Decimal("0.05"), gt=0, lt=100
    )
    minimum_spread: Decimal = _key(
        "%",
        "ab",
        "A quote nearer to the reference than this is cancelled; -100 is off.",
        Decimal(-100),
        ge=-100,
        le=100,
    )
    order_refresh_time: Decimal = _asked("s", "ab", "Age at which quotes are replaced.", Decimal(30), gt=0)
    order_refresh_tolerance_pct: Decimal = _key(
        "%",
        "ab",
        "Quotes whose prices would move by no more than this stay; negative is off.",
        Decimal(0),
        ge=-10,
        le=10,
    )
    order_amount: Decimal = _asked("base", "ab", "Size of the first level.", Decimal("0.01"), gt=0)
    order_levels: int = _key("", "ab", "Levels a side.", 1, gt=0, le=1000)
    order_level_amount: Decimal = _key("base", "ab", "What each further level adds to the size.", Decimal(0))
    order_level_spread: Decimal = _key(
        "%", "ab", "What each further level adds to the spread.", Decimal(1), gt=0, lt=100
    )
    order_override: dict[str, tuple[str, Decimal, Decimal]] | None = _key(
        "",
        "ab",
        "Orders by name: [side, spread %, size]; they replace spreads, amounts and levels.",
        None,
        examples=[{"order_1": ["buy", Decimal("0.1"), Decimal("0.01")]}],
    )
    filled_order_delay: Decimal = _key("s", "ab", "Pause of quoting after a completed order.", Decimal(60), gt=0)
    price_ceiling: Decimal = _key("price", "ab", "No new buys at or above it; -1 is off.", Decimal(-1))
    price_floor: Decimal = _key("price", "ab", "No new sells at or below it; -1 is off.", Decimal(-1))
    ping_pong_enabled: bool = _key("", "a", "After a completed buy quote one buy less until a sell completes.", False)
    hanging_orders_enabled: bool = _key("", "a", "Keep the other side's quotes when one side completes.", False)
    hanging_orders_cancel_pct: Decimal = _key(
        "%", "a", "Distance from the reference at which a hanging order is cancelled.", Decimal(10), gt=0, lt=100
    )
    order_optimization_enabled: bool = _key("", "ab", "Step back to one tick in front of the depth named below.", False)
    ask_order_optimization_depth: Decimal = _key("base", "ab", "Asks to leave in front of the sell.", Decimal(0), ge=0)
    bid_order_optimization_depth: Decimal = _key("base", "ab", "Bids to leave in front of the buy.", Decimal(0), ge=0)
    add_transaction_costs: bool = _key("", "a", "Move quotes out by the maker fee.", False)
    take_if_crossed: bool | None = _key(
        "", "a", "Send quotes that would cross the book instead of dropping them.", None, examples=[True]
    )
    post_only: bool = _key("", "ours", "Send opening quotes post-only.", False)

    position_management: Literal["Profit_taking", "Trailing_stop"] = _key(
        "", "a", "How a position in profit is closed.", "Profit_taking"
    )
    long_profit_taking_spread: Decimal = _key(
        "%", "ab", "A long is closed this far above entry.", Decimal(0), ge=0, le=100
    )
    short_profit_taking_spread: Decimal = _key(
        "%", "ab", "A short is closed this far below entry.", Decimal(0), ge=0, le=100
    )
    ts_activation_spread: Decimal = _key("%", "a", "Profit at which the trail arms.", Decimal(0), ge=0, le=100)
    ts_callback_rate: Decimal = _key(
        "%", "a", "Retreat from the best price at which it exits.", Decimal(0), ge=0, le=100
    )
    stop_loss_spread: Decimal = _asked(
        "%",
        "ab",
        "Loss from entry at which the position is closed. Write 0 for no stop; classic and head read 0 as a stop at "
        "entry, as Hummingbot does.",
        Decimal("0.5"),
        ge=0,
        lt=101,
    )
    stop_loss_slippage_buffer: Decimal = _key(
        "%", "b", "How far through its price a stop is sent.", Decimal("0.5"), ge=0
    )
    time_between_stop_loss_orders: Decimal = _key("s", "b", "Age at which a stop is priced anew.", Decimal(60), gt=0)
    close_position_order_type: Literal["LIMIT", "MARKET"] = _key("", "a", "Type of trailing exits and stops.", "LIMIT")

    price_source: Literal["current_market", "external_market", "custom_api"] = _key(
        "", "ab", "Where the reference price comes from.", "current_market"
    )
    price_type: Literal["mid_price", "last_price", "last_own_trade_price", "best_bid", "best_ask", "custom"] = _key(
        "", "ab", "Which price of the source is the reference.", "mid_price"
    )
    price_source_derivative: str | None = _key(
        "", "ab", "Venue of the external market.", None, examples=["binance_perpetual"]
    )
    price_source_market: str | None = _key("", "ab", "Contract of the external market.", None, examples=["BTC-USDT"])
    price_source_custom_api: str | None = _key(
        "URL", "ab", "Where a bare number can be fetched.", None, examples=["http://localhost:8000/price"]
    )
    custom_api_update_interval: Decimal = _key("s", "ab", "How often it is fetched.", Decimal(5), ge=Decimal("0.5"))

    switches: Switches = _key("", "ours", "What safe does better than Hummingbot; one may be turned off.", Switches())
    exit_when_under_water: bool = _key("", "ours", "Option of safe: take profit at once, not only in profit.", False)
    quote_flat_leg: bool = _key("", "ours", "Option of safe: in Hedge mode quote the leg without a position.", False)

    @model_validator(mode="before")
    @classmethod
    def _without_stop(cls, given: Any) -> Any:
        """With `stop_explicit` off a missing stop is Hummingbot's: at the entry price."""
        if isinstance(given, dict) and "stop_loss_spread" not in given:
            switches = given.get("switches")
            if isinstance(switches, dict) and switches.get("stop_explicit") is False:
                return {**given, "stop_loss_spread": HUMMINGBOT_DEFAULTS["stop_loss_spread"]}
        return given

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems = tuple(_problems(self))
        if problems:
            raise ValueError("; ".join(problems))
        return self


OPTIONS = ("exit_when_under_water", "quote_flat_leg")

HOT = (
    "bid_spread",
    "ask_spread",
    "order_level_spread",
    "order_amount",
    "order_levels",
    "filled_order_delay",
    "price_ceiling",
    "price_floor",
)
"""What may be changed while running, as in Hummingbot; it acts at the next proposal."""


def with_changes(parameters: Parameters, values: Mapping[str, str]) -> Parameters:
    """The parameters with some changed while running. Raises ValueError, naming all that cannot be."""
    cold = [key for key in values if key not in HOT]
    if cold:
        raise ValueError(f"only {', '.join(HOT)} can be changed while running, not {', '.join(cold)}")
    return Parameters.model_validate(parameters.model_dump() | dict(values))


HUMMINGBOT_DEFAULTS = {"stop_loss_spread": Decimal(0)}
"""What Hummingbot takes for a blank key where we ask: for an importer that has said so, never silently."""


def _problems(p: Parameters) -> list[str]:
    """What no single field can know. Each sentence says what to write instead."""
    changed = (*p.switches.turned_off, *(name for name in OPTIONS if getattr(p, name)))
    external, polled = p.price_source == "external_market", p.price_source == "custom_api"
    wrong = {
        "price_ceiling must be -1 (off) or above 0": p.price_ceiling != -1 and p.price_ceiling <= 0,
        "price_floor must be -1 (off) or above 0": p.price_floor != -1 and p.price_floor <= 0,
        f"price_ceiling {p.price_ceiling} is below price_floor {p.price_floor}: swap them, or write -1 for the one not "
        "wanted": p.price_ceiling != -1 and p.price_ceiling < p.price_floor,
        "price_source external_market needs price_source_derivative and price_source_market": external
        and not (p.price_source_derivative and p.price_source_market),
        "price_source custom_api needs price_source_custom_api": polled and not p.price_source_custom_api,
        "price_type custom goes with price_source custom_api only": p.price_type == "custom" and not polled,
        f"switches and options belong to behaviour safe, not {p.behaviour}: leave out {', '.join(changed)}": changed
        and p.behaviour is not Behaviour.SAFE,
        f"only one switch or option may differ from safe at a time, not {', '.join(changed)}": len(changed) > 1,
    }
    return [sentence for sentence, is_wrong in wrong.items() if is_wrong]
