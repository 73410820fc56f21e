"""The simulated venue against fills worked out by hand."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.core.events import OrderAccepted, OrderCanceled, OrderFilled, OrderRejected, Stopping, Tick
from engine.core.types import Side
from engine.simulation.settings import Simulation
from tests.support.backtests import INSTANT, backtest, buy, cancel_all, close, sell
from tests.support.catalogs import Handmade, calm_market, ns

LATE = Simulation(order_latency_ms=250)


def sizes(fills: list[OrderFilled]) -> list[Decimal]:
    return [fill.size for fill in fills]


def test_a_resting_order_waits_for_what_rested_before_it(tmp_path: Path) -> None:
    market = calm_market(8).trade(3.2, Side.SELL, "100.0", "4").trade(3.4, Side.SELL, "100.0", "5")
    market.trade(3.6, Side.SELL, "100.0", "2.5")  # 10 were ahead: 1.5 reach us
    told, _ = backtest(market, tmp_path, {2: (buy("2", "100.0"),)})
    (fill,) = told.of(OrderFilled)
    assert (fill.size, fill.price, fill.maker, fill.ts_event) == (Decimal("1.5"), Decimal("100.0"), True, ns(3.6))


def test_a_level_that_shrinks_brings_a_resting_order_forward(tmp_path: Path) -> None:
    market = Handmade().snapshot(0.05, {"100.0": "10", "99.9": "5"}, {"100.2": "10"})
    market.levels(2.5, (Side.BUY, "100.0", "3")).trade(3.5, Side.SELL, "100.0", "4").levels(
        5.5, (Side.BUY, "99.9", "4")
    )
    told, _ = backtest(market, tmp_path, {2: (buy("2", "100.0"),)})
    assert sizes(told.of(OrderFilled)) == [Decimal(1)]


def test_without_queue_position_the_first_trade_fills(tmp_path: Path) -> None:
    market = calm_market(6).trade(3.2, Side.SELL, "100.0", "0.5")
    told, _ = backtest(
        market, tmp_path, {2: (buy("2", "100.0"),)}, simulation=Simulation(order_latency_ms=0, queue_position=False)
    )
    assert sizes(told.of(OrderFilled)) == [Decimal("0.5")]


@pytest.mark.parametrize(
    ("fills", "filled"),
    [("pessimistic", ["0.7"]), ("central", ["0.5", "0.7"]), ("optimistic", ["0.8", "9.7", "0.7"])],
)
def test_three_assumptions_of_when_a_resting_order_fills(tmp_path: Path, fills: Any, filled: list[str]) -> None:
    """10 rest before it: at its price 0.8 and 9.7 trade, then 0.7 below it."""
    market = calm_market(8).trade(3.2, Side.SELL, "100.0", "0.8").trade(3.4, Side.SELL, "100.0", "9.7")
    market.trade(5.2, Side.SELL, "99.9", "0.7")
    simulation = Simulation(order_latency_ms=0, fills=fills)
    told, _ = backtest(market, tmp_path, {2: (buy("20", "100.0"),)}, simulation=simulation)
    assert [str(fill.size.normalize()) for fill in told.of(OrderFilled)] == filled


def test_orders_and_cancels_take_their_latency(tmp_path: Path) -> None:
    told, _ = backtest(calm_market(6), tmp_path, {2: (buy("2", "99.0"),), 4: cancel_all}, simulation=LATE)
    assert [each.ts_event for each in told.of(OrderAccepted)] == [ns(2.25)]
    assert [each.ts_event for each in told.of(OrderCanceled)] == [ns(4.25)]


def test_without_latency_the_answer_bears_the_time_of_the_tick(tmp_path: Path) -> None:
    told, _ = backtest(calm_market(4), tmp_path, {2: (buy("2", "99.0"),)})
    kinds = [type(event) for _, event, _ in told.entries if event.ts_event == ns(2)]
    assert kinds == [Tick, OrderAccepted]


def test_a_cancel_under_way_can_lose_the_race(tmp_path: Path) -> None:
    market = calm_market(6).trade(4.1, Side.SELL, "100.0", "20")
    told, _ = backtest(market, tmp_path, {2: (buy("2", "100.0"),), 4: cancel_all}, simulation=LATE)
    assert sizes(told.of(OrderFilled)) == [Decimal(2)]
    assert told.of(OrderCanceled) == []
    assert told.state.orders == ()


def test_what_was_taken_from_the_book_is_gone_until_the_book_shows_it_anew(tmp_path: Path) -> None:
    market = Handmade().snapshot(0.05, {"100.0": "10"}, {"100.2": "1", "100.3": "1", "100.4": "5"})
    market.levels(4.5, (Side.SELL, "100.2", "2")).levels(8.0, (Side.BUY, "99.9", "1"))
    script = {2: (buy("1.5", None),), 3: (buy("1", None),), 5: (buy("1", None),)}
    told, _ = backtest(market.trade(0.2, Side.BUY, "100.2", "0.1"), tmp_path, script)
    paid = [(fill.price, fill.size) for fill in told.of(OrderFilled)]
    assert sum(size for _, size in paid) == Decimal("3.5")
    at_first = sum(size for price, size in paid if price == Decimal("100.2"))
    assert at_first <= 2  # 1 shown, then 2 shown after 1 was taken
    assert paid[0][0] == Decimal("100.2")
    assert paid[-1][0] == Decimal("100.2")


def test_a_market_order_takes_the_book_as_it_is_on_arrival(tmp_path: Path) -> None:
    market = (
        calm_market(3)
        .levels(3.1, (Side.SELL, "100.2", "0"), (Side.SELL, "100.7", "4"))
        .levels(5, (Side.BUY, "99.9", "1"))
    )
    told, _ = backtest(market, tmp_path, {3: (buy("2", None),)}, simulation=LATE)
    (fill,) = told.of(OrderFilled)
    assert (fill.price, fill.size, fill.maker, fill.ts_event) == (Decimal("100.7"), Decimal(2), False, ns(3.25))


def test_market_exits_fill_before_any_trade_was_seen(tmp_path: Path) -> None:
    script = {2: (buy("2", "100.2"),), 4: (close(sell("2", None)),)}
    told, _ = backtest(calm_market(6), tmp_path, script)
    assert [fill.side for fill in told.of(OrderFilled)] == [Side.BUY, Side.SELL]
    assert told.state.positions == {}


def test_a_post_only_order_that_would_take_is_rejected(tmp_path: Path) -> None:
    script = {2: (buy("1", "100.2", post_only=True), buy("1", "100.1", post_only=True))}
    told, _ = backtest(calm_market(4), tmp_path, script)
    assert [each.id[-1] for each in told.of(OrderRejected)] == ["0"]
    assert [each.id[-1] for each in told.of(OrderAccepted)] == ["1"]


def test_a_reduce_only_order_is_cut_to_the_position(tmp_path: Path) -> None:
    told, _ = backtest(calm_market(6), tmp_path, {2: (buy("2", "100.2"),), 4: (close(sell("5", None)),)})
    assert sizes(told.of(OrderFilled)) == [Decimal(2), Decimal(2)]
    assert told.state.positions == {}
    assert told.state.orders == ()


def test_a_resting_reduce_only_order_is_cut_when_another_exit_fills(tmp_path: Path) -> None:
    script = {2: (buy("2", "100.2"),), 3: (close(sell("2", "101.0")),), 4: (close(sell("1.5", None)),)}
    market = (
        calm_market(5).levels(5.5, (Side.SELL, "100.2", "0"), (Side.BUY, "101.0", "9")).levels(7, (Side.BUY, "99", "1"))
    )
    told, _ = backtest(market, tmp_path, script)
    assert told.state.positions == {}
    assert told.state.orders == ()
    assert sum(sizes(told.of(OrderFilled))) == 4


def test_a_reduce_only_order_without_a_position_is_rejected(tmp_path: Path) -> None:
    told, _ = backtest(calm_market(4), tmp_path, {2: (close(sell("1", "100.2")), close(sell("1", None)))})
    assert told.of(OrderFilled) == []
    assert told.state.orders == ()


def test_an_order_beyond_the_margin_is_denied(tmp_path: Path) -> None:
    script = {2: (buy("60", "99.0"), buy("60", "99.0"))}  # 594 each of 1,000 at leverage 10
    told, _ = backtest(calm_market(4), tmp_path, script, balance=Decimal(1000))
    assert [(each.id[-1], each.denied) for each in told.of(OrderRejected)] == [("1", True)]
    assert [each.id[-1] for each in told.of(OrderAccepted)] == ["0"]


def test_a_position_holds_its_margin_an_exit_needs_none(tmp_path: Path) -> None:
    script = {2: (buy("5", "100.2"),), 4: (buy("6", "99.0"),), 5: (close(sell("5", "100.4")),)}
    told, _ = backtest(calm_market(6), tmp_path, script, balance=Decimal(100))
    assert [each.denied for each in told.of(OrderRejected)] == [True]
    assert len(told.of(OrderAccepted)) == 2


def test_stopping_cancels_what_rests_and_hears_of_it(tmp_path: Path) -> None:
    told, end = backtest(calm_market(4), tmp_path, {2: (buy("1", "99.0"), sell("1", "101.0"))}, simulation=LATE)
    (stop,) = told.of(Stopping)
    assert stop.ts_event == end.last_ns
    assert [each.ts_event for each in told.of(OrderCanceled)] == [end.last_ns + 250_000_000] * 2
    assert told.state.orders == ()
    assert isinstance(told.entries[-1][1], OrderCanceled)


def test_an_empty_side_is_none_and_market_orders_on_it_end(tmp_path: Path) -> None:
    market = calm_market(2).levels(2.5, (Side.SELL, "100.2", "0")).levels(5, (Side.BUY, "99.9", "1"))
    for quotes in (True, False):
        told, _ = backtest(market, tmp_path / str(quotes), {3: (buy("1", None),)}, data={"quotes": quotes})
        tops = [tick.top for tick in told.of(Tick)]
        assert tops[1].ask == Decimal("100.2")
        assert (tops[3].ask, tops[3].ask_size, tops[3].bid) == (None, None, Decimal("100.0"))
        assert told.of(OrderFilled) == []
        assert told.state.orders == ()


def test_ticks_are_whole_seconds_and_know_what_bears_their_own_time(tmp_path: Path) -> None:
    market = (
        calm_market(3)
        .trade(2.0, Side.BUY, "100.2", "1")
        .trade(2.001, Side.BUY, "100.3", "1")
        .levels(4.5, (Side.BUY, "99", "1"))
    )
    told, _ = backtest(market, tmp_path, {})
    assert [tick.ts_event for tick in told.of(Tick)] == [ns(1), ns(2), ns(3), ns(4)]
    assert all(tick.ts_init == tick.ts_event for tick in told.of(Tick))
    assert [tick.last_trade for tick in told.of(Tick)][:3] == [None, Decimal("100.2"), Decimal("100.3")]


def test_depth_is_read_only_where_asked_for(tmp_path: Path) -> None:
    asks = {f"{100.2 + n / 10:.1f}": "1" for n in range(50)}
    market = Handmade().snapshot(0.05, {"100.0": "10"}, asks).levels(3.5, (Side.BUY, "100.0", "9"))
    queries = ((Side.SELL, Decimal(3)), (Side.SELL, Decimal("30.5")), (Side.BUY, Decimal(11)))
    told, _ = backtest(market, tmp_path, {}, queries=queries)
    assert [cover.price for cover in told.of(Tick)[0].covers] == [Decimal("100.4"), Decimal("103.2"), None]


def test_a_run_that_starts_in_the_middle_knows_the_book(tmp_path: Path) -> None:
    market = calm_market(3).snapshot(3.5, {"100.4": "3"}, {"100.9": "3"}).levels(3.7, (Side.BUY, "100.5", "1"))
    market.levels(9, (Side.BUY, "99", "1"))
    told, end = backtest(market, tmp_path, {}, data={"start_ns": ns(5), "end_ns": ns(8)}, simulation=INSTANT)
    assert [tick.ts_event for tick in told.of(Tick)] == [ns(5), ns(6), ns(7), ns(8)]
    assert told.of(Tick)[0].top.bid == Decimal("100.5")
    assert told.of(Tick)[0].top.ask == Decimal("100.9")
    assert (end.first_ns, end.last_ns) == (ns(5), ns(8))
