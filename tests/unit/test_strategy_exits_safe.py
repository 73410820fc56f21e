"""Stories of a position in `safe`: take profit, trail and stop, one leg and two."""

from decimal import Decimal

import msgspec

from engine.core.commands import Cancel, Submit
from engine.core.events import OrderFilled
from engine.core.types import Action, Leg, OrderType, PositionMode, Purpose, Side
from strategies.perpetual_market_making.own import Own
from tests.support.little_venue import LittleVenue, cancels, quoting, submits


def d(value: object) -> Decimal:
    return Decimal(str(value))


def long_at(entry: object = 1000, **changes: object) -> LittleVenue:
    """A venue whose strategy is long 0.02 from entry, with the closing quote cancelled. Trades bid x bid + 1."""
    venue = LittleVenue(quoting(order_amount="0.02", filled_order_delay=60, **changes))
    venue.tick(d(entry) + 4, d(entry) + 6)
    buy, sell = venue.state.orders
    venue.fill(buy)
    assert cancels(venue.tick(d(entry) - 2, d(entry) - 1)) == [sell.order.id]
    venue.cancel(sell)
    return venue


def tick(venue: LittleVenue, bid: object) -> list[Submit]:
    return submits(venue.tick(d(bid), d(bid) + 1))


def entry_of(venue: LittleVenue) -> Decimal:
    entry = venue.state.position(Leg.NET).entry
    assert entry is not None
    return entry


def test_a_take_profit_waits_for_profit_and_is_reduce_only() -> None:
    venue = long_at(long_profit_taking_spread=1)
    assert tick(venue, entry_of(venue) - 1) == []  # the ask is at the entry
    (order,) = tick(venue, entry_of(venue))
    assert (order.side, order.size, order.price) == (Side.SELL, d("0.02"), d("1009.8"))
    assert (order.action, order.reduce_only, order.purpose) == (Action.CLOSE, True, Purpose.TAKE_PROFIT)


def test_under_water_too_if_the_user_wants_it() -> None:
    venue = LittleVenue(quoting(exit_when_under_water=True, long_profit_taking_spread=1))
    venue.tick(d(1004), d(1006))
    venue.fill(venue.state.orders[0])
    assert [o.purpose for o in tick(venue, 995)] == [Purpose.TAKE_PROFIT]


def test_a_take_profit_that_filled_in_part_stays_and_one_that_is_too_small_is_replaced() -> None:
    venue = LittleVenue(quoting(order_levels=2, order_level_spread="0.5", long_profit_taking_spread=1))
    venue.tick(d(1004), d(1006))
    first, second = venue.state.orders[:2]
    venue.fill(first)
    tick(venue, 1001)
    exit_order = venue.state.orders[-1]
    venue.fill(exit_order, d("0.004"))
    assert cancels(venue.tick(d(1001), d(1002))) == []
    venue.fill(second)
    assert exit_order.order.id in cancels(venue.tick(d(1001), d(1002)))
    for working in venue.state.orders:
        venue.cancel(working)
    (order,) = tick(venue, 1001)
    assert order.size == d("0.016")


def test_a_stop_with_nothing_resting_goes_out_in_the_same_tick_through_the_bid() -> None:
    (order,) = tick(long_at(stop_loss_slippage_buffer="0.5"), 980)
    assert (order.purpose, order.price, order.size) == (Purpose.STOP, d("975.1"), d("0.02"))


def test_a_market_stop_needs_no_price() -> None:
    (order,) = tick(long_at(close_position_order_type="MARKET"), 980)
    assert (order.order_type, order.price) == (OrderType.MARKET, None)


def test_a_stop_waits_for_the_take_profit_to_be_confirmed_gone() -> None:
    venue = long_at(long_profit_taking_spread=1)
    (profit,) = tick(venue, 1001)
    assert venue.tick(d(980), d(981)) == (Cancel(profit.id, "stop"),)
    assert venue.tick(d(970), d(971)) == ()  # asked once; priced when it is gone
    working = venue.state.working(profit.id)
    assert working is not None
    (stop,) = submits(venue.cancel(working))
    assert (stop.purpose, stop.price) == (Purpose.STOP, d("965.1"))


def test_a_stop_is_renewed_from_the_book_until_it_fills() -> None:
    venue = long_at(time_between_stop_loss_orders=2)
    (first,) = tick(venue, 980)
    assert tick(venue, 960) == []
    assert cancels(venue.tick(d(950), d(951))) == [first.id]
    working = venue.state.working(first.id)
    assert working is not None
    (second,) = submits(venue.cancel(working))
    assert second.price == d("945.2")


def test_a_breached_stop_stays_breached_when_the_market_comes_back() -> None:
    venue = long_at(long_profit_taking_spread=1)
    (profit,) = tick(venue, 1001)
    venue.tick(d(980), d(981))
    tick(venue, 1004)
    working = venue.state.working(profit.id)
    assert working is not None
    (stop,) = submits(venue.cancel(working))
    assert stop.purpose is Purpose.STOP


def test_the_stop_is_told_by_the_side_that_exists() -> None:
    venue = long_at()
    (order,) = submits(venue.tick(None, d(980)))
    assert order.purpose is Purpose.STOP
    assert LittleVenue(quoting()).tick(None, None) == ()


def test_no_stop_where_it_is_off() -> None:
    assert tick(long_at(stop_loss_spread=0), 500) == []


TRAIL = {"position_management": "Trailing_stop", "ts_activation_spread": 1, "ts_callback_rate": "0.5"}


