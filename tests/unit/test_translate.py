from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader import model
from nautilus_trader.core import UUID4

from engine.core.commands import Submit
from engine.core.errors import BrokenInvariantError
from engine.core.events import CancelRejected, OrderAccepted, OrderCanceled, OrderFilled, OrderRejected
from engine.core.types import SECOND, Action, Leg, PositionMode, Side, TopOfBook
from engine.nautilus import translate
from tests.support.builders import LINEAR, an_order

TRADER, STRATEGY = model.TraderId("T-1"), model.StrategyId("S-1")
CONTRACT = model.InstrumentId.from_str(LINEAR.id)
ACCOUNT = model.AccountId("BINANCE-1")
ONE_WAY, HEDGE = PositionMode.ONE_WAY, PositionMode.HEDGE


def a_submit(**changes: Any) -> Submit:
    return an_order("run-1-0", Side.BUY, "100.1", "0.010", **changes)


def a_nautilus_fill(order_id: str = "run-1-0", position: str | None = None, currency: str = "USDT") -> Any:
    return model.OrderFilled(
        TRADER,
        STRATEGY,
        CONTRACT,
        model.ClientOrderId(order_id),
        model.VenueOrderId("V-1"),
        ACCOUNT,
        model.TradeId("7"),
        model.OrderSide.SELL,
        model.OrderType.LIMIT,
        model.Quantity.from_str("0.010"),
        model.Price.from_str("100.1"),
        model.Currency.from_str("USDT"),
        model.LiquiditySide.MAKER,
        UUID4(),
        5,
        6,
        False,
        model.PositionId(position) if position else None,
        model.Money.from_str(f"-0.00100000 {currency}"),
    )


def test_a_fill_keeps_every_number() -> None:
    assert translate.fact_of(a_nautilus_fill(), ONE_WAY, "USDT") == OrderFilled(
        ts_event=5,
        ts_init=6,
        id="run-1-0",
        trade_id="7",
        side=Side.SELL,
        leg=Leg.NET,
        price=Decimal("100.1"),
        size=Decimal("0.010"),
        fee=Decimal("-0.001"),
        maker=True,
    )


def test_a_fee_in_another_currency_is_not_taken_for_ours() -> None:
    with pytest.raises(BrokenInvariantError, match="BTC"):
        translate.fact_of(a_nautilus_fill(currency="BTC"), ONE_WAY, "USDT")


@pytest.mark.parametrize("leg", [Leg.LONG, Leg.SHORT])
def test_a_leg_comes_back_from_its_position(leg: Leg) -> None:
    position = translate.position_id(LINEAR.id, leg)
    assert translate.leg_of_position(position, HEDGE) is leg
    fact = translate.fact_of(a_nautilus_fill(position=str(position)), HEDGE, "USDT")
    assert isinstance(fact, OrderFilled)
    assert fact.leg is leg


@pytest.mark.parametrize("position", [None, "P-1", "BTCUSDT-PERP.BINANCE-S-1"])
def test_a_position_that_is_no_leg_breaks_hedge_and_not_one_way(position: str | None) -> None:
    fill = a_nautilus_fill(position=position)
    assert translate.fact_of(fill, ONE_WAY, "USDT") is not None
    with pytest.raises(BrokenInvariantError):
        translate.fact_of(fill, HEDGE, "USDT")


def test_a_forced_fill_is_marked_and_its_other_events_are_not_ours() -> None:
    fact = translate.fact_of(a_nautilus_fill("LIQUIDATION-9-NET"), ONE_WAY, "USDT")
    assert isinstance(fact, OrderFilled)
    assert fact.liquidation
    accepted = model.OrderAccepted(
        TRADER,
        STRATEGY,
        CONTRACT,
        model.ClientOrderId("LIQUIDATION-9-NET"),
        model.VenueOrderId("V-1"),
        ACCOUNT,
        UUID4(),
        1,
        2,
        False,
    )
    assert translate.fact_of(accepted, ONE_WAY, "USDT") is None


