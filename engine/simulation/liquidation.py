"""When a venue closes an account's positions, and with what. Cross margin, one instrument."""

from decimal import Decimal
from typing import Any

from engine.core.commands import Cancel, Command, Submit
from engine.core.margin import maintenance_margin
from engine.core.state import State, valued
from engine.core.types import Action, Leg, OrderType, Purpose, Side

PREFIX = "LIQUIDATION-"  # of the ids of the venue's own orders


def liquidation(state: State[Any]) -> tuple[Command, ...]:
    """What the venue does to the account on the state's latest tick: nothing, or end every order and position.

    It acts once equity (cash and what positions gained at the mark price, at the mid where no mark is known) is no more
    than the maintenance margin: the positions' notional at that price times the instrument's rate.
    """
    price = state.price
    if price is None or not state.positions or valued(state).equity > maintenance_margin(state, price):
        return ()
    return (
        *(Cancel(working.order.id, "liquidation") for working in state.orders),
        *(_close(state, leg, position.size) for leg, position in state.positions.items()),
    )


def _close(state: State[Any], leg: Leg, size: Decimal) -> Submit:
    return Submit(
        id=f"{PREFIX}{state.seq}-{leg}",
        side=Side.SELL if size > 0 else Side.BUY,
        size=abs(size),
        price=None,
        order_type=OrderType.MARKET,
        action=Action.CLOSE,
        leg=leg,
        purpose=Purpose.FLATTEN,
        level=0,
        reduce_only=True,
        post_only=False,
    )
