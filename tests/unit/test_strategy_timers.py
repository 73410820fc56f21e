"""When quotes are replaced, deferred, cancelled one by one or held back, in `safe`."""

from decimal import Decimal

import pytest

from engine.core.commands import Cancel
from engine.core.types import SECOND, Leg, Purpose, Side
from tests.support.little_venue import LittleVenue, cancels, quoting, submits

BID, ASK = Decimal(999), Decimal(1001)


def venue_after_quotes(**changes: object) -> LittleVenue:
    venue = LittleVenue(quoting(**changes))
    assert len(submits(venue.tick(BID, ASK))) == 2
    return venue


def ticks_until(venue: LittleVenue, seconds: int, bid: Decimal = BID, ask: Decimal = ASK) -> list[tuple[int, int]]:
    """(submitted, cancelled) of each tick; cancels are confirmed at once."""
    counts = []
    for _ in range(seconds):
        outcomes = venue.tick(bid, ask)
        counts.append((len(submits(outcomes)), len(cancels(outcomes))))
        for working in [w for w in venue.state.orders if w.cancel_requested_ns]:
            venue.cancel(working)
    return counts


def test_a_refresh_takes_its_time_and_one_tick() -> None:
    counts = ticks_until(venue_after_quotes(order_refresh_tolerance_pct=-1), 12)
    assert counts[9:11] == [(0, 2), (2, 0)]
    assert set(counts[:9]) == {(0, 0)}


def test_quotes_that_would_hardly_move_stay() -> None:
    venue = venue_after_quotes(order_refresh_tolerance_pct=1)
    assert ticks_until(venue, 21, BID + 5, ASK + 5) == [(0, 0)] * 21


def test_quotes_are_not_sent_while_a_cancel_is_not_confirmed() -> None:
    venue = venue_after_quotes(order_refresh_tolerance_pct=-1)
    for _ in range(14):
        assert not submits(venue.tick(BID, ASK))
    for working in venue.state.orders:
        venue.cancel(working)
    assert len(submits(venue.tick(BID, ASK))) == 2


def test_minimum_spread_cancels_only_the_quote_that_is_too_near() -> None:
    venue = venue_after_quotes(minimum_spread="0.3")
    outcomes = venue.tick(BID + 3, ASK + 3)
    sell = next(w for w in venue.state.orders if w.order.side is Side.SELL)
    assert outcomes == (Cancel(sell.order.id, "minimum_spread"),)


def test_a_completed_order_pauses_quoting() -> None:
    venue = venue_after_quotes(filled_order_delay=3)
    for working in venue.state.orders:  # both sides between two ticks: flat again
        venue.fill(working)
    assert [sent for sent, _ in ticks_until(venue, 5)] == [0, 0, 0, 2, 0]


def test_a_partial_fill_pauses_nothing() -> None:
    venue = venue_after_quotes()
    before = venue.state.own
    venue.fill(venue.state.orders[0], Decimal("0.004"))
    assert venue.state.own == before


@pytest.mark.parametrize("missing", ["bid", "ask", "both"])
def test_no_quotes_on_a_book_that_cannot_be_priced(missing: str) -> None:
    venue = LittleVenue(quoting())
    sides = {"bid": (None, ASK), "ask": (BID, None), "both": (None, None)}
    assert venue.tick(*sides[missing]) == ()
    assert len(submits(venue.tick(BID, ASK))) == 2


def test_nothing_before_the_venue_confirms_the_position_mode() -> None:
    venue = LittleVenue(quoting(), mode_confirmed=False)
    asked = [len(venue.tick(BID, ASK)) for _ in range(20)]
    assert asked == [*[0] * 9, 2, *[0] * 9, 2]


def test_nothing_while_the_feed_is_not_ready() -> None:
    venue = LittleVenue(quoting())
    assert venue.tick(BID, ASK, ready=False) == ()


def test_margin_of_the_quotes_to_be_replaced_counts_as_free() -> None:
    """With funds for one set only, the second proposal is whole, so tolerance can keep the quotes."""
    funds = Decimal(1000) * Decimal("0.02") / 10 * Decimal("1.1")
    kept = LittleVenue(quoting(), balance=funds)
    kept.tick(BID, ASK)
    assert ticks_until(kept, 20) == [(0, 0)] * 20
    cut = LittleVenue(quoting(switches={"margin_added_back": False}), balance=funds)
    cut.tick(BID, ASK)
    assert (0, 2) in ticks_until(cut, 20)


def test_size_below_the_venues_minimum_is_not_sent() -> None:
    assert not submits(LittleVenue(quoting(order_amount="0.0005")).tick(BID, ASK))
    assert not submits(LittleVenue(quoting(order_amount="0.004")).tick(BID, ASK))  # below the notional of 5


def test_quotes_say_what_they_are() -> None:
    venue = LittleVenue(quoting(order_levels=2, post_only=True))
    sent = submits(venue.tick(BID, ASK))
    assert [(o.side, o.level, o.purpose, o.leg, o.post_only) for o in sent] == [
        (Side.BUY, 0, Purpose.QUOTE, Leg.NET, True),
        (Side.BUY, 1, Purpose.QUOTE, Leg.NET, True),
        (Side.SELL, 0, Purpose.QUOTE, Leg.NET, True),
        (Side.SELL, 1, Purpose.QUOTE, Leg.NET, True),
    ]
    assert venue.state.own.create_ns == venue.now + 10 * SECOND


def test_quotes_are_pulled_while_nobody_knows_the_market_and_come_back() -> None:
    venue = venue_after_quotes(order_refresh_time=5)
    pulled = venue.tick(None, None, ready=False)
    assert set(pulled) == {Cancel(w.order.id, "not_ready") for w in venue.state.orders}
    for working in venue.state.orders:
        venue.cancel(working)
    assert not any(venue.tick(None, None, ready=False) for _ in range(9))
    assert len(submits(venue.tick(BID, ASK))) == 2


def test_exits_wait_where_they_are_while_nobody_knows_the_market() -> None:
    venue = venue_after_quotes()
    buy = next(w for w in venue.state.orders if w.order.side is Side.BUY)
    venue.fill(buy)
    venue.tick(BID, ASK)
    exits = [w for w in venue.state.orders if w.order.purpose is not Purpose.QUOTE]
    assert exits
    assert not set(cancels(venue.tick(None, None, ready=False))) & {w.order.id for w in exits}
