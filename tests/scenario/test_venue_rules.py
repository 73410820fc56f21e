"""The venue's rules R1 to R9, one story each (docs/scenarios.md)."""

from decimal import Decimal

import pytest

from engine.core.commands import Draft, SetLeverage, SetPositionMode
from engine.core.types import Action, PositionMode
from engine.simulation.scenario_tape import Line
from tests.support.scenario import (
    BUY,
    SELL,
    cancel_all,
    fills,
    limit,
    line,
    market,
    played,
    positions,
    rows,
    send,
)

type Fills = list[tuple[object, ...]]

HEDGE = PositionMode.HEDGE


@pytest.mark.parametrize(
    ("draft", "later", "expected"),
    [
        (limit(BUY, 100), line(2, ask=100), [(2, "buy", "100", "1")]),  # a touch counts
        (limit(BUY, 100), line(2, ask="100.01"), []),
        (limit(BUY, 100), line(2, ask=90), [(2, "buy", "100", "1")]),  # at its own price, not the book's
        (limit(BUY, 100), line(2, prints=(100,)), [(2, "buy", "100", "1")]),
        (limit(BUY, 100), line(2, prints=("100.01",)), []),
        (limit(BUY, 100), line(2, ask=None), []),
        (limit(SELL, 100), line(2, bid=100), [(2, "sell", "100", "1")]),
        (limit(SELL, 100), line(2, prints=(100,)), [(2, "sell", "100", "1")]),
        (limit(SELL, 100), line(2, bid="99.99"), []),
    ],
)
def test_a_resting_order_fills_in_full_at_its_own_price(draft: Draft, later: Line, expected: Fills) -> None:
    assert fills(played({1: send(draft)}, line(1), later)) == expected


def test_an_order_is_matched_from_the_tick_after_it_was_sent() -> None:
    assert fills(played({1: send(limit(BUY, 101))}, line(1))) == []


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ([line(2, ask=101)], [(2, "buy", "101", "1")]),
        ([line(2, ask="100.505")], [(2, "buy", "100.505", "1")]),  # the tape's price, on the grid or not
        ([line(2, ask=104), line(3, ask=101)], [(3, "buy", "102", "1")]),  # rested meanwhile: its own price
        ([line(2, ask=104, prints=(101,))], [(2, "buy", "102", "1")]),
    ],
)
def test_a_marketable_limit_order_takes_the_next_ticks_price(later: list[Line], expected: Fills) -> None:
    assert fills(played({1: send(limit(BUY, 102))}, line(1, ask=101), *later)) == expected


def test_a_partly_filled_taker_stays_one_while_it_is_marketable() -> None:
    lines = (line(1), line(2, ask=101), line(3, ask=100), line(4, ask=103), line(5, ask=101))
    venue = played({1: send(limit(BUY, 102))}, *lines, max_fill_per_tick=Decimal("0.3"))
    assert fills(venue) == [(2, "buy", "101", "0.3"), (3, "buy", "100", "0.3"), (5, "buy", "102", "0.3")]
    assert [row["left"] for row in rows(venue, "fill")] == ["0.7", "0.4", "0.1"]


def test_a_market_order_takes_the_opposite_best_whatever_it_is() -> None:
    lines = (line(1), line(2, bid=None), line(3, bid=50), line(4, bid=49))
    venue = played({1: send(market(SELL, price=98.5))}, *lines, max_fill_per_tick=Decimal("0.6"))
    assert fills(venue) == [(3, "sell", "50", "0.6"), (4, "sell", "49", "0.4")]
    assert rows(venue, "create")[0]["price"] == "98.5"


def test_orders_are_matched_in_order_of_creation() -> None:
    drafts = send(limit(SELL, 100), limit(BUY, 99), limit(SELL, 99.5))
    venue = played({1: drafts}, line(1, bid=90, ask=110), line(2, bid=100, ask=99))
    assert [row["id"] for row in rows(venue, "fill")] == ["sell-1", "buy-2", "sell-3"]


def test_a_cancel_takes_effect_at_once_without_latency() -> None:
    venue = played({1: send(limit(BUY, 100)), 2: cancel_all}, line(1), line(2), line(3, ask=100))
    assert fills(venue) == []
    assert not rows(venue, "cancel_ack")


@pytest.mark.parametrize(("touched", "expected"), [(4, [(4, "buy", "100", "1")]), (5, [])])
def test_a_late_cancel_can_lose_the_race(touched: int, expected: Fills) -> None:
    lines = [line(t, ask=100 if t == touched else 101) for t in range(1, 7)]
    venue = played({1: send(limit(BUY, 100)), 2: cancel_all, 3: cancel_all}, *lines, cancel_latency=3)
    assert fills(venue) == expected
    assert len(rows(venue, "cancel")) == 1  # asked once while it is on its way
    assert [row["t"] for row in rows(venue, "cancel_ack")] == ([] if expected else [5])


