"""What stood at a moment of a run: market, orders, position, plans, limits in use, and why there is no order."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from engine.core.margin import initial_margin, liquidation_price, maintenance_margin
from engine.core.position import notional, profit
from engine.core.risk import Limits
from engine.core.state import RATE_WINDOW_NS, State, Working, available, equity, valued
from engine.core.types import SECOND, ZERO, Leg, Nanos, Side
from engine.run.moments import Moment, Walk

PERCENT = Decimal(100)


def inspect(folder: Path, *, seq: int | None = None, at_ns: Nanos | None = None) -> dict[str, Any]:
    """Plain values: `*_ns` nanoseconds, `*_pct` percent, sizes and money exact. Without a place: the run's last entry.

    Raises JournalError where the run cannot be read, or has no such entry or time.
    """
    walk = Walk(folder)
    moment = walk.last(seq=seq, at_ns=at_ns)
    return described(walk, moment, moment.event.ts_init if at_ns is None else at_ns)


def described(walk: Walk, moment: Moment, now: Nanos) -> dict[str, Any]:
    """A moment of a run that was walked to, as `inspect` tells it."""
    state, event = moment.after, moment.record.event
    explained = _explained(walk, moment)
    return {
        "run": walk.journal.folder.name,
        "status": walk.journal.status.value,
        "seq": event.seq,
        "at_ns": now,
        "event": event.type,
        "market": _market(state),
        "orders": [_order(state, working, now) for working in state.orders],
        "positions": [_position(state, leg) for leg in state.positions],
        "account": _account(state),
        "strategy": explained,
        "trading": {"state": state.guard.trading.name, "held_by": [_outcome(hold) for hold in state.guard.holds]},
        "limits": _limits(walk.made.limits, state),
        "decided": [_outcome(outcome) for outcome in moment.outcomes],
        "same_code": walk.made.same_code,
        "diverged_at": walk.diverged_at,
    }


def _market(state: State[Any]) -> dict[str, Any] | None:
    tick = state.tick
    if tick is None:
        return None
    top = msgspec.structs.asdict(tick.top)
    return {**top, "mark": tick.mark, "last_trade": tick.last_trade, "tick_ns": tick.ts_event, "ready": tick.ready}


def _order(state: State[Any], working: Working, now: Nanos) -> dict[str, Any]:
    order, mid = working.order, None if state.tick is None else state.tick.top.mid
    away = None if mid is None or order.price is None else -order.side * (order.price - mid) / mid * PERCENT
    return {
        "id": order.id,
        "side": order.side.name,
        "price": order.price,
        "size": order.size,
        "filled": working.filled,
        "type": order.order_type.value,
        "action": order.action.value,
        "leg": order.leg.value,
        "purpose": order.purpose.value,
        "level": order.level,
        "age_seconds": (now - working.created_ns) / SECOND,
        "spread_pct": None if away is None else round(away, 6),
        "accepted": working.accepted,
        "cancel_requested_ns": working.cancel_requested_ns,
    }


def _position(state: State[Any], leg: Leg) -> dict[str, Any]:
    held, at = state.position(leg), state.price
    worth = None if at is None or held.entry is None else profit(state.instrument, held.size, held.entry, at)
    value = None if at is None else notional(state.instrument, held.size, at)
    return {"leg": leg.value, "size": held.size, "entry": held.entry, "unrealised_pnl": worth, "notional": value}


def _account(state: State[Any]) -> dict[str, Any]:
    """Realised before fees; fees as paid, rebates as received, funding received (negative: paid). `liquidation_price`
    is None where no price leads there."""
    books, price = valued(state), state.price
    return {
        "cash": books.cash,
        "equity": books.equity,
        "available": available(state),
        "realised_pnl": books.gained,
        "unrealised_pnl": -books.unrealised,
        "fees": books.fees,
        "rebates": -books.rebates,
        "funding": -books.funding,
        "initial_margin": None if price is None else initial_margin(state, price),
        "maintenance_margin": None if price is None else maintenance_margin(state, price),
        "liquidation_price": liquidation_price(state),
        "leverage": state.leverage,
        "position_mode": state.mode.value,
        "mode_confirmed": state.mode_confirmed,
    }


def _limits(limits: Limits, state: State[Any]) -> dict[str, dict[str, Any]]:
    """Each limit that is on: its value and what stands against it now."""
    worth, guard = equity(state), state.guard
    used = {
        "max_daily_loss": _fallen(guard.day_equity, worth),
        "max_drawdown": _fallen(guard.peak_equity, worth),
        "max_orders_unfilled": guard.unfilled,
        "max_order_rate": sum(ns > state.now - RATE_WINDOW_NS for ns in guard.sent_ns),
        "max_position": max((abs(worst) for worst in _worst(state)), default=ZERO),
        "max_open_orders": len(state.orders),
        "max_order_size": max((w.order.size for w in state.orders), default=ZERO),
        "max_order_notional": max(
            (notional(state.instrument, w.order.size, w.order.price) for w in state.orders if w.order.price),
            default=ZERO,
        ),
    }
    on = {name: getattr(limits, name) for name in type(limits).model_fields if name != "stop_policy"}
    return {
        name: {"limit": limit, "used": used.get(name)}
        for name, limit in on.items()
        if limit is not None and limit is not False
    }


def _fallen(before: Decimal | None, now: Decimal | None) -> Decimal | None:
    return None if before is None or now is None else before - now


def _worst(state: State[Any]) -> Iterator[Decimal]:
    """What each leg could come to on each side if all that can still fill did."""
    for leg in {*state.positions, *(w.order.leg for w in state.orders)}:
        for side in Side:
            growing = (
                w for w in state.orders if (w.order.leg, w.order.side) == (leg, side) and not w.order.reduce_only
            )
            yield state.position(leg).size + sum((side * w.leaves for w in growing), ZERO)


def _explained(walk: Walk, moment: Moment) -> dict[str, Any]:
    """The strategy's own word, after that of the limits where they had the last one."""
    state = moment.after
    said: dict[str, Any] = _outcome(walk.made.strategy.explain(walk.made.parameters, state))
    for side, key in ((Side.BUY, "no_bid"), (Side.SELL, "no_ask")):
        if said.get(key) and (last_word := walk.refused(side, moment.last_seq)):
            seq, refused = last_word
            said[key] = f"refused at entry {seq} by risk.{refused.limit}: {refused.reason}; then: {said[key]}"
    return said


def _outcome(outcome: Any) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(outcome, builtin_types=(Decimal,))
    return plain
