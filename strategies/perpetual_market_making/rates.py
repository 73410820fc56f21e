"""The parameters as the strategy computes with them: fractions, nanoseconds, and nothing that has no effect."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from engine.core.types import SECOND, OrderType, PositionMode, Side
from strategies.perpetual_market_making.parameters import Behaviour, Parameters
from strategies.perpetual_market_making.switches import Switches

ONE = Decimal(1)
PERCENT = Decimal(100)


class Level(msgspec.Struct, frozen=True):
    """A rung of the ladder: price = reference * factor. `number` counts from 0 at the inside."""

    side: Side
    factor: Decimal
    size: Decimal
    number: int
    checked: bool = False  # dropped where its price is not positive: Hummingbot does so with overrides, safe with all


class Rates(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """Derived once. `activation`, `callback` and so on are fractions; `*_ns` are durations; None is off.

    `levels`: buys before sells, each as written. `exits_age`: every exit is renewed at its age, not only a stop.
    `plain`: the reference is the mid of the book."""

    levels: tuple[Level, ...]
    post_only: bool
    refresh_ns: int
    tolerance: Decimal | None
    minimum_spread: Decimal | None
    delay_ns: int
    ceiling: Decimal | None
    floor: Decimal | None
    banded: bool
    ping_pong: bool
    hanging: bool
    hanging_cancel: Decimal
    optimised: bool
    ask_depth: Decimal
    bid_depth: Decimal
    costs: bool
    keep_takers: bool
    trailing: bool
    long_profit: Decimal
    short_profit: Decimal
    activation: Decimal
    callback: Decimal
    stop: Decimal | None
    buffer: Decimal
    renewal_ns: int
    exits_age: bool
    close_type: OrderType
    price_type: str
    last_price: Callable[[Decimal], Decimal]
    external: bool
    plain: bool
    under_water: bool
    quote_flat_leg: bool
    book_tolerant: bool
    switches: Switches


def rates_of(p: Parameters) -> Rates:
    """What a generation does not know is off in it."""
    classic = p.behaviour is not Behaviour.HEAD
    return Rates(
        levels=_override(p) if p.order_override else _ladder(p),
        post_only=p.post_only,
        refresh_ns=_ns(p.order_refresh_time),
        tolerance=p.order_refresh_tolerance_pct / PERCENT if p.order_refresh_tolerance_pct >= 0 else None,
        minimum_spread=_minimum_spread(p),
        delay_ns=_ns(p.filled_order_delay),
        ceiling=p.price_ceiling if p.price_ceiling > 0 else None,
        floor=p.price_floor if p.price_floor > 0 else None,
        banded=p.price_ceiling > 0 or p.price_floor > 0,
        ping_pong=classic and p.ping_pong_enabled,
        hanging=classic and p.hanging_orders_enabled,
        hanging_cancel=p.hanging_orders_cancel_pct / PERCENT,
        optimised=p.order_optimization_enabled and p.order_levels == 1,
        ask_depth=p.ask_order_optimization_depth,
        bid_depth=p.bid_order_optimization_depth,
        costs=classic and p.add_transaction_costs,
        keep_takers=classic and bool(p.take_if_crossed),
        trailing=classic and p.position_management == "Trailing_stop",
        long_profit=p.long_profit_taking_spread / PERCENT,
        short_profit=p.short_profit_taking_spread / PERCENT,
        activation=p.ts_activation_spread / PERCENT,
        callback=p.ts_callback_rate / PERCENT,
        stop=_stop(p),
        buffer=p.stop_loss_slippage_buffer / PERCENT,
        renewal_ns=_ns(p.time_between_stop_loss_orders),
        exits_age=p.behaviour is Behaviour.HEAD or not p.switches.stop_apart_from_take_profit,
        close_type=OrderType(p.close_position_order_type) if classic else OrderType.LIMIT,
        price_type=p.price_type,
        last_price=_exactly if p.behaviour is Behaviour.SAFE else _through_float,
        external=p.price_source != "current_market",
        plain=p.price_source == "current_market" and p.price_type == "mid_price",
        under_water=p.exit_when_under_water,
        quote_flat_leg=p.quote_flat_leg and p.position_mode is PositionMode.HEDGE,
        book_tolerant=p.behaviour is Behaviour.SAFE and p.switches.book_tolerant,
        switches=p.switches,
    )


def _exactly(price: Decimal) -> Decimal:
    return price


def _through_float(price: Decimal) -> Decimal:
    """Both Hummingbots expand the float of the last trade in full, which can cost a tick once it is rounded down."""
    return Decimal(float(price))


def _ns(seconds: Decimal) -> int:
    return int(seconds * SECOND)


def _stop(p: Parameters) -> Decimal | None:
    """An explicit 0 is off in `safe`; Hummingbot reads it as a stop at entry."""
    spread = p.stop_loss_spread / PERCENT
    return None if spread == 0 and p.behaviour is Behaviour.SAFE and p.switches.stop_explicit else spread


def _minimum_spread(p: Parameters) -> Decimal | None:
    """-100 is off in `safe`; Hummingbot cancels a buy even then, once the price has halved."""
    return None if p.minimum_spread == -PERCENT and p.behaviour is Behaviour.SAFE else p.minimum_spread / PERCENT


def _ladder(p: Parameters) -> tuple[Level, ...]:
    bid, ask, more = p.bid_spread / PERCENT, p.ask_spread / PERCENT, p.order_level_spread / PERCENT
    numbers, checked = range(p.order_levels), p.behaviour is Behaviour.SAFE
    sizes = [p.order_amount + p.order_level_amount * k for k in numbers]
    buys = (Level(Side.BUY, ONE - bid - k * more, sizes[k], k, checked) for k in numbers)
    sells = (Level(Side.SELL, ONE + ask + k * more, sizes[k], k, checked) for k in numbers)
    return (*buys, *sells)


def _override(p: Parameters) -> tuple[Level, ...]:
    """A side that is neither buy nor sell is left out."""
    written = (p.order_override or {}).values()
    return tuple(
        Level(side, ONE - side * spread / PERCENT, size, number, checked=True)
        for side, name in ((Side.BUY, "buy"), (Side.SELL, "sell"))
        for number, (spread, size) in enumerate((spread, size) for each, spread, size in written if each == name)
    )
