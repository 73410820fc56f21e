"""A gap in the data, as the simulated venue and the strategy see it: no book, no fill, no new order."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.gaps import gaps_of
from engine.core.events import OrderCanceled, OrderFilled, OrderRejected, Tick
from engine.core.types import Side
from engine.nautilus.translate import NO_TOP
from tests.support.backtests import backtest, buy, cancel_all
from tests.support.catalogs import Handmade, ns

BIDS, ASKS = {"100.0": "1"}, {"100.2": "1"}
GAP = (ns(4.3), ns(8.6))


def gappy() -> Handmade:
    """The bid trades away in the gap, twice over, and the book comes back where it was."""
    market = Handmade().snapshot(0.05, BIDS, ASKS).levels(3.5, (Side.SELL, "100.2", "2")).lost(4.3)
    for second in (5.1, 6.1, 8.59):
        market.trade(second, Side.SELL, "100.0", "5").trade(second + 0.001, Side.SELL, "99.0", "5")
    return market.snapshot(8.6, BIDS, ASKS).levels(12, (Side.SELL, "100.2", "1"))


def test_nothing_fills_in_a_gap_and_what_rests_can_be_cancelled(tmp_path: Path) -> None:
    script = {2: (buy("1", "100.0"), buy("1", "99.5")), 6: cancel_all}
    told, _ = backtest(gappy(), tmp_path, script, data={"gaps": (GAP,)})
    assert not told.of(OrderFilled)
    assert [each.ts_event for each in told.of(OrderCanceled)] == [ns(6), ns(6)]


def test_without_the_gap_the_same_orders_would_have_filled(tmp_path: Path) -> None:
    told, _ = backtest(gappy(), tmp_path, {2: (buy("1", "100.0"), buy("1", "99.5"))})
    assert told.of(OrderFilled)


def test_the_strategy_sees_no_book_in_a_gap_and_the_venue_takes_no_order(tmp_path: Path) -> None:
    told, _ = backtest(gappy(), tmp_path, {6: (buy("1", "99.0"),)}, data={"gaps": (GAP,)})
    blind = [tick.ts_event for tick in told.of(Tick) if not tick.ready]
    assert blind == [ns(5), ns(6), ns(7), ns(8)]
    assert all((tick.top == NO_TOP) is not tick.ready for tick in told.of(Tick))
    assert len(told.of(OrderRejected)) == 1


def test_after_the_gap_the_venue_fills_again(tmp_path: Path) -> None:
    market = gappy().trade(10.5, Side.SELL, "99.4", "5")
    told, _ = backtest(market, tmp_path, {2: (buy("1", "99.5"),)}, data={"gaps": (GAP,)})
    (fill,) = told.of(OrderFilled)
    assert (fill.ts_event, fill.size) == (ns(10.5), Decimal(1))


def test_a_gap_in_which_the_data_end_lasts_to_their_end(tmp_path: Path) -> None:
    market = Handmade().snapshot(0.05, BIDS, ASKS).lost(3.3).trade(6.5, Side.SELL, "90.0", "5").lost(9)
    told, _ = backtest(market, tmp_path, {2: (buy("1", "100.0"),)}, data={"gaps": ((ns(3.3), None),)})
    assert not told.of(OrderFilled)
    assert not any(tick.ready for tick in told.of(Tick) if tick.ts_event > ns(3.3))


def test_with_best_bid_and_ask_alone_an_order_at_the_touch_waits_for_its_queue(tmp_path: Path) -> None:
    market = Handmade().snapshot(0.05, {"100.0": "10"}, {"100.2": "10"}).trade(3.2, Side.SELL, "100.0", "4")
    market.trade(3.4, Side.SELL, "100.0", "5").trade(3.6, Side.SELL, "100.0", "2.5")  # 10 were ahead: 1.5 reach us
    market.snapshot(6, {"100.0": "10"}, {"100.2": "10"})
    told, _ = backtest(market, tmp_path, {2: (buy("2", "100.0"),)}, data={"depth": False})
    assert [fill.size for fill in told.of(OrderFilled)] == [Decimal("1.5")]
    assert all(tick.top.bid == Decimal("100.0") for tick in told.of(Tick))


def test_nothing_fills_in_a_gap_of_best_bid_and_ask_either(tmp_path: Path) -> None:
    told, _ = backtest(gappy(), tmp_path, {2: (buy("1", "100.0"),)}, data={"gaps": (GAP,), "depth": False})
    assert not [fill for fill in told.of(OrderFilled) if fill.ts_event < GAP[1]]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_the_gaps_of_a_catalog_are_those_that_were_put_into_it(
    tmp_path_factory: pytest.TempPathFactory, known: list[bool]
) -> None:
    root, market = tmp_path_factory.mktemp("catalog"), Handmade().snapshot(0, BIDS, ASKS)
    for second, whole in enumerate(known, 1):
        market.snapshot(second, BIDS, ASKS) if whole else market.lost(second)
    files = sorted((market.write(root) / "data" / "order_book_deltas" / market.instrument.id).glob("*.parquet"))
    expected, start = [], None
    for second, whole in enumerate(known, 1):
        if whole and start is not None:
            expected.append((ns(start), ns(second)))
        start = None if whole else second if start is None else start
    expected += [] if start is None else [(ns(start), None)]
    assert [(gap.start_ns, gap.end_ns) for gap in gaps_of(files)] == expected
