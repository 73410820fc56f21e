"""Values to test with: plain ones to vary from, and hypothesis strategies of every event and command."""

from decimal import Decimal
from itertools import count
from typing import Any

import msgspec
from hypothesis import strategies as st

from engine.core.commands import (
    Cancel,
    Draft,
    Outcome,
    Refused,
    SetLeverage,
    SetPositionMode,
    Submit,
    TradingChanged,
    submitted,
)
from engine.core.events import (
    AnyEvent,
    CancelRejected,
    EntryCorrected,
    FundingSettled,
    Halted,
    Held,
    LeverageConfirmed,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderRejected,
    ParametersChanged,
    Paused,
    PositionModeConfirmed,
    PositionModeFailed,
    Resumed,
    Resynced,
    Started,
    Stopping,
    Tick,
    Transferred,
)
from engine.core.trading import Trading
from engine.core.types import Action, Cover, Instrument, Leg, OrderType, PositionMode, Purpose, Side, TopOfBook

LINEAR = Instrument(
    id="BTCUSDT-PERP.BINANCE",
    raw_symbol="BTCUSDT",
    venue="BINANCE",
    base="BTC",
    quote="USDT",
    settlement="USDT",
    tick=Decimal("0.1"),
    step=Decimal("0.001"),
    min_size=Decimal("0.001"),
    min_notional=Decimal(5),
    multiplier=Decimal(1),
    inverse=False,
    maker_fee=Decimal("0.0002"),
    taker_fee=Decimal("0.0005"),
    margin_init=Decimal("0.05"),
    margin_maint=Decimal("0.025"),
)
INVERSE = msgspec.structs.replace(
    LINEAR,
    id="BTCUSD_PERP.BINANCE",
    raw_symbol="BTCUSD_PERP",
    settlement="BTC",
    quote="USD",
    step=Decimal(1),
    min_size=Decimal(1),
    multiplier=Decimal(100),
    inverse=True,
)
START_NS = 1_700_000_000_000_000_000
RUN = "0123456789abcdef" * 4

_trades = count(1)  # a venue gives no two trades one id

type Strategy[T] = st.SearchStrategy[T]
type Amount = Decimal | str | int


def a_start(**changes: Any) -> Started:
    event = Started(
        ts_event=START_NS,
        ts_init=START_NS,
        run=RUN,
        instrument=LINEAR,
        mode=PositionMode.ONE_WAY,
        leverage=10,
        balance=Decimal(10_000),
    )
    return msgspec.structs.replace(event, **changes)


def a_tick(second: int = 0, bid: str | None = "100.0", ask: str | None = "100.1", **changes: Any) -> Tick:
    """A tick `second` seconds after the start, one unit on either side."""
    at = START_NS + second * 1_000_000_000
    top = TopOfBook(
        bid=None if bid is None else Decimal(bid),
        bid_size=None if bid is None else Decimal(1),
        ask=None if ask is None else Decimal(ask),
        ask_size=None if ask is None else Decimal(1),
    )
    return msgspec.structs.replace(Tick(ts_event=at, ts_init=at, top=top), **changes)


def a_fill(order_id: str, side: Side, size: str, price: str, **changes: Any) -> OrderFilled:
    event = OrderFilled(
        ts_event=START_NS,
        ts_init=START_NS,
        id=order_id,
        trade_id=f"{order_id}-t{next(_trades)}",
        side=side,
        leg=Leg.NET,
        price=Decimal(price),
        size=Decimal(size),
        fee=Decimal("0.01"),
        maker=True,
    )
    return msgspec.structs.replace(event, **changes)


def a_draft(side: Side = Side.BUY, size: str = "0.01", price: str | None = "100.0", **changes: Any) -> Draft:
    draft = Draft(side=side, size=Decimal(size), price=None if price is None else Decimal(price))
    return msgspec.structs.replace(draft, **changes)


def an_order(
    order_id: str,
    side: Side = Side.BUY,
    price: Decimal | str | int | None = 100,
    size: Decimal | str | int = 1,
    **changes: Any,
) -> Submit:
    """A quote; a MARKET order where it has no price."""
    draft = Draft(
        side=side,
        size=Decimal(size),
        price=None if price is None else Decimal(price),
        type=OrderType.LIMIT if price is not None else OrderType.MARKET,
    )
    return msgspec.structs.replace(submitted(draft, order_id, PositionMode.ONE_WAY), **changes)


