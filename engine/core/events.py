"""The closed union of facts: all that a decision can depend on arrives as one of these.

Every event has `ts_event`, the venue's time, and `ts_init`, ours (both ns). An event is written to the journal before
the commands that follow from it leave, and decodes from there to an equal value.
"""

from decimal import Decimal

import msgspec

from engine.core.types import Cover, Instrument, Leg, Nanos, OrderId, PositionMode, Side, TopOfBook


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    ts_event: Nanos
    ts_init: Nanos

    @property
    def at_ns(self) -> Nanos:
        """When what follows from it is decided, by our clock."""
        return self.ts_init


class Held(msgspec.Struct, frozen=True):
    """A position at the start: signed size and entry price."""

    leg: Leg
    size: Decimal
    entry: Decimal


class Started(Event, frozen=True, kw_only=True, tag="Started"):
    """The first event of a run. `run` is the manifest's hash: order ids come from it.

    `balance` is in the settlement currency. `reserves_margin`: whether resting orders and positions take from what is
    available. `mode_confirmed`: the venue already is in the wanted position mode and at the wanted leverage.
    `cancels_at_once`: a cancel is answered while it is being sent, so that what follows it in the same tick may count
    on it (Hummingbot re-reads its orders after each cancel).
    """

    run: str
    instrument: Instrument
    mode: PositionMode
    leverage: int
    balance: Decimal
    reserves_margin: bool = True
    mode_confirmed: bool = True
    cancels_at_once: bool = False
    positions: tuple[Held, ...] = ()


class Tick(Event, frozen=True, kw_only=True, tag="Tick", omit_defaults=True):
    """The strategy's heartbeat, once a second on the epoch second, with the market as it stands.

    `seen_ns` and `sent_ns` are our and the venue's time of the newest change of the book, where a limit asks for it.
    `covers` answers the policy's depth queries of this tick. `reference` is an external price source's, None without
    one. `ready` is False while the venue or the feed is not.
    """

    top: TopOfBook
    last_trade: Decimal | None = None
    mark: Decimal | None = None
    reference: Decimal | None = None
    covers: tuple[Cover, ...] = ()
    ready: bool = True
    seen_ns: Nanos | None = None
    sent_ns: Nanos | None = None

    @property
    def at_ns(self) -> Nanos:
        """The second itself: how late a timer fires decides nothing."""
        return self.ts_event

    @property
    def is_priced(self) -> bool:
        return self.mark is not None or (self.top.bid is not None and self.top.ask is not None)

    @property
    def price(self) -> Decimal | None:
        """What positions are valued at: the mark price, or the mid where none is known."""
        return self.top.mid if self.mark is None else self.mark


class OrderAccepted(Event, frozen=True, kw_only=True, tag="OrderAccepted"):
    id: OrderId
    venue_id: str


class OrderRejected(Event, frozen=True, kw_only=True, tag="OrderRejected"):
    """The venue did not take the order; `denied`: the host stopped it before it left."""

    id: OrderId
    reason: str
    denied: bool = False


class OrderCanceled(Event, frozen=True, kw_only=True, tag="OrderCanceled"):
    """The order is over without (further) fills: cancelled by us or by the venue, or expired."""

    id: OrderId
    reason: str = ""


class CancelRejected(Event, frozen=True, kw_only=True, tag="CancelRejected"):
    id: OrderId
    reason: str


class OrderFilled(Event, frozen=True, kw_only=True, tag="OrderFilled"):
    """A part or all of an order traded. `fee` is what we paid (a rebate is negative), in the settlement currency.

    An `id` that is not ours (a liquidation, an order placed by hand) still moves the position of `leg`.
    """

    id: OrderId
    trade_id: str
    side: Side
    leg: Leg
    price: Decimal
    size: Decimal
    fee: Decimal
    maker: bool
    liquidation: bool = False


class FundingSettled(Event, frozen=True, kw_only=True, tag="FundingSettled"):
    """Funding on a leg: `amount` is what we received (paid if negative), in the settlement currency."""

    leg: Leg
    amount: Decimal
    rate: Decimal | None = None
    mark: Decimal | None = None


class Transferred(Event, frozen=True, kw_only=True, tag="Transferred"):
    """Money came to the account from elsewhere, or went (negative): not the run's doing; settlement currency."""

    amount: Decimal
    reason: str


class EntryCorrected(Event, frozen=True, kw_only=True, tag="EntryCorrected"):
    """The venue's average entry of a leg: its trades were heard of in another order than they happened, as where one of
    somebody else's came between two of ours. What was realised more, or less, what is held has gained less, or more."""

    leg: Leg
    entry: Decimal


class LeverageConfirmed(Event, frozen=True, kw_only=True, tag="LeverageConfirmed"):
    leverage: int


class PositionModeConfirmed(Event, frozen=True, kw_only=True, tag="PositionModeConfirmed"):
    mode: PositionMode


class PositionModeFailed(Event, frozen=True, kw_only=True, tag="PositionModeFailed"):
    reason: str


class ParametersChanged(Event, frozen=True, kw_only=True, tag="ParametersChanged"):
    """The user changed parameters of the strategy while it runs: `values` by key, as the run file would write them. The
    host has made sure that the strategy takes them."""

    values: dict[str, str]


class Paused(Event, frozen=True, kw_only=True, tag="Paused"):
    """By hand: quotes are pulled, exits go on."""

    reason: str


class Halted(Event, frozen=True, kw_only=True, tag="Halted"):
    """By hand, or by the host before it stops: all that rests is cancelled, and with `flatten` positions are closed at
    the market once nothing of theirs can fill any more."""

    reason: str
    flatten: bool = False


class Resumed(Event, frozen=True, kw_only=True, tag="Resumed"):
    """By hand: all that held the run back is lifted; what still holds will say so at the next tick."""

    reason: str


class Resynced(Event, frozen=True, kw_only=True, tag="Resynced"):
    """The venue was asked, and told what its streams had not: `missed` says what. The facts themselves came before."""

    missed: str


class Stopping(Event, frozen=True, kw_only=True, tag="Stopping"):
    """The host is about to stop: what rests is cancelled, and nothing is decided any more."""

    reason: str


type AnyEvent = (
    Started
    | Tick
    | OrderAccepted
    | OrderRejected
    | OrderCanceled
    | CancelRejected
    | OrderFilled
    | FundingSettled
    | Transferred
    | EntryCorrected
    | LeverageConfirmed
    | PositionModeConfirmed
    | PositionModeFailed
    | ParametersChanged
    | Paused
    | Halted
    | Resumed
    | Resynced
    | Stopping
)
