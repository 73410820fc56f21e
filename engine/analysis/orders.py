"""The life of each order, and our best quotes, folded from what was asked and what the venue said."""

import msgspec

from engine.analysis.frames import Table
from engine.core.commands import Cancel, Submit
from engine.core.events import AnyEvent, CancelRejected, OrderAccepted, OrderCanceled, OrderFilled, OrderRejected
from engine.core.types import OrderId, Purpose, Side

SIDE_WORDS = {Side.BUY: "buy", Side.SELL: "sell"}


class Life(msgspec.Struct):
    """An order as far as it is known. Times in ns."""

    order: Submit
    seq: int
    event_seq: int
    submitted: int
    accepted: int | None = None
    cancel_requested: int | None = None
    ended: int | None = None
    status: str = "in_flight"
    filled: float = 0.0
    fees: float = 0.0
    reason: str | None = None

    @property
    def leaves(self) -> float:
        return float(self.order.size) - self.filled

    @property
    def rests(self) -> bool:
        return self.status == "working" and self.order.price is not None


class Lives:
    """All orders of a run by id, and those that rest as quotes now."""

    def __init__(self) -> None:
        self.by_id: dict[OrderId, Life] = {}
        self._quoting: dict[OrderId, Life] = {}

    def submitted(self, order: Submit, *, seq: int, event_seq: int, at: int) -> None:
        self.by_id[order.id] = Life(order, seq, event_seq, at)

    def cancel_requested(self, cancel: Cancel, at: int) -> None:
        life = self.by_id.get(cancel.id)
        if life is not None and life.cancel_requested is None:
            life.cancel_requested, life.reason = at, cancel.reason

    def happened(self, event: AnyEvent) -> bool:
        """Fold an event in; whether it changed what rests."""
        life = self.by_id.get(event.id) if isinstance(event, _ABOUT_ORDERS) else None
        if life is None:
            return False
        _changed(life, event)
        if life.order.purpose is not Purpose.QUOTE:
            return False
        if life.rests:
            self._quoting[life.order.id] = life
        else:
            self._quoting.pop(life.order.id, None)
        return True

    def best(self) -> tuple[float | None, float | None, float | None, float | None]:
        """Our best bid, what is left of it, our best ask, what is left of it."""
        bids = [life for life in self._quoting.values() if life.order.side is Side.BUY]
        asks = [life for life in self._quoting.values() if life.order.side is Side.SELL]
        bid = max(bids, key=_price, default=None)
        ask = min(asks, key=_price, default=None)
        return (*_price_and_leaves(bid), *_price_and_leaves(ask))

    def into(self, table: Table) -> None:
        for life in self.by_id.values():
            table.add(*_row(life))


_ABOUT_ORDERS = (OrderAccepted, OrderRejected, OrderCanceled, OrderFilled, CancelRejected)


def _changed(life: Life, event: AnyEvent) -> None:
    at = event.ts_init
    match event:
        case OrderAccepted():
            life.accepted, life.status = at, "working"
        case OrderRejected():
            life.ended, life.reason = at, event.reason
            life.status = "denied" if event.denied else "rejected"
        case OrderCanceled():
            life.ended, life.status = at, "canceled"
            life.reason = life.reason or event.reason
        case OrderFilled():
            life.accepted = at if life.accepted is None else life.accepted
            life.filled += float(event.size)
            life.fees += float(event.fee)
            done = life.leaves <= float(life.order.size) * 1e-9
            if done:
                life.ended, life.status = at, "filled"
            elif life.status == "in_flight":
                life.status = "working"


def _price(life: Life) -> float:
    assert life.order.price is not None
    return float(life.order.price)


def _price_and_leaves(life: Life | None) -> tuple[float | None, float | None]:
    return (None, None) if life is None else (_price(life), life.leaves)


def _row(life: Life) -> tuple[object, ...]:
    order = life.order
    return (
        life.seq,
        life.event_seq,
        order.id,
        SIDE_WORDS[order.side],
        order.leg.value,
        order.action.value,
        order.purpose.value,
        order.level,
        order.order_type.value,
        None if order.price is None else float(order.price),
        float(order.size),
        life.submitted,
        life.accepted,
        life.cancel_requested,
        life.ended,
        life.status,
        life.filled,
        life.fees,
        life.reason,
    )
