"""When a venue closes an account's positions, and with what. Cross margin, one instrument."""

from decimal import Decimal
from typing import Any

from engine.core.commands import Cancel, Command, Submit
from engine.core.events import Tick
from engine.core.position import notional, profit
from engine.core.state import State
from engine.core.types import ZERO, Action, Leg, OrderType, Purpose, Side, TopOfBook

PREFIX = "LIQUIDATION-"  # of the ids of the venue's own orders


def liquidation(state: State[Any]) -> tuple[Command, ...]:
    """What the venue does to the account on the state's latest tick: nothing, or end every order and position.

    It acts once equity (cash and what positions gained at the mark price, at the mid where no mark is known) is no more
    than the maintenance margin: the positions' notional at that price times the instrument's rate.
    """
    price = None if state.tick is None else _price(state.tick)
    if price is None or not state.positions or _equity(state, price) > _maintenance(state, price):
        return ()
    return (
        *(Cancel(working.order.id, "liquidation") for working in state.orders),
        *(_close(state, leg, position.size) for leg, position in state.positions.items()),
    )


def _price(tick: Tick) -> Decimal | None:
    return tick.mark if tick.mark is not None else _mid(tick.top)


def _mid(top: TopOfBook) -> Decimal | None:
    return None if top.bid is None or top.ask is None else (top.bid + top.ask) / 2


def _equity(state: State[Any], price: Decimal) -> Decimal:
    held = ((p.size, p.entry) for p in state.positions.values())
    gained = (profit(state.instrument, size, entry, price) for size, entry in held if entry is not None)
    return state.ledger.cash + sum(gained, ZERO)


def _maintenance(state: State[Any], price: Decimal) -> Decimal:
    held = (notional(state.instrument, position.size, price) for position in state.positions.values())
    return sum(held, ZERO) * state.instrument.margin_maint


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
