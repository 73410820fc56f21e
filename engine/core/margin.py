"""What an account must hold for its positions, and at which price the venue takes them. Cross margin, one instrument,
one maintenance rate for every size: a venue's brackets, which ask for more of large positions, would go here."""

from decimal import Decimal
from typing import Any

from engine.core.position import Position, notional
from engine.core.state import State
from engine.core.types import ZERO


def initial_margin(state: State[Any], price: Decimal) -> Decimal:
    """What the positions bind: their value at a price over the leverage."""
    return (
        sum((notional(state.instrument, held.size, price) for held in state.positions.values()), ZERO) / state.leverage
    )


def maintenance_margin(state: State[Any], price: Decimal) -> Decimal:
    """The equity at which the venue takes the positions."""
    values = (notional(state.instrument, held.size, price) for held in state.positions.values())
    return sum(values, ZERO) * state.instrument.margin_maint


def liquidation_price(state: State[Any]) -> Decimal | None:
    """The price at which equity is no more than the maintenance margin; None where no price does that (flat, legs that
    cancel out, more cash than the position can lose).

    Linear, with n = size x multiplier: cash + sum n (p - entry) = rate x sum |n| p. Inverse contracts: the same in 1/p.
    """
    held = [position for position in state.positions.values() if position.entry is not None]
    signed, unsigned, cost = ZERO, ZERO, ZERO
    for position in held:
        contracts = position.size * state.instrument.multiplier
        signed += contracts
        unsigned += abs(contracts)
        cost += contracts / _entry(position) if state.instrument.inverse else contracts * _entry(position)
    bound = unsigned * state.instrument.margin_maint
    cash = state.ledger.cash
    above, below = (signed + bound, cash + cost) if state.instrument.inverse else (cost - cash, signed - bound)
    price = None if below == 0 else above / below
    return price if price is not None and price > 0 else None


def _entry(position: Position) -> Decimal:
    assert position.entry is not None
    return position.entry
