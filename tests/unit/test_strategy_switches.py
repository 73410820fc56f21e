"""What each switch of `safe` does, by what happens without it; and what a classic or head tick does where it fails."""

from decimal import Decimal
from typing import Any

from engine.core.commands import Submit
from engine.core.types import Leg, Purpose, Side
from tests.support.little_venue import LittleVenue, cancels, quoting, submits
from tests.unit.test_strategy_exits_safe import d, long_at, tick


def without(name: str, **changes: Any) -> dict[str, Any]:
    return {"switches": {name: False}, "long_profit_taking_spread": 1, **changes}


def confirmed(venue: LittleVenue, order: Submit) -> list[Submit]:
    working = venue.state.working(order.id)
    assert working is not None
    return submits(venue.cancel(working))


def test_exits_unthrottled() -> None:
    """A minute passes before the next exit of the same side."""
    venue = long_at(**without("exits_unthrottled"))
    (profit,) = tick(venue, 1001)
    venue.tick(d(980), d(981))
    assert confirmed(venue, profit) == []
    assert [len(tick(venue, 980)) for _ in range(60)].index(1) == 58


def test_stop_apart_from_take_profit() -> None:
    """The take profit has to be a minute old before the stop is looked at."""
    venue = long_at(**without("stop_apart_from_take_profit", time_between_stop_loss_orders=3))
    (profit,) = tick(venue, 1001)
    assert cancels(venue.tick(d(980), d(981))) == []
    venue.tick(d(980), d(981))
    assert cancels(venue.tick(d(980), d(981))) == [profit.id]
    (stop,) = confirmed(venue, profit)
    assert stop.purpose is Purpose.STOP


def test_stop_from_book() -> None:
    """From the stop's level, then from the last stop, by one buffer each."""
    venue = long_at(**without("stop_from_book", time_between_stop_loss_orders=1))
    (first,) = tick(venue, 900)
    assert first.price == d("984.9")  # 999.9 less 1 % and 0.5 %
    assert cancels(venue.tick(d(900), d(901))) == [first.id]
    (second,) = confirmed(venue, first)
    assert second.price == d("979.9")


def test_trail_from_entry() -> None:
    """The bid before the fill is the first peak, and arms the trail."""
    trailing = {"position_management": "Trailing_stop", "ts_activation_spread": "0.3", "ts_callback_rate": "0.1"}
    assert [o.purpose for o in tick(long_at(**without("trail_from_entry", **trailing)), 1001)] == [Purpose.TRAIL]
    assert tick(long_at(**trailing), 1001) == []


def test_legs_independent() -> None:
    """Only the first leg is trailed."""
    trailing = {"position_management": "Trailing_stop", "ts_activation_spread": 0, "ts_callback_rate": 0}

    def trailed(**changes: Any) -> set[Leg]:
        venue = LittleVenue(quoting(position_mode="Hedge", stop_loss_spread=0, **trailing, **changes))
        venue.tick(d(999), d(1001))
        for working in venue.state.orders:
            venue.fill(working)
        return {o.leg for _ in range(3) for o in tick(venue, 1000)}

    assert trailed() == {Leg.LONG, Leg.SHORT}
    assert trailed(switches={"legs_independent": False}) == {Leg.LONG}


def test_exits_reduce_only() -> None:
    (profit,) = tick(long_at(**without("exits_reduce_only")), 1001)
    assert profit.reduce_only is False


def test_leftovers_cancelled() -> None:
    venue = LittleVenue(quoting(order_levels=2, order_level_spread="0.5", **without("leftovers_cancelled")))
    venue.tick(d(1004), d(1006))
    first, _, *sells = venue.state.orders
    venue.fill(first)
    tick(venue, 1001)
    for sell in sells:
        venue.cancel(sell)
    venue.fill(venue.state.orders[-1])
    assert cancels(venue.tick(d(1001), d(1002))) == []


def test_book_tolerant() -> None:
    """No exit while a side is empty."""
    venue = long_at(**without("book_tolerant"))
    assert venue.tick(None, d(980)) == ()
    assert venue.tick(d(980), None) == ()


def test_sizes_quantised() -> None:
    sent = submits(LittleVenue(quoting(order_amount="0.004", **without("sizes_quantised"))).tick(d(999), d(1001)))
    assert [o.size for o in sent] == [Decimal("0.004")] * 2  # worth less than the venue takes


def test_a_tick_of_hummingbots_that_fails_leaves_what_it_did_before() -> None:
    """Classic, one-way, a long: the quote on the closing side is cancelled before the missing bid is looked at."""
    for behaviour in ("classic", "head"):
        venue = LittleVenue(quoting(behaviour=behaviour))
        venue.tick(d(999), d(1001))
        buy, sell = venue.state.orders
        venue.fill(buy)
        assert cancels(venue.tick(None, d(980))) == [sell.order.id]


def test_hummingbot_quotes_again_only_when_an_exit_that_outlived_its_position_is_gone() -> None:
    venue = LittleVenue(quoting(behaviour="head", filled_order_delay=1, long_profit_taking_spread=1))
    venue.tick(d(999), d(1001))
    buy, sell = venue.state.orders
    venue.fill(buy)
    tick(venue, 1000)
    exit_order = next(w for w in venue.state.orders if w.order.purpose is Purpose.TAKE_PROFIT)
    venue.fill(sell)  # closes the position before its cancel is confirmed
    tick(venue, 1000)
    assert venue.state.own.forgotten == (exit_order.order.id,)
    assert not any(o.side is Side.BUY for _ in range(5) for o in tick(venue, 1000))
