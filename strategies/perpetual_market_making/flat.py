"""A tick without a position, as classic and head do it."""

from collections.abc import Callable

from engine.core.types import Action
from strategies.perpetual_market_making.proposal import classic_proposal, head_proposal
from strategies.perpetual_market_making.quoting import Quotes
from strategies.perpetual_market_making.refresh import cancel_far_hanging, cancel_too_near, due, replace_aged, replenish
from strategies.perpetual_market_making.turn import Turn


def quote_classic(turn: Turn) -> None:
    _quote(turn, classic_proposal)
    if turn.rates.trailing:  # the peaks that the next position's trail starts from
        turn.remember(peak_bid=turn.market.bid, peak_ask=turn.market.ask)


def quote_head(turn: Turn) -> None:
    _quote(turn, head_proposal)


def _quote(turn: Turn, propose: Callable[[Turn], Quotes]) -> None:
    _forget_exits(turn)
    proposal = propose(turn) if due(turn) else None
    if turn.orders:
        replace_aged(turn, proposal)
        cancel_far_hanging(turn)
        cancel_too_near(turn)
    replenish(turn, proposal)


def _forget_exits(turn: Turn) -> None:
    """An exit that outlives its position is an ordinary order from now on, in the next position too."""
    forgotten = tuple(w.order.id for w in turn.orders if w.order.action is Action.CLOSE)
    if forgotten != turn.own.forgotten:
        turn.remember(forgotten=forgotten)
