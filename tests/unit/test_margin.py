"""Margin and the liquidation price by worked examples, linear and inverse; and the law that defines that price."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.core.events import Held
from engine.core.margin import initial_margin, liquidation_price, maintenance_margin
from engine.core.state import State, begun, evolve, valued
from engine.core.types import Instrument, Leg, PositionMode
from tests.support.builders import INVERSE, LINEAR, a_start, a_tick, decimals
from tests.support.markets import frames_of


def account(instrument: Instrument, balance: str, *held: tuple[Leg, str, str], mark: str = "100") -> State[None]:
    """Leverage 10; the instruments' maintenance rate is 2.5 %."""
    legs = tuple(Held(leg, Decimal(size), Decimal(entry)) for leg, size, entry in held)
    mode = PositionMode.HEDGE if any(leg is not Leg.NET for leg, *_ in held) else PositionMode.ONE_WAY
    start = a_start(instrument=instrument, balance=Decimal(balance), positions=legs, mode=mode)
    return evolve(begun(None, start), a_tick(1, mark=Decimal(mark)))


@pytest.mark.parametrize(
    ("state", "initial", "maintenance", "price"),
    [
        # 10 BTC from 100 with 122.5: at 90 it lost 100, and 22.5 are 2.5 % of 900.
        (account(LINEAR, "122.5", (Leg.NET, "10", "100")), "100", "25", "90"),
        # Short: at 110 it lost 100, and 27.5 are 2.5 % of 1,100.
        (account(LINEAR, "127.5", (Leg.NET, "-10", "100")), "100", "25", "110"),
        # 100 contracts of 100 USD from 100: 100 BTC. At 80 they are 125: 25 lost, 3.125 needed.
        (account(INVERSE, "28.125", (Leg.NET, "100", "100")), "10", "2.5", "80"),
        # Short: at 125 they are 80: 20 lost, 2 needed.
        (account(INVERSE, "22", (Leg.NET, "-100", "100")), "10", "2.5", "125"),
        # Both legs need margin, but only what they differ by can lose: 10 long and 5 short from 100; at 80: 100 lost,
        # and 30 are 2.5 % of 15 x 80.
        (account(LINEAR, "130", (Leg.LONG, "10", "100"), (Leg.SHORT, "-5", "100")), "150", "37.5", "80"),
        # An inverse short with less at stake than the account holds of the coin cannot be liquidated by any price.
        (account(INVERSE, "103", (Leg.NET, "-100", "100")), "10", "2.5", None),
        # Nor a linear long without leverage.
        (account(LINEAR, "1000", (Leg.NET, "10", "100")), "100", "25", None),
        (account(LINEAR, "1000"), "0", "0", None),
    ],
)  # fmt: skip
def test_worked_examples(state: State[None], initial: str, maintenance: str, price: str | None) -> None:
    assert initial_margin(state, Decimal(100)) == Decimal(initial)
    assert maintenance_margin(state, Decimal(100)) == Decimal(maintenance)
    found = liquidation_price(state)
    assert found is price if price is None else found == Decimal(price)


sizes = st.integers(-50, 50).filter(bool)


@given(st.sampled_from([LINEAR, INVERSE]), sizes, st.none() | sizes, decimals("1", "5000", 2), decimals("50", "200", 1))
def test_at_the_liquidation_price_equity_is_the_maintenance_margin(
    instrument: Instrument, size: int, other: int | None, balance: Decimal, entry: Decimal
) -> None:
    legs = [(Leg.NET, str(size), str(entry))]
    if other is not None:
        legs = [(Leg.LONG, str(abs(size)), str(entry)), (Leg.SHORT, str(-abs(other)), "100")]
    state = account(instrument, str(balance), *legs)
    price = liquidation_price(state)
    assume(price is not None)
    assert price is not None
    there = evolve(state, a_tick(2, mark=price))
    assert abs(valued(there).equity - maintenance_margin(there, price)) < Decimal("1e-7")
    frame = frames_of([(a_start(instrument=instrument, balance=balance, mode=state.mode,
                                positions=tuple(Held(leg, Decimal(s), Decimal(e)) for leg, s, e in legs)), ()),
                       (a_tick(1, mark=Decimal(100)), ())]).equity  # fmt: skip
    assert frame["liquidation_price"][-1] == pytest.approx(float(price), rel=1e-9)
