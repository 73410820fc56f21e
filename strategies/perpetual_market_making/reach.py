"""How large a position its quotes can build."""

from decimal import Decimal

from engine.core.types import ZERO, PositionMode, Side
from strategies.perpetual_market_making.parameters import Parameters
from strategies.perpetual_market_making.rates import rates_of


def reach(parameters: Parameters) -> Decimal:
    """Base units, of all legs together: one side's whole ladder, in Hedge mode both, because new quotes wait until the
    position is closed. Twice that: a ladder that is being replaced can fill while its cancels are on their way, and the
    new one after it."""
    levels = rates_of(parameters).levels
    sides = [sum((level.size for level in levels if level.side is side), ZERO) for side in Side]
    once = sum(sides, ZERO) if parameters.position_mode is PositionMode.HEDGE else max(sides)
    return 2 * once
