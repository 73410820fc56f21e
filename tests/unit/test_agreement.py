"""Our books against the venue's word: what is explained passes, and not a unit more."""

from collections.abc import Iterable
from decimal import Decimal

import pytest

from engine.core.errors import BrokenInvariantError
from engine.core.events import Held
from engine.core.position import CENT
from engine.core.state import State, begun, evolve
from engine.core.types import Leg, Side
from engine.run.agreement import check_agreement
from tests.support.builders import a_fill, a_start


def after_a_round_trip() -> State[None]:
    """Bought 2 at 100, sold 1 at 103 for a fee of 0.01 each: 3 realised."""
    state = begun(None, a_start())
    for fill in (a_fill("a", Side.BUY, "2", "100"), a_fill("b", Side.SELL, "1", "103")):
        state = evolve(state, fill)
    return state


HELD = (Held(Leg.NET, Decimal(1), Decimal(100)),)


@pytest.mark.parametrize(
    ("positions", "balance", "realised", "said"),
    [
        (HELD, "10002.98", "3", None),
        (HELD, "10002.98000001", "3.00000001", None),  # averaged otherwise, and so booked
        (HELD, "10002.98000001", "3", "cash: 10002.98"),
        (HELD, "10002.98", "3.00000001", "averaging entries otherwise"),
        ((), "10002.98", "3", "position NET: 1 here, 0 there"),
        ((Held(Leg.NET, Decimal(1) + CENT, Decimal(100)),), "10002.98", "3", "position NET"),
    ],
)
def test_an_unexplained_difference_stops_the_run(
    positions: Iterable[Held], balance: str, realised: str, said: str | None
) -> None:
    given = (after_a_round_trip(), positions, Decimal(balance), Decimal(realised))
    if said is None:
        check_agreement(*given)
    else:
        with pytest.raises(BrokenInvariantError, match=said):
            check_agreement(*given)
