"""The steps from levels to quotes, one by one."""

from decimal import Decimal

import msgspec
import pytest

from engine.core.commands import Draft
from engine.core.state import State, begun
from engine.core.types import Side, floor_to
from strategies.perpetual_market_making.market import NAN, Market, through_float
from strategies.perpetual_market_making.quoting import (
    Quote,
    affordable,
    in_band,
    laddered,
    optimised,
    passive,
    ping_ponged,
    rungs,
    with_costs,
)
from strategies.perpetual_market_making.rates import rates_of
from tests.support.builders import LINEAR, a_start
from tests.support.little_venue import quoting

BUY, SELL = Side.BUY, Side.SELL
TICK = Decimal("0.1")
STEP = Decimal("0.001")


def d(value: object) -> Decimal:
    return Decimal(str(value))


def market(bid: object = 99, ask: object = 101, **covers: object) -> Market:
    known = {(Side[side], Decimal(1)): d(price) for side, price in covers.items()}
    return Market(d(bid), d(ask), (d(bid) + d(ask)) / 2, TICK, known)


def quote(side: Side, price: object, size: object = 1, level: int = 0) -> Quote:
    return Draft(side=side, size=d(size), price=d(price), level=level)


def charged(fee: str, leverage: int = 1) -> State[None]:
    instrument = msgspec.structs.replace(LINEAR, maker_fee=d(fee))
    return begun(None, a_start(instrument=instrument, leverage=leverage))


TWO = (quote(BUY, 98), quote(SELL, 102))


def test_a_ladder_is_floored_on_both_sides() -> None:
    rates = rates_of(quoting(bid_spread="0.55", ask_spread="0.55", order_levels=2, order_level_spread=1))
    quotes = laddered(rungs(rates, LINEAR, False), market())
    assert [(q.side, q.price, q.level) for q in quotes] == [
        (BUY, d("99.4"), 0),
        (BUY, d("98.4"), 1),
        (SELL, d("100.5"), 0),
        (SELL, d("101.5"), 1),
    ]


def test_a_level_without_size_is_dropped() -> None:
    rates = rates_of(quoting(order_amount=1, order_levels=3, order_level_amount="-0.6"))
    assert [q.size for q in laddered(rungs(rates, LINEAR, False), market())] == [1, d("0.4")] * 2


def test_an_override_replaces_levels_and_keeps_its_order() -> None:
    override = {"a": ["sell", 1, 3], "b": ["buy", "0.5", "1.2"], "c": ["hold", 1, 1], "d": ["buy", 100, 1]}
    rates = rates_of(quoting(order_override=override))
    assert laddered(rungs(rates, LINEAR, False), market()) == (quote(BUY, "99.5", "1.2"), quote(SELL, 101, 3))


@pytest.mark.parametrize(("reference", "sides"), [(102, [SELL]), (101, [BUY, SELL]), (98, [BUY])])
def test_price_band(reference: int, sides: list[Side]) -> None:
    rates = rates_of(quoting(price_ceiling=102, price_floor=98))
    assert [q.side for q in in_band(TWO, rates, d(reference))] == sides


def test_ping_pong_takes_the_inner_levels() -> None:
    ladder = (quote(BUY, 98), quote(BUY, 97, level=1), quote(SELL, 102))
    assert ping_ponged(ladder, 1, 0) == ladder[1:]
    assert ping_ponged(ladder, 0, 1) == ladder[:2]


def test_optimisation_steps_back_to_one_tick_in_front_of_the_depth() -> None:
    front = {BUY: Decimal(1), SELL: Decimal(1)}
    assert optimised(TWO, market(BUY=97, SELL=103), front, tolerant=False) == (quote(BUY, "97.1"), quote(SELL, "102.9"))


def test_optimisation_never_moves_toward_the_mid() -> None:
    front = {BUY: Decimal(1), SELL: Decimal(1)}
    assert optimised(TWO, market(BUY=99, SELL=101), front, tolerant=False) == TWO


def test_optimisation_leaves_a_side_of_two_alone_and_a_thin_book_too() -> None:
    front = {BUY: Decimal(1), SELL: Decimal(1)}
    ladder = (quote(BUY, 98), quote(BUY, 97, level=1), quote(SELL, 102))
    assert optimised(ladder, market(BUY=90), front, tolerant=True) == ladder
    with pytest.raises(ArithmeticError):
        optimised(TWO, market(), front, tolerant=False)


def test_costs_move_quotes_out_by_the_fee() -> None:
    assert with_costs(TWO, Decimal("0.01"), TICK) == (quote(BUY, 97), quote(SELL, 103))


def test_what_does_not_fit_is_dropped_whole_and_a_smaller_one_may_still_fit() -> None:
    wanted = (quote(BUY, 100, 1), quote(BUY, 90, 2), quote(SELL, 101, 1))
    assert affordable(wanted, charged("0"), Decimal(201)) == (wanted[0], wanted[2])
    assert affordable(wanted, charged("0", leverage=2), Decimal(201)) == wanted
    assert affordable(wanted[:1], charged("0.001"), Decimal(100)) == ()
    assert affordable(wanted, charged("0"), Decimal(1000), least=d(101)) == wanted[1:]


def test_a_rebate_pays_for_no_margin_and_makes_room_for_the_next_only_as_head_counts() -> None:
    wanted = (quote(BUY, 100, 1), quote(BUY, 100, 1, level=1))
    rebate = charged("-0.01")
    assert affordable(wanted, rebate, Decimal("99.5")) == ()
    assert affordable(wanted, rebate, Decimal("199.5")) == wanted[:1]
    assert affordable(wanted, rebate, Decimal("199.5"), rebates=True) == wanted


def test_takers_are_dropped_and_an_empty_side_cannot_be_crossed() -> None:
    crossing = (quote(BUY, 101), quote(SELL, 99))
    assert passive(crossing, market()) == ()
    assert passive(crossing, msgspec.structs.replace(market(), ask=NAN)) == crossing[:1]


def test_rounding_is_toward_zero() -> None:
    assert floor_to(d("-0.75"), d("0.5")) == d("-0.5")
    assert floor_to(d("0.75"), d("0.5")) == d("0.5")


def test_classic_reads_the_book_through_floats() -> None:
    assert through_float(d("100.1"), d("0.01")) == d("100.09")
    assert through_float(None, TICK).is_nan()