def test_each_answer_of_a_venue_becomes_a_fact() -> None:
    order, venue = model.ClientOrderId("run-1-0"), model.VenueOrderId("V-1")
    head = (TRADER, STRATEGY, CONTRACT, order)
    tail = (UUID4(), 1, 2, False)
    times: dict[str, Any] = {"ts_event": 1, "ts_init": 2, "id": "run-1-0"}
    answers: list[tuple[Any, Any]] = [
        (model.OrderAccepted(*head, venue, ACCOUNT, *tail), OrderAccepted(venue_id="V-1", **times)),
        (model.OrderRejected(*head, ACCOUNT, "no", *tail), OrderRejected(reason="no", **times)),
        (model.OrderDenied(*head, "no", UUID4(), 1, 2), OrderRejected(reason="no", denied=True, **times)),
        (model.OrderCanceled(*head, *tail), OrderCanceled(**times)),
        (model.OrderExpired(*head, *tail), OrderCanceled(reason="expired", **times)),
        (model.OrderCancelRejected(*head, "late", *tail), CancelRejected(reason="late", **times)),
        (model.OrderSubmitted(*head, ACCOUNT, UUID4(), 1, 2), None),
        (model.OrderPendingCancel(*head, ACCOUNT, *tail), None),
    ]
    for answer, fact in answers:
        assert translate.fact_of(answer, ONE_WAY, "USDT") == fact


@pytest.mark.parametrize(
    ("leg", "action", "flag", "sent"),
    [
        (Leg.NET, Action.OPEN, False, False),
        (Leg.NET, Action.CLOSE, True, True),
        (Leg.NET, Action.CLOSE, False, False),
        (Leg.LONG, Action.CLOSE, False, True),
        (Leg.LONG, Action.OPEN, False, False),
    ],
)
def test_the_flag_tells_nautilus_what_closes_a_leg(leg: Leg, action: Action, flag: bool, sent: bool) -> None:
    assert translate.reduces_only(a_submit(leg=leg, action=action, reduce_only=flag)) is sent


@given(st.integers(0, 2**62))
def test_the_timer_fires_first_on_the_next_whole_second(first: int) -> None:
    fires = translate.timer_start(first) + SECOND
    assert fires % SECOND == 0
    assert 0 <= fires - first < SECOND


@given(st.integers(0, 2**61), st.integers(1, 24 * 60))
def test_a_rate_that_tells_only_its_period_is_paid_at_the_end_of_it(at: int, minutes: int) -> None:
    rate = model.FundingRateUpdate(CONTRACT, Decimal("0.0001"), at, at, interval=minutes)
    due = translate.settles_at(rate)
    assert due is not None
    assert due % (minutes * 60 * SECOND) == 0
    assert 0 <= due - at < minutes * 60 * SECOND


levels = st.dictionaries(st.integers(1, 50).map(Decimal), st.integers(1, 9).map(Decimal), max_size=9)


@given(levels, st.integers(1, 60).map(Decimal))
def test_a_cover_is_the_first_level_that_reaches_the_size(side: dict[Decimal, Decimal], size: Decimal) -> None:
    answer = translate.cover(Side.SELL, size, side)
    prices = list(side)
    shown = [sum(list(side.values())[: n + 1]) for n in range(len(prices))]
    expected = next((price for price, reached in zip(prices, shown, strict=True) if reached >= size), None)
    assert answer.price == expected


def test_a_side_of_no_size_is_no_side() -> None:
    quote = model.QuoteTick(
        CONTRACT,
        model.Price.from_str("100.0"),
        model.Price.from_str("0.0"),
        model.Quantity.from_str("1.000"),
        model.Quantity.from_str("0.000"),
        1,
        1,
    )
    assert translate.top_of_quote(quote) == TopOfBook(bid=Decimal(100), bid_size=Decimal(1), ask=None, ask_size=None)
    assert translate.top_of_quote(None) == translate.NO_TOP
    assert translate.top_of_sides({}, {Decimal(2): Decimal(1)}) == TopOfBook(None, None, Decimal(2), Decimal(1))
