"""What the strategy will do next and why it does nothing now, read off its state: pure, and nothing is decided here."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from engine.core.state import State, Working, available
from engine.core.types import ZERO, Action, Leg, Nanos, OrderType, Side
from strategies.perpetual_market_making.explain_exits import LegPlan, leg_plans
from strategies.perpetual_market_making.market import seen
from strategies.perpetual_market_making.own import Own
from strategies.perpetual_market_making.parameters import Behaviour, Parameters
from strategies.perpetual_market_making.proposal import fronts, margin_back, worth_sending
from strategies.perpetual_market_making.quoting import (
    Quotes,
    affordable,
    in_band,
    laddered,
    optimised,
    passive,
    ping_ponged,
    rungs,
    with_costs,
)
from strategies.perpetual_market_making.rates import Level
from strategies.perpetual_market_making.refresh import unhung
from strategies.perpetual_market_making.strategy import PerpetualMarketMaking
from strategies.perpetual_market_making.turn import Turn


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """`reference` is the price that quotes are centred on. New quotes are sent on the first tick after
    `next_quotes_ns`, those that rest are replaced from `next_refresh_ns` on. `no_bid` and `no_ask`: why no quote of
    that side rests; None where one does."""

    reference: Decimal | None
    next_quotes_ns: Nanos
    next_refresh_ns: Nanos
    no_bid: str | None
    no_ask: str | None
    legs: tuple[LegPlan, ...]


NOT_POSITIVE = "its price would not be above 0"
NEXT_TICK = "the next tick will quote it"


def explain(parameters: Parameters, state: State[Own]) -> Explained:
    """Total: any state can be explained, also one before the first tick."""
    policy = PerpetualMarketMaking(parameters).in_force(state.own)
    turn = turn_of(policy, state)
    reference = None if turn is None or turn.market.reference.is_nan() else turn.market.reference
    return Explained(
        reference=reference,
        next_quotes_ns=state.own.create_ns,
        next_refresh_ns=state.own.cancel_ns,
        no_bid=why_no_quote(policy, state, turn, Side.BUY),
        no_ask=why_no_quote(policy, state, turn, Side.SELL),
        legs=() if turn is None else leg_plans(policy, turn),
    )


def turn_of(policy: PerpetualMarketMaking, state: State[Own]) -> Turn | None:
    """What a decision at the state's latest tick has before it; None where there was no tick."""
    if state.tick is None:
        return None
    own, tick = state.own, state.tick
    market = seen(tick, policy.rates, state.instrument.tick, own.last_own_price, policy.manner.read)
    return Turn(state, own, policy.rates, market, tick.at_ns)


def why_no_quote(policy: PerpetualMarketMaking, state: State[Own], turn: Turn | None, side: Side) -> str | None:
    if any(w.order.side is side and w.order.action is Action.OPEN for w in state.orders):
        return None
    return next((why for why in _obstacles(policy, state, turn, side) if why), NEXT_TICK)


def _obstacles(policy: PerpetualMarketMaking, state: State[Own], turn: Turn | None, side: Side) -> Iterator[str | None]:
    """In the order in which a decision meets them."""
    yield "the run is stopping" if state.stopping else None
    yield from (f"held back by {hold.limit}: {hold.reason}" for hold in state.guard.holds)
    if turn is None or state.tick is None:
        yield "there was no tick yet"
        return
    hummingbot = policy.manner.of_hummingbot
    waits = policy.manner.waits_for_mode and not state.mode_confirmed
    yield "the venue has not confirmed the position mode" if waits else None
    unready = not state.tick.ready and not (state.own.ready and hummingbot)
    yield "the market feed or the venue is not ready" if unready else None
    yield _held_back(turn, side)
    yield _waits_for_orders(turn)
    if state.own.create_ns >= state.now:
        yield f"paused until {state.own.create_ns}: filled_order_delay after a completed order, or order_refresh_time"
    yield from _left_out(policy, turn, side)


