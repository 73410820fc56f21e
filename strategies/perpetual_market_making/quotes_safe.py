"""Safe, quoting: as Hummingbot quotes, but what has outlived its reason goes at once, and a book that cannot be priced
only means no new quotes."""

from engine.core.state import Working
from engine.core.types import ZERO, Action, Leg, PositionMode, Side
from strategies.perpetual_market_making.proposal import safe_proposal
from strategies.perpetual_market_making.refresh import cancel_far_hanging, cancel_too_near, due, replace_aged, replenish
from strategies.perpetual_market_making.turn import Turn, closing_side

BOTH = frozenset(Side)


def quote(turn: Turn) -> None:
    """A tick without a position."""
    if turn.orders and turn.rates.switches.leftovers_cancelled:
        _cancel_leftovers(turn)
    _quote(turn, BOTH)
    if turn.rates.trailing and not turn.rates.switches.trail_from_entry:
        turn.remember(peak_bid=turn.market.bid, peak_ask=turn.market.ask)


def quote_beside(turn: Turn) -> None:
    """A tick with a position: quotes that would close it go; with `quote_flat_leg` a flat leg is quoted."""
    if turn.state.mode is PositionMode.ONE_WAY:
        _cancel_closing_side(turn)
        return
    flat = _flat_legs(turn)
    if turn.rates.switches.leftovers_cancelled:
        _cancel_of_flat_legs(turn, flat)
    if turn.rates.quote_flat_leg and flat:
        everything, turn.orders = turn.orders, quotes_beside(turn)
        _quote(turn, _opening(flat))
        turn.orders = everything


def quotes_beside(turn: Turn) -> list[Working]:
    """The quotes of the legs that are flat, in Hedge mode."""
    sides = _opening(_flat_legs(turn))
    return [w for w in turn.orders if w.order.action is Action.OPEN and w.order.side in sides]


def _flat_legs(turn: Turn) -> set[Leg]:
    return {leg for leg in (Leg.LONG, Leg.SHORT) if leg not in turn.state.positions}


def _opening(legs: set[Leg]) -> frozenset[Side]:
    return frozenset(Side.BUY if leg is Leg.LONG else Side.SELL for leg in legs)


def _quote(turn: Turn, sides: frozenset[Side]) -> None:
    proposal = safe_proposal(turn, sides) if due(turn) else None
    if turn.orders:
        replace_aged(turn, proposal)
        reference = turn.market.reference
        if not reference.is_nan() and reference > ZERO:
            cancel_far_hanging(turn)
            cancel_too_near(turn)
    replenish(turn, proposal)


def _cancel_leftovers(turn: Turn) -> None:
    """Exits, and quotes from before the position that is now closed; hanging orders stay."""
    for working in list(turn.orders):
        old = working.created_ns <= turn.own.flattened_ns and working.order.id not in turn.own.hanging
        if old or working.order.action is Action.CLOSE:
            turn.cancel(working, "leftover")


def _cancel_closing_side(turn: Turn) -> None:
    sides = {closing_side(size) for _, size, _ in turn.held}
    for working in list(turn.orders):
        if working.order.action is Action.OPEN and working.order.side in sides:
            turn.cancel(working, "closing_side")


def _cancel_of_flat_legs(turn: Turn, flat: set[Leg]) -> None:
    for working in list(turn.orders):
        order = working.order
        kept = turn.rates.quote_flat_leg or order.id in turn.own.hanging
        if order.leg in flat and (order.action is Action.CLOSE or not kept):
            turn.cancel(working, "leftover")
