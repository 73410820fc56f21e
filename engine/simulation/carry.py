"""A position that a paper account brought along from before a restart, told to a simulated venue that knows nothing."""

from engine.core.commands import Submit
from engine.core.events import Held
from engine.core.types import Action, OrderType, Purpose, Side

PREFIX = "CARRIED-"  # of the ids of orders that are no part of the run


def carried_order(held: Held) -> Submit:
    """Fills at whatever price there is: only its size counts, the price and its fee are nobody's."""
    return Submit(
        id=f"{PREFIX}{held.leg}",
        side=Side.BUY if held.size > 0 else Side.SELL,
        size=abs(held.size),
        price=None,
        order_type=OrderType.MARKET,
        action=Action.OPEN,
        leg=held.leg,
        purpose=Purpose.FLATTEN,
        level=0,
        reduce_only=False,
        post_only=False,
    )
