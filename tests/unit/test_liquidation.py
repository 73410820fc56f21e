from decimal import Decimal

import msgspec
import pytest

from engine.core.commands import Cancel, Submit
from engine.core.events import Held
from engine.core.position import Position
from engine.core.state import State, Working, begun, evolve
from engine.core.types import Leg, PositionMode, Side
from engine.simulation.liquidation import liquidation
from tests.support.builders import INVERSE, a_start, a_tick
from tests.unit.test_translate import a_submit


def a_state(positions: dict[Leg, Position], balance: str, mark: str | None, **changes: object) -> State[None]:
    held = tuple(Held(leg, p.size, p.entry) for leg, p in positions.items() if p.entry is not None)
    state = begun(None, a_start(balance=Decimal(balance), positions=held, **changes))
    return evolve(state, a_tick(1, "90.0", "90.2", mark=None if mark is None else Decimal(mark)))


def a_long(size: str = "10", entry: str = "100") -> dict[Leg, Position]:
    return {Leg.NET: Position(Decimal(size), Decimal(entry))}


@pytest.mark.parametrize(
    ("balance", "mark", "acts"),
    [
        ("122.5", "90", True),  # lost 100, 22.5 left, 22.5 needed
        ("122.51", "90", False),
        ("121.525", None, True),  # at the mid of 90.1 it lost 99 and needs 22.525
        ("1000", "90", False),
    ],
)
def test_it_acts_when_equity_is_down_to_the_maintenance_margin(balance: str, mark: str | None, acts: bool) -> None:
    assert bool(liquidation(a_state(a_long(), balance, mark))) is acts


def test_a_short_loses_when_the_mark_rises() -> None:
    assert liquidation(a_state(a_long("-10"), "120", "110"))
    assert not liquidation(a_state(a_long("-10"), "120", "90"))


def test_an_inverse_contract_is_settled_in_its_base() -> None:
    """At 2.5 %. 100 contracts of 100 USD: 100 BTC at 100, 125 at 80: 25 lost, 3.125 needed."""
    held = a_long("100", "100")
    assert liquidation(a_state(held, "28.125", "80", instrument=INVERSE))
    assert not liquidation(a_state(held, "28.126", "80", instrument=INVERSE))


def test_every_order_ends_and_every_leg_is_closed() -> None:
    legs = {Leg.LONG: Position(Decimal(10), Decimal(100)), Leg.SHORT: Position(Decimal(-2), Decimal(80))}
    state = a_state(legs, "50", "90", mode=PositionMode.HEDGE)
    state = msgspec.structs.replace(state, orders=(Working(order=a_submit(), created_ns=1),), seq=7)
    cancel, long, short = liquidation(state)
    assert cancel == Cancel("run-1-0", "liquidation")
    assert isinstance(long, Submit)
    assert isinstance(short, Submit)
    assert (long.id, long.side, long.size, long.leg) == ("LIQUIDATION-7-LONG", Side.SELL, Decimal(10), Leg.LONG)
    assert (short.id, short.side, short.size, short.leg) == ("LIQUIDATION-7-SHORT", Side.BUY, Decimal(2), Leg.SHORT)
    assert long.reduce_only
    assert short.reduce_only


def test_nothing_is_done_without_a_position_or_a_price() -> None:
    assert liquidation(a_state({}, "0", "90")) == ()
    held = (Held(Leg.NET, Decimal(10), Decimal(100)),)
    blind = evolve(begun(None, a_start(balance=Decimal(1), positions=held)), a_tick(1, None, None))
    assert liquidation(blind) == ()
