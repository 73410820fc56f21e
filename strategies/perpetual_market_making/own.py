"""What the strategy remembers between events, and how a fact changes it."""

from decimal import Decimal

import msgspec

from engine.core.events import OrderFilled
from engine.core.state import State, Working
from engine.core.types import ZERO, Leg, Nanos, OrderId, OrderType, Side
from strategies.perpetual_market_making.rates import Rates

_replace = msgspec.structs.replace


class Trail(msgspec.Struct, frozen=True):
    """The best price since the fill (bid for a long, ask for a short); armed once it reached activation."""

    peak: Decimal
    armed: bool


class Calm(msgspec.Struct, frozen=True):
    """Ticks before `until_ns` change nothing while the best bid is above `bid_above` and the best ask below
    `ask_below`; None is no bound."""

    until_ns: Nanos
    bid_above: Decimal | None = None
    ask_below: Decimal | None = None


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """`create_ns` and `cancel_ns` are Hummingbot's two timers: quotes may be sent after the one and are replaced from
    the other on. `next_*_exit_ns` throttle exits where the behaviour does so.

    `forgotten`: exits that outlived their position and count as ordinary orders. `hanging`: quotes kept on purpose.
    `peak_bid`, `peak_ask`: Hummingbot's trail, which starts from the last tick without a position (0: there was none).
    `trails`, `stopped`, `awaited` and `walked` are by leg, in `safe`: the trail, stops that were breached, exits that
    wait for a cancel, and the price of the last stop that was cancelled where stops walk. `changed`: parameters that
    were changed while running, by key, as a run file writes them. `calm` says which ticks need no decision, as long as
    nothing else happens.
    """

    cancels_at_once: bool = False
    ready: bool = False
    unconfirmed_ticks: int = 0
    create_ns: Nanos = 0
    cancel_ns: Nanos = 0
    next_buy_exit_ns: Nanos = 0
    next_sell_exit_ns: Nanos = 0
    last_own_price: Decimal | None = None
    bought: int = 0
    sold: int = 0
    hanging: tuple[OrderId, ...] = ()
    forgotten: tuple[OrderId, ...] = ()
    flattened_ns: Nanos = -1
    peak_bid: Decimal = ZERO
    peak_ask: Decimal = ZERO
    trails: dict[Leg, Trail] = {}
    stopped: tuple[Leg, ...] = ()
    awaited: tuple[Leg, ...] = ()
    walked: dict[Leg, Decimal] = {}
    changed: dict[str, str] = {}
    calm: Calm | None = None


def after_fill(before: State[Own], own: Own, rates: Rates, fill: OrderFilled) -> Own:
    """A completed LIMIT order pauses quoting; a leg that is closed or turned round forgets its trail and its stop."""
    held = before.position(fill.leg).size
    left = held + fill.side * fill.size
    if held != 0 and held * left <= 0:
        own = _without_leg(own, fill.leg) if own.trails or own.walked or own.stopped or own.awaited else own
        if left == 0 and len(before.positions) == 1:
            own = _replace(own, flattened_ns=fill.ts_init)
    working = before.working(fill.id)
    if working is None or fill.id in own.hanging or not _completes(working, fill):
        return own
    create_ns = before.now + rates.delay_ns
    return _replace(
        own,
        create_ns=create_ns,
        cancel_ns=min(own.cancel_ns, create_ns),
        last_own_price=working.order.price,
        bought=own.bought + (fill.side is Side.BUY),
        sold=own.sold + (fill.side is Side.SELL),
        hanging=_hanging(before, fill) if rates.hanging else (),
    )


def _completes(working: Working, fill: OrderFilled) -> bool:
    """MARKET orders are not tracked: their completion starts no pause, in any behaviour."""
    return working.order.order_type is OrderType.LIMIT and working.filled + fill.size >= working.order.size


def _hanging(before: State[Own], fill: OrderFilled) -> tuple[OrderId, ...]:
    """The other side's working orders stay from now on. Those that are over need not be remembered."""
    kept = [w.order.id for w in before.orders if w.order.id in before.own.hanging]
    other = (w.order for w in before.orders if w.order.side is not fill.side)
    marked = [order.id for order in other if order.order_type is OrderType.LIMIT]
    return tuple(dict.fromkeys((*kept, *marked)))


def _without_leg(own: Own, leg: Leg) -> Own:
    return _replace(
        own,
        trails={key: trail for key, trail in own.trails.items() if key is not leg},
        walked={key: price for key, price in own.walked.items() if key is not leg},
        stopped=tuple(key for key in own.stopped if key is not leg),
        awaited=tuple(key for key in own.awaited if key is not leg),
    )
