"""NautilusTrader's words as ours and ours as its: values in, values out, nothing decided.

`ts_event` is the venue's time and `ts_init` ours, as NautilusTrader stamps them. Prices, sizes and money pass as exact
decimals.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from nautilus_trader import model

from data.funding import next_settled
from engine.core.commands import Submit
from engine.core.errors import BrokenInvariantError
from engine.core.events import (
    AnyEvent,
    CancelRejected,
    FundingSettled,
    Held,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderRejected,
)
from engine.core.types import SECOND, ZERO, Action, Cover, Leg, Nanos, OrderId, OrderType, PositionMode, Side, TopOfBook
from engine.core.wire_ids import known_as, sent_as
from engine.simulation.carry import PREFIX as CARRIED
from engine.simulation.liquidation import PREFIX

SIDES = {Side.BUY: model.OrderSide.BUY, Side.SELL: model.OrderSide.SELL}
_MINUTE = 60 * SECOND
UNTOLD = frozenset(  # events that are no facts: an order on its way out, or a wish about it
    {model.OrderInitialized, model.OrderSubmitted, model.OrderPendingCancel, model.OrderPendingUpdate}
)
NO_TOP = TopOfBook(bid=None, bid_size=None, ask=None, ask_size=None)

type Levels = Mapping[Decimal, Decimal]  # price -> size, best first


def position_id(instrument_id: str, leg: Leg) -> model.PositionId | None:
    """The position that an order acts on, as Binance's adapter names it; None where there is one net position."""
    return None if leg is Leg.NET else model.PositionId(f"{instrument_id}-{leg}")


def leg_of_position(identity: model.PositionId | None, mode: PositionMode) -> Leg:
    if mode is PositionMode.ONE_WAY:
        return Leg.NET
    name = "" if identity is None else str(identity).rpartition("-")[2]
    if name not in (Leg.LONG, Leg.SHORT):
        raise BrokenInvariantError(f"a fill on position {identity}, which is neither the long nor the short leg")
    return Leg(name)


def client_order_id(order_id: OrderId, venue: str) -> model.ClientOrderId:
    """As the venue takes it."""
    return model.ClientOrderId(sent_as(order_id, venue))


def order_id_of(event: Any) -> OrderId:
    """Ours, of an order's event."""
    return known_as(str(event.client_order_id))


def reduces_only(order: Submit) -> bool:
    """NautilusTrader's flag. In Hedge a venue goes by the leg: its adapter derives that from the flag and drops it."""
    return order.reduce_only or (order.leg is not Leg.NET and order.action is Action.CLOSE)


def nautilus_order(order: Submit, venue: str, contract: Any, factory: Any) -> Any:
    """The order, under our id. `contract` is NautilusTrader's instrument, `factory` the strategy's order factory."""
    shared = {
        "instrument_id": contract.id,
        "order_side": SIDES[order.side],
        "quantity": model.Quantity.from_decimal_dp(order.size, contract.size_precision),
        "reduce_only": reduces_only(order),
        "client_order_id": client_order_id(order.id, venue),
    }
    if order.order_type is OrderType.MARKET:
        return factory.market(time_in_force=model.TimeInForce.IOC, **shared)
    if order.price is None:
        raise BrokenInvariantError(f"limit order {order.id} has no price")
    price = model.Price.from_decimal_dp(order.price, contract.price_precision)
    return factory.limit(price=price, post_only=order.post_only, **shared)


def fact_of(event: Any, mode: PositionMode, settlement: str) -> AnyEvent | None:
    """An order event as a fact; None for what says nothing new. `settlement` is the currency that fees must be in."""
    order_id = order_id_of(event)
    if order_id.startswith(CARRIED):
        return None
    if isinstance(event, model.OrderFilled):
        return _filled(event, order_id, mode, settlement)
    if order_id.startswith(PREFIX):
        return None
    times = {"ts_event": event.ts_event, "ts_init": event.ts_init}
    match event:
        case model.OrderAccepted():
            return OrderAccepted(id=order_id, venue_id=str(event.venue_order_id), **times)
        case model.OrderRejected():
            return OrderRejected(id=order_id, reason=event.reason, **times)
        case model.OrderDenied():
            return OrderRejected(id=order_id, reason=event.reason, denied=True, **times)
        case model.OrderCanceled():
            return OrderCanceled(id=order_id, reason=event.reason or "", **times)
        case model.OrderExpired():
            return OrderCanceled(id=order_id, reason="expired", **times)
        case model.OrderCancelRejected():
            return CancelRejected(id=order_id, reason=event.reason, **times)
        case _:
            return None