def _held_back(turn: Turn, side: Side) -> str | None:
    state = turn.state
    if not state.positions:
        return None
    leg = Leg.LONG if side is Side.BUY else Leg.SHORT
    if turn.rates.quote_flat_leg and leg not in state.positions:
        return None
    held = ", ".join(f"{name} {position.size}" for name, position in state.positions.items())
    return f"a position is held ({held}): only its exits are sent until it is closed"


def _waits_for_orders(turn: Turn) -> str | None:
    """A set of quotes is sent whole: not beside orders of the last one."""
    resting = [w for w in unhung(turn) if _hinders(turn, w)]
    if not resting:
        return None
    asked = all(w.cancel_requested_ns is not None for w in resting)
    names = ", ".join(w.order.id for w in resting)
    if asked:
        return f"waits until the venue confirms the cancel of {names}"
    return f"waits until {names} is gone: quotes are replaced together, at {turn.own.cancel_ns} or later"


def _hinders(turn: Turn, working: Working) -> bool:
    """With `quote_flat_leg` only orders of the flat legs' opening sides count."""
    if working.order.order_type is not OrderType.LIMIT:
        return False
    return not turn.state.positions or working.order.action is Action.OPEN


def _left_out(policy: PerpetualMarketMaking, turn: Turn, side: Side) -> Iterator[str | None]:
    """The step of the proposal at which the side's last quote goes."""
    if turn.market.reference.is_nan():
        yield "there is no reference price: a side of the book is empty"
        return
    try:
        for why, quotes in _stages(policy, turn, side):
            if not any(each.side is side for each in quotes):
                yield why
                return
    except ArithmeticError:
        yield "the tick fails, as Hummingbot's does: the book lacks a price that this config needs"


def _stages(policy: PerpetualMarketMaking, turn: Turn, side: Side) -> Iterator[tuple[str, Quotes | tuple[Level, ...]]]:
    """The steps of `proposal`, each with what it means if nothing of a side is left after it."""
    rates, market, state = turn.rates, turn.market, turn.state
    safe = policy.parameters.behaviour is Behaviour.SAFE
    whole = rates.switches.sizes_quantised if safe else policy.parameters.behaviour is Behaviour.HEAD
    step = state.instrument.step
    levels = rungs(rates, state.instrument, whole)
    yield f"its sizes come to nothing in steps of {step} and a minimum of {state.instrument.min_size}", levels
    quotes = laddered(levels, market)
    yield NOT_POSITIVE, quotes
    quotes = in_band(quotes, rates, market.reference)
    name = "price_ceiling" if side is Side.BUY else "price_floor"
    yield f"{name}: the reference {market.reference} is beyond {rates.ceiling if side > 0 else rates.floor}", quotes
    if rates.ping_pong:
        own = turn.own
        even = own.bought == own.sold
        quotes = ping_ponged(quotes, 0 if even else own.bought, 0 if even else own.sold)
        yield f"ping_pong_enabled: {own.bought} buys and {own.sold} sells completed", quotes
    if rates.optimised:
        quotes = optimised(quotes, market, fronts(state, rates), tolerant=rates.book_tolerant)
    if rates.costs:
        quotes = with_costs(quotes, state.instrument.maker_fee, market.tick)
    if safe:
        quotes = tuple(q for q in quotes if q.price > 0)
        yield NOT_POSITIVE, quotes
        quotes = tuple(q for q in quotes if not whole or worth_sending(turn, q))
        yield f"its value is below the venue's minimum of {state.instrument.min_notional}", quotes
    free = available(state) + (margin_back(turn) if safe else ZERO)
    quotes = affordable(quotes, state, free, rebates=policy.parameters.behaviour is Behaviour.HEAD)
    yield f"its margin is more than the {free} {state.instrument.settlement} that are free", quotes
    if not rates.keep_takers:
        yield "its price would trade at once", passive(quotes, market)