def test_the_cancel_row_says_what_is_left() -> None:
    lines = (line(1), line(2, ask=100), line(3))
    venue = played({1: send(limit(BUY, 100)), 2: cancel_all}, *lines, max_fill_per_tick=Decimal("0.4"))
    assert [row["size"] for row in rows(venue, "cancel")] == ["0.6"]


def test_one_way_averages_what_grows_and_restarts_what_flips() -> None:
    script = {
        1: send(limit(BUY, 99)),
        2: send(limit(BUY, 98, 2)),
        3: send(limit(SELL, 100)),
        4: send(limit(SELL, 101, 3)),
    }
    lines = (line(1, 98.5, 100), line(2, 98.5, 99), line(3, 98, 98), line(4, 100, 102), line(5, 101, 102))
    venue = played(script, *lines)
    assert positions(venue) == [
        ("BTC-USDT", "1", "99"),
        ("BTC-USDT", "3", "98.3333333333"),
        ("BTC-USDT", "2", "98.3333333333"),
        ("BTC-USDT", "-1", "101"),
    ]


def test_hedge_legs_stand_apart() -> None:
    close = {"action": Action.CLOSE}
    script = {
        1: send(limit(BUY, 99), limit(SELL, 101)),
        2: send(limit(SELL, 100, **close)),
        3: send(limit(BUY, 98, **close)),
    }
    lines = (line(1, 99.5, 100.5), line(2, 101, 99), line(3, 100, 100), line(4, 97, 98))
    venue = played(script, *lines, mode=HEDGE)
    assert positions(venue) == [
        ("BTC-USDTLONG", "1", "99"),
        ("BTC-USDTLONG", "1", "99"),
        ("BTC-USDTSHORT", "-1", "101"),
        ("BTC-USDTSHORT", "-1", "101"),
        ("BTC-USDT", "0", None),
    ]
    assert venue.account.balance == 1000 + 1 + 3


@pytest.mark.parametrize(
    ("size", "mode", "key"), [(-1, HEDGE, "SHORT"), (1, HEDGE, "LONG"), (-1, PositionMode.ONE_WAY, "NET")]
)
def test_a_position_held_before_the_start_is_the_leg_of_its_sign(size: int, mode: PositionMode, key: str) -> None:
    venue = played({}, line(1), mode=mode, initial_position=(Decimal(size), Decimal(100)))
    assert [leg.value for leg in venue.account.positions] == [key]


def test_a_close_is_not_reduce_only_in_one_way_unless_it_says_so() -> None:
    drafts = [limit(SELL, 99, 2, action=Action.CLOSE, reduce_only=only) for only in (False, True)]
    after = [played({1: send(draft)}, line(1), line(2), initial_position=(Decimal(1), Decimal(90))) for draft in drafts]
    assert [fills(venue) for venue in after] == [[(2, "sell", "99", "2")], [(2, "sell", "99", "1")]]
    assert [positions(venue) for venue in after] == [[("BTC-USDT", "-1", "99")], [("BTC-USDT", "0", None)]]


def test_reduce_only_orders_end_with_their_position() -> None:
    only = {"action": Action.CLOSE, "reduce_only": True}
    script = {1: send(limit(SELL, 99, **only), limit(SELL, 150, **only)), 3: send(limit(SELL, 150, **only))}
    venue = played(script, line(1), line(2), line(3), line(4), initial_position=(Decimal(1), Decimal(90)))
    assert not venue.orders
    assert len(fills(venue)) == 1


def test_margin_is_reserved_for_opening_orders_and_positions() -> None:
    script = {1: send(limit(BUY, 100, 2), limit(SELL, 200, 1, action=Action.CLOSE)), 3: cancel_all}
    lines = (line(1), line(2, ask=100), line(3), line(4, ask=200))
    cap = {"max_fill_per_tick": Decimal("0.5"), "initial_position": (Decimal(1), Decimal(90))}
    venue = played(script, *lines[:1], reserve_margin=True, **cap)
    assert venue.available == 1000 - 20 - 9
    assert played(script, *lines[:2], reserve_margin=True, **cap).available == 1000 - 15 - (90 + 50) / Decimal(10)
    assert played(script, *lines[:2], **cap).available == 1000


def test_prices_and_sizes_are_floored_on_both_sides() -> None:
    grid = {"price_tick": Decimal("0.3"), "size_step": Decimal("0.07")}
    venue = played({1: send(limit(BUY, 100, 1), limit(SELL, 100.5, 1))}, line(1), **grid)
    assert [(row["price"], row["size"]) for row in rows(venue, "create")] == [("99.9", "0.98"), ("100.5", "0.98")]


def test_settings_are_confirmed_and_written() -> None:
    said = (SetLeverage(7), SetPositionMode(HEDGE))
    venue = played({1: lambda _state: said}, line(1), mode=HEDGE, handshake=True)
    assert venue.rows == [
        {"t": 1, "type": "set_leverage", "leverage": 7},
        {"t": 1, "type": "set_position_mode", "mode": "HEDGE"},
    ]
