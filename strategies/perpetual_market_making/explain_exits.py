"""The plan for each position: where it would be closed, what arms its trail, when an exit may go, why none rests."""

from decimal import Decimal
from typing import Any

import msgspec

from engine.core.types import Action, Leg, Nanos, OrderId, Side, floor_to
from strategies.perpetual_market_making.parameters import Behaviour
from strategies.perpetual_market_making.proposal import at_least_minimum
from strategies.perpetual_market_making.rates import ONE
from strategies.perpetual_market_making.turn import Turn, closing_side


class LegPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Prices at which a position is taken over, None where that way out is off. A trail arms once the best price for
    the position reaches `trail_arms_at`; armed, it closes at `trail_closes_at`, which follows `trail_peak`.

    `stop_breached`: the stop's price was reached (`safe` remembers it until the leg is flat). `next_exit_ns`: no exit
    before it; None: at once. `exits`: those that work now; `no_exit`: why there is none.
    """

    leg: Leg
    size: Decimal
    entry: Decimal
    take_profit: Decimal | None
    stop: Decimal | None
    stop_breached: bool
    trail_arms_at: Decimal | None
    trail_armed: bool
    trail_peak: Decimal | None
    trail_closes_at: Decimal | None
    next_exit_ns: Nanos | None
    exits: tuple[OrderId, ...]
    no_exit: str | None


def leg_plans(policy: Any, turn: Turn) -> tuple[LegPlan, ...]:
    """`policy` is the strategy's own; its parameters and manner are read."""
    safe = policy.parameters.behaviour is Behaviour.SAFE
    return tuple(_plan(turn, safe, *held) for held in turn.held)


def _plan(turn: Turn, safe: bool, leg: Leg, size: Decimal, entry: Decimal) -> LegPlan:
    rates, sign = turn.rates, 1 if size > 0 else -1
    profit = rates.long_profit if sign > 0 else rates.short_profit
    stop = None if rates.stop is None else entry * (ONE - sign * rates.stop)
    armed, peak = _trail(turn, safe, leg, sign, entry)
    trails = rates.trailing and ((safe and rates.switches.legs_independent) or leg is turn.held[0][0])
    exits = tuple(
        w.order.id
        for w in turn.state.orders
        if w.order.action is Action.CLOSE and w.order.leg is leg and w.order.id not in turn.own.forgotten
    )
    plan = LegPlan(
        leg=leg,
        size=size,
        entry=entry,
        take_profit=None if rates.trailing else floor_to(entry * (ONE + sign * profit), turn.market.tick),
        stop=stop,
        stop_breached=leg in turn.own.stopped or _reached(turn, sign, stop, safe=safe),
        trail_arms_at=entry * (ONE + sign * rates.activation) if trails else None,
        trail_armed=trails and armed,
        trail_peak=peak if trails else None,
        trail_closes_at=peak * (ONE - sign * rates.callback) if trails and armed and peak is not None else None,
        next_exit_ns=_next_exit(turn, safe, closing_side(size)),
        exits=exits,
        no_exit=None,
    )
    return plan if exits else msgspec.structs.replace(plan, no_exit=_why_none(turn, safe, plan))


def _best(turn: Turn, sign: int) -> Decimal:
    """The best price that would take the position over."""
    return turn.market.bid if sign > 0 else turn.market.ask


def _reached(turn: Turn, sign: int, stop: Decimal | None, *, safe: bool) -> bool:
    price = _best(turn, sign)
    if safe and price.is_nan():  # where nobody would take it over, the other side's
        price = _best(turn, -sign)
    return stop is not None and not price.is_nan() and sign * (price - stop) <= 0


def _trail(turn: Turn, safe: bool, leg: Leg, sign: int, entry: Decimal) -> tuple[bool, Decimal | None]:
    """Whether it is armed, and from which peak it falls back."""
    if safe and turn.rates.switches.trail_from_entry:
        trail = turn.own.trails.get(leg)
        return (False, None) if trail is None else (trail.armed, trail.peak)
    price, peak = _best(turn, sign), turn.own.peak_bid if sign > 0 else turn.own.peak_ask
    if price.is_nan() or peak.is_nan():
        return False, None
    best = max(price, peak) if sign > 0 else min(price, peak)
    return sign * (best - entry * (ONE + sign * turn.rates.activation)) >= 0, None if peak == 0 else peak


def _next_exit(turn: Turn, safe: bool, side: Side) -> Nanos | None:
    if safe and turn.rates.switches.exits_unthrottled:
        return None
    next_ns = turn.own.next_buy_exit_ns if side is Side.BUY else turn.own.next_sell_exit_ns
    return next_ns if next_ns > turn.now else None


def _why_none(turn: Turn, safe: bool, plan: LegPlan) -> str:
    least, held = turn.state.instrument.min_size, abs(plan.size)
    sized = at_least_minimum(turn, held) if safe else floor_to(held, turn.state.instrument.step)
    if turn.state.stopping:
        return "the run is stopping"
    if sized <= 0:
        return f"{held} is less than the venue takes (steps of {turn.state.instrument.step}, at least {least})"
    if plan.next_exit_ns is not None:
        return f"filled_order_delay holds the next exit back until {plan.next_exit_ns}"
    if plan.leg in turn.own.awaited:
        return "an exit was cancelled and is confirmed: the next one goes with the next tick"
    if plan.stop_breached:
        return "the stop is reached: it goes with the next tick"
    if turn.rates.trailing:
        return _why_no_trail(plan)
    return f"take profit at {plan.take_profit} is sent once the position is in profit"


def _why_no_trail(plan: LegPlan) -> str:
    if plan.trail_arms_at is None:
        return "only the first position is trailed"
    if not plan.trail_armed:
        return f"the trail arms at {plan.trail_arms_at}"
    return f"the trail is armed and closes at {plan.trail_closes_at}"