def test_the_trail_arms_at_activation_and_exits_on_the_way_back() -> None:
    venue = long_at(**TRAIL)
    assert tick(venue, 1009) == []  # not reached: 1009.899
    assert tick(venue, 1002) == []  # back by more than the callback, but never armed
    assert tick(venue, 1012) == []
    assert tick(venue, 1008) == []  # 1006.94 is the exit
    (order,) = tick(venue, 1006)
    assert (order.purpose, order.price) == (Purpose.TRAIL, d(1006))


def test_the_price_before_the_fill_does_not_arm_the_trail() -> None:
    """Classic would exit here: the bid before the fill was at 1004, more than 0.4 % above entry."""
    venue = long_at(**TRAIL | {"ts_activation_spread": "0.4"})
    assert tick(venue, 1000) == []


def test_a_trailing_exit_that_the_market_left_behind_is_priced_anew() -> None:
    venue = long_at(**TRAIL)
    tick(venue, 1015)
    (first,) = tick(venue, 1008)
    assert cancels(venue.tick(d(1005), d(1006))) == [first.id]
    working = venue.state.working(first.id)
    assert working is not None
    (second,) = submits(venue.cancel(working))
    assert second.price == d(1005)


def test_a_trail_never_takes_a_loss() -> None:
    venue = long_at(**TRAIL)
    tick(venue, 1015)
    assert tick(venue, entry_of(venue) - 1) == []


def test_each_leg_has_its_own_exits() -> None:
    venue = LittleVenue(
        quoting(position_mode="Hedge", long_profit_taking_spread=1, short_profit_taking_spread=1, order_amount="0.02")
    )
    venue.tick(d(999), d(1001))
    for working in venue.state.orders:
        venue.fill(working)
    assert set(venue.state.positions) == {Leg.LONG, Leg.SHORT}
    sent = tick(venue, 1016)  # past the short's stop of 1015.05, in profit for the long
    assert {(o.leg, o.purpose, o.side) for o in sent} == {
        (Leg.LONG, Purpose.TAKE_PROFIT, Side.SELL),
        (Leg.SHORT, Purpose.STOP, Side.BUY),
    }


def test_the_other_sides_quote_goes_in_hedge_too_unless_it_hangs() -> None:
    for hanging in (False, True):
        venue = LittleVenue(quoting(position_mode=PositionMode.HEDGE, hanging_orders_enabled=hanging))
        venue.tick(d(999), d(1001))
        buy, sell = venue.state.orders
        venue.fill(buy)
        assert (sell.order.id in cancels(venue.tick(d(996), d(997)))) is not hanging


def test_a_flat_leg_may_be_quoted_where_the_user_wants_it() -> None:
    venue = LittleVenue(quoting(position_mode="Hedge", quote_flat_leg=True, filled_order_delay=2))
    venue.tick(d(999), d(1001))
    venue.fill(venue.state.orders[1])
    sides = {o.side for _ in range(14) for o in tick(venue, 999) if o.action is Action.OPEN}
    assert sides <= {Side.BUY}
    for working in venue.state.orders:
        if working.order.action is Action.OPEN:
            venue.cancel(working)
    quotes = [o for _ in range(14) for o in tick(venue, 999) if o.action is Action.OPEN]
    assert {o.side for o in quotes} == {Side.BUY}


def test_what_is_left_of_the_old_round_is_cancelled_when_flat() -> None:
    venue = LittleVenue(quoting(order_levels=2, order_level_spread="0.5"))
    venue.tick(d(1004), d(1006))
    first, second, *sells = venue.state.orders
    venue.fill(first)
    tick(venue, 1001)
    exit_order = venue.state.orders[-1]
    for sell in sells:
        venue.cancel(sell)
    venue.fill(exit_order)
    assert venue.tick(d(1001), d(1002)) == (Cancel(second.order.id, "leftover"),)


def test_a_liquidation_makes_flat_like_any_fill() -> None:
    venue = long_at(long_profit_taking_spread=1)
    (profit,) = tick(venue, 1001)
    working = venue.state.working(profit.id)
    assert working is not None
    venue.fill(working, price=d(900))
    assert not venue.state.own.stopped
    assert not venue.state.positions


def test_an_exit_of_the_wrong_side_is_cancelled_and_its_confirmation_sends_no_trailing_exit() -> None:
    """The position was turned round while its exit rested: what was armed for the long says nothing about the short."""
    venue = long_at(**TRAIL, order_levels=1)
    tick(venue, 1015)
    (exit_order,) = tick(venue, 1008)
    venue.reduce_by_hand(Leg.NET, d("0.01"), d(1008))
    venue.feed(
        OrderFilled(
            **venue.at,
            id="theirs",
            trade_id="2",
            side=Side.SELL,
            leg=Leg.NET,
            price=d(1008),
            size=d("0.03"),
            fee=d(0),
            maker=False,
        )
    )
    assert venue.state.position(Leg.NET).size == d("-0.02")
    assert exit_order.id in cancels(venue.tick(d(1006), d(1007)))
    working = venue.state.working(exit_order.id)
    assert working is not None
    assert venue.cancel(working) == ()


def test_an_empty_book_leaves_a_trailing_exit_where_it_is() -> None:
    venue = long_at(**TRAIL)
    tick(venue, 1015)
    assert len(tick(venue, 1008)) == 1
    assert venue.tick(None, None) == ()


def test_what_is_remembered_survives_a_snapshot() -> None:
    venue = long_at(**TRAIL | {"stop_loss_spread": "0.5"})
    tick(venue, 1015)
    tick(venue, 900)
    own = venue.state.own
    assert own.trails
    assert own.stopped
    assert msgspec.json.decode(msgspec.json.encode(own), type=Own) == own
