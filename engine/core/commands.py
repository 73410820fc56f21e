"""What the core can ask for. A command is a wish until an event says what became of it."""

from decimal import Decimal

import msgspec

from engine.core.trading import Trading
from engine.core.types import Action, Leg, OrderId, OrderType, PositionMode, Purpose, Side, leg_of


class Draft[Price: Decimal | None = Decimal | None](msgspec.Struct, frozen=True, kw_only=True):
    """An order as a strategy wants it, before risk has seen it and before it has a name.

    `price` is None only for MARKET; `level` counts from 0 at the inside of the ladder.
    """

    side: Side
    size: Decimal
    price: Price
    type: OrderType = OrderType.LIMIT
    action: Action = Action.OPEN
    purpose: Purpose = Purpose.QUOTE
    level: int = 0
    reduce_only: bool = False
    post_only: bool = False


class Submit(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="Submit"):
    """Send an order. Its fields are the draft's, with its client order id and the leg it acts on."""

    id: OrderId
    side: Side
    size: Decimal
    price: Decimal | None
    order_type: OrderType
    action: Action
    leg: Leg
    purpose: Purpose
    level: int
    reduce_only: bool
    post_only: bool


def submitted(draft: Draft, name: OrderId, mode: PositionMode) -> Submit:
    """The draft as an order, under the name that the core gives it."""
    return Submit(
        id=name,
        side=draft.side,
        size=draft.size,
        price=draft.price,
        order_type=draft.type,
        action=draft.action,
        leg=leg_of(mode, draft.side, draft.action),
        purpose=draft.purpose,
        level=draft.level,
        reduce_only=draft.reduce_only,
        post_only=draft.post_only,
    )


class Cancel(msgspec.Struct, frozen=True, tag_field="type", tag="Cancel"):
    """Ask for an order's end. `reason` is for readers: refresh, minimum_spread, take_profit, stop, ..."""

    id: OrderId
    reason: str


class SetLeverage(msgspec.Struct, frozen=True, tag_field="type", tag="SetLeverage"):
    leverage: int


class SetPositionMode(msgspec.Struct, frozen=True, tag_field="type", tag="SetPositionMode"):
    mode: PositionMode


type Command = Submit | Cancel | SetLeverage | SetPositionMode
type Wish = Draft | Cancel | SetLeverage | SetPositionMode  # what a strategy decides


class Refused(msgspec.Struct, frozen=True, tag_field="type", tag="Refused"):
    """A limit did its job: the order was not sent. No error."""

    draft: Draft
    limit: str  # the limit's key in the run file
    reason: str


class TradingChanged(msgspec.Struct, frozen=True, tag_field="type", tag="TradingChanged"):
    """A reason not to trade freely has come (`held`) or gone. `trading` is the state of the run after it."""

    limit: str  # the limit's key in the run file, or `user`
    held: bool
    trading: Trading
    reason: str


type Outcome = Submit | Cancel | SetLeverage | SetPositionMode | Refused | TradingChanged
