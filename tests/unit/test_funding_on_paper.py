"""Funding that we book ourselves, worked out by hand."""

from decimal import Decimal

import msgspec
import pytest

from engine.core.position import Position
from engine.core.state import State, begun
from engine.core.types import Leg
from engine.simulation.funding import settled
from tests.support.builders import INVERSE, LINEAR, a_start


def holding(*, inverse: bool = False, **legs: str) -> State[None]:
    state = begun(None, a_start(instrument=INVERSE if inverse else LINEAR))
    held = {Leg(leg): Position(Decimal(size), Decimal(100)) for leg, size in legs.items()}
    return msgspec.structs.replace(state, positions=held)


@pytest.mark.parametrize(
    ("size", "rate", "amount"),
    [("2", "0.0001", "-0.0204"), ("-2", "0.0001", "0.0204"), ("2", "-0.0003", "0.0612"), ("-2", "-0.0003", "-0.0612")],
)
def test_longs_pay_a_positive_rate_and_shorts_receive_it(size: str, rate: str, amount: str) -> None:
    (fact,) = settled(holding(NET=size), Decimal(rate), Decimal(102), 7)
    assert (fact.amount, fact.leg, fact.ts_event) == (Decimal(amount), Leg.NET, 7)


def test_each_leg_is_booked_on_its_own_and_none_where_nothing_is_held() -> None:
    facts = settled(holding(LONG="3", SHORT="-1"), Decimal("0.0001"), Decimal(100), 7)
    assert {fact.leg: fact.amount for fact in facts} == {Leg.LONG: Decimal("-0.03"), Leg.SHORT: Decimal("0.01")}
    assert list(settled(holding(), Decimal("0.0001"), Decimal(100), 7)) == []


def test_an_inverse_contract_is_worth_its_coins() -> None:
    (fact,) = settled(holding(inverse=True, NET="10"), Decimal("0.0001"), Decimal(50_000), 7)
    assert fact.amount == -(Decimal(10) * 100 / 50_000 * Decimal("0.0001"))