def decimals(low: str, high: str, places: int) -> Strategy[Decimal]:
    return st.decimals(Decimal(low), Decimal(high), places=places, allow_nan=False, allow_infinity=False)


sides = st.sampled_from(Side)
legs = st.sampled_from(Leg)
prices = decimals("0.1", "200000", 1)
sizes = decimals("0.001", "50", 3)
money = decimals("-100000", "100000", 8)
ids = st.sampled_from([f"{RUN[:12]}-{seq}-{n}" for seq in (2, 5, 9) for n in (0, 1)] + ["theirs"])
words = st.text(max_size=12)
stamps = st.integers(0, 2**62)
tops = st.builds(
    TopOfBook, bid=st.none() | prices, bid_size=st.none() | sizes, ask=st.none() | prices, ask_size=st.none() | sizes
)
covers = st.builds(Cover, side=sides, size=sizes, price=st.none() | prices)
instruments = st.sampled_from([LINEAR, INVERSE])


def _event[T: msgspec.Struct](kind: type[T], **fields: Strategy[Any]) -> Strategy[T]:
    return st.builds(kind, ts_event=stamps, ts_init=stamps, **fields)


starts = _event(
    Started,
    run=st.just(RUN),
    instrument=instruments,
    mode=st.sampled_from(PositionMode),
    leverage=st.integers(1, 125),
    balance=decimals("0", "1000000", 8),
    reserves_margin=st.booleans(),
    mode_confirmed=st.booleans(),
    cancels_at_once=st.booleans(),
    positions=st.lists(st.builds(Held, leg=legs, size=sizes, entry=prices), max_size=2).map(tuple),
)
ticks = _event(
    Tick,
    top=tops,
    last_trade=st.none() | prices,
    mark=st.none() | prices,
    reference=st.none() | prices,
    covers=st.lists(covers, max_size=2).map(tuple),
    ready=st.booleans(),
    seen_ns=st.none() | stamps,
    sent_ns=st.none() | stamps,
)
fills = _event(
    OrderFilled,
    id=ids,
    trade_id=words,
    side=sides,
    leg=legs,
    price=prices,
    size=sizes,
    fee=money,
    maker=st.booleans(),
    liquidation=st.booleans(),
)
later_events: Strategy[AnyEvent] = st.one_of(
    ticks,
    fills,
    _event(OrderAccepted, id=ids, venue_id=words),
    _event(OrderRejected, id=ids, reason=words, denied=st.booleans()),
    _event(OrderCanceled, id=ids, reason=words),
    _event(CancelRejected, id=ids, reason=words),
    _event(FundingSettled, leg=legs, amount=money, rate=st.none() | money, mark=st.none() | prices),
    _event(LeverageConfirmed, leverage=st.integers(1, 125)),
    _event(PositionModeConfirmed, mode=st.sampled_from(PositionMode)),
    _event(PositionModeFailed, reason=words),
    _event(ParametersChanged, values=st.dictionaries(words, words, max_size=2)),
    _event(Transferred, amount=money, reason=words),
    _event(EntryCorrected, leg=legs, entry=prices),
    _event(Paused, reason=words),
    _event(Resynced, missed=words),
    _event(Halted, reason=words, flatten=st.booleans()),
    _event(Resumed, reason=words),
    _event(Stopping, reason=words),
)
events: Strategy[AnyEvent] = starts | later_events
drafts = st.builds(
    Draft,
    side=sides,
    size=sizes,
    price=st.none() | prices,
    type=st.sampled_from(OrderType),
    action=st.sampled_from(Action),
    purpose=st.sampled_from(Purpose),
    level=st.integers(0, 5),
    reduce_only=st.booleans(),
    post_only=st.booleans(),
)
submits = st.builds(
    Submit,
    id=ids,
    side=sides,
    size=sizes,
    price=st.none() | prices,
    order_type=st.sampled_from(OrderType),
    action=st.sampled_from(Action),
    leg=legs,
    purpose=st.sampled_from(Purpose),
    level=st.integers(0, 5),
    reduce_only=st.booleans(),
    post_only=st.booleans(),
)
outcomes: Strategy[Outcome] = st.one_of(
    submits,
    st.builds(Cancel, id=ids, reason=words),
    st.builds(SetLeverage, leverage=st.integers(1, 125)),
    st.builds(SetPositionMode, mode=st.sampled_from(PositionMode)),
    st.builds(Refused, draft=drafts, limit=words, reason=words),
    st.builds(TradingChanged, limit=words, held=st.booleans(), trading=st.sampled_from(Trading), reason=words),
)