def _filled(event: Any, order_id: str, mode: PositionMode, settlement: str) -> OrderFilled:
    return OrderFilled(
        ts_event=event.ts_event,
        ts_init=event.ts_init,
        id=order_id,
        trade_id=str(event.trade_id),
        side=Side.BUY if event.is_buy else Side.SELL,
        leg=leg_of_position(event.position_id, mode),
        price=event.last_px.as_decimal(),
        size=event.last_qty.as_decimal(),
        fee=_money(event.commission, settlement) if event.commission is not None else ZERO,
        maker=event.liquidity_side == model.LiquiditySide.MAKER,
        liquidation=order_id.startswith(PREFIX),
    )


def cut_short(event: Any, order: Any) -> OrderCanceled | None:
    """The end of an order that the venue cut to the position it reduces, with the fill or change that ended it."""
    if order is None or order.status != model.OrderStatus.FILLED or order.filled_qty >= order.init_event.quantity:
        return None
    return OrderCanceled(
        id=order_id_of(event),
        reason="cut to the position that it reduces",
        ts_event=event.ts_event,
        ts_init=event.ts_init,
    )


def funding_of(adjustment: Any, mode: PositionMode, settlement: str) -> FundingSettled | None:
    """What a position received (paid, if negative) as funding; None for an adjustment of another kind."""
    if adjustment.adjustment_type != model.PositionAdjustmentType.FUNDING:
        return None
    return FundingSettled(
        ts_event=adjustment.ts_event,
        ts_init=adjustment.ts_init,
        leg=leg_of_position(adjustment.position_id, mode),
        amount=_money(adjustment.pnl_change, settlement),
    )


def balance_of(account: Any, currency: Any) -> Decimal | None:
    total = account and account.balance_total(currency)
    return None if total is None else total.as_decimal()


def held_of(positions: Iterable[Any], mode: PositionMode) -> Iterator[Held]:
    for position in positions:
        size = position.quantity.as_decimal()
        signed = size if position.is_long else -size
        yield Held(leg=leg_of_position(position.id, mode), size=signed, entry=Decimal(str(position.avg_px_open)))


def top_of_quote(quote: Any) -> TopOfBook:
    """A quote's two sides. A side of no size is a side that the book does not have."""
    if quote is None:
        return NO_TOP
    bid_size, ask_size = quote.bid_size.as_decimal(), quote.ask_size.as_decimal()
    return TopOfBook(
        bid=quote.bid_price.as_decimal() if bid_size else None,
        bid_size=bid_size or None,
        ask=quote.ask_price.as_decimal() if ask_size else None,
        ask_size=ask_size or None,
    )


def top_of_sides(bids: Levels, asks: Levels) -> TopOfBook:
    bid, ask = next(iter(bids), None), next(iter(asks), None)
    return TopOfBook(
        bid=bid,
        bid_size=None if bid is None else bids[bid],
        ask=ask,
        ask_size=None if ask is None else asks[ask],
    )


def cover(side: Side, size: Decimal, levels: Levels) -> Cover:
    """The first level of a side (best first) at which the cumulative size reaches `size`."""
    reached = ZERO
    for price, shown in levels.items():
        reached += shown
        if reached >= size:
            return Cover(side, size, price)
    return Cover(side, size, None)


def _money(money: Any, settlement: str) -> Decimal:
    if money.currency.code != settlement:
        raise BrokenInvariantError(f"{money} is not in {settlement}, the currency of the account")
    amount: Decimal = money.as_decimal()
    return amount


def timer_start(first_ns: Nanos) -> Nanos:
    """Where a timer of 1 s starts so that it fires first on the first epoch second at or after `first_ns`."""
    return -(-first_ns // SECOND) * SECOND - SECOND


def settles_at(rate: Any) -> Nanos | None:
    """The settlement that a funding rate announces."""
    if rate is None or rate.next_funding_ns is not None:
        return None if rate is None else rate.next_funding_ns
    return next_settled(rate.ts_event, rate.interval * _MINUTE) if rate.interval else None


def funding_due(rate: Any, now: Nanos) -> Nanos | None:
    """One nanosecond after the settlement that a funding rate announces; None if it announces none."""
    boundary = settles_at(rate)
    return None if boundary is None else max(boundary, now) + 1
