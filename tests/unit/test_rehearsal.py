"""A fill that is rehearsed is one that NautilusTrader could tell, and nothing comes of it."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.events import AnyEvent, OrderFilled
from engine.core.risk import Limits
from engine.core.session import Session
from engine.core.state import State
from engine.core.types import SECOND, Instrument, Leg, PositionMode, Side
from engine.nautilus import fundings, translate
from engine.nautilus.catalog import perpetual
from engine.nautilus.plan import Plan
from engine.nautilus.rehearsal import EVERY_NS, Rehearsal, a_fill
from engine.nautilus.sight import Sight
from strategies.perpetual_market_making.strategy import PerpetualMarketMaking
from tests.support.builders import INVERSE, LINEAR, a_start, a_tick, an_order
from tests.support.little_venue import quoting

AT_OKX = msgspec.structs.replace(LINEAR, id="BTC-USDT-SWAP.OKX", venue="OKX")
BEFORE_NS = 2_000_000
PLAN = Plan(
    started=a_start(),
    opening=lambda _now: (),
    feeds=frozenset(),
    book=False,
    answer=lambda _wish, _now: a_tick(1),
    stop_wanted=lambda: None,
    on_tick=lambda _now: None,
    forced=lambda _state: (),
    fundings=fundings.none,
)


class Watched(PerpetualMarketMaking):
    """Notes which facts it was told of."""

    def __init__(self) -> None:
        super().__init__(quoting(order_amount=1))
        self.told: list[AnyEvent] = []

    def evolve(self, before: State[Any], event: AnyEvent) -> Any:
        self.told.append(event)
        return super().evolve(before, event)


@pytest.mark.parametrize("leg", Leg)
@pytest.mark.parametrize("instrument", [LINEAR, INVERSE, AT_OKX])
def test_it_is_the_fill_of_that_order(instrument: Instrument, leg: Leg) -> None:
    order = an_order("0123456789ab-12-3", Side.SELL, "100.1", "2", leg=leg)
    said = a_fill(order, Decimal("100.1"), perpetual(instrument), instrument.settlement, 7)
    mode = PositionMode.ONE_WAY if leg is Leg.NET else PositionMode.HEDGE
    assert translate.fact_of(said, mode, instrument.settlement) == OrderFilled(
        ts_event=7,
        ts_init=7,
        id=order.id,
        trade_id="REHEARSAL",
        side=Side.SELL,
        leg=leg,
        price=Decimal("100.1"),
        size=Decimal(2),
        fee=Decimal(0),
        maker=True,
    )


def test_it_goes_all_the_way_and_leaves_nothing() -> None:
    policy, recorded, sent = Watched(), list[Any](), list[Any]()
    session = Session(policy, Limits(), lambda *row: recorded.append(row), sent.append)
    for event in (a_start(), a_tick(1), a_tick(2)):
        session.feed(event)
    before, entries, commands = session.state, len(recorded), len(sent)
    assert before is not None
    assert before.orders
    rehearsal = Rehearsal(session, Sight(PLAN), (None, perpetual(LINEAR), None), BEFORE_NS)
    _, at_ns = rehearsal.next(before.now)
    rehearsal.play(at_ns)
    assert isinstance(policy.told[-1], OrderFilled)
    assert policy.told[-1].id == before.orders[0].order.id
    assert (session.state, len(recorded), len(sent)) == (before, entries, commands)


@given(st.integers(0, 2**61), st.integers(0, 1_000_000))
def test_one_is_right_before_each_tick_also_where_alerts_come_early(now: int, early: int) -> None:
    rehearsal = Rehearsal(Session(Watched(), Limits(), print, print), Sight(PLAN), (None, None, None), BEFORE_NS)
    name, at_ns = rehearsal.next(now)
    assert now + EVERY_NS // 10 < at_ns <= now + EVERY_NS * 11 // 10
    assert (at_ns + BEFORE_NS) % EVERY_NS == 0
    assert SECOND % EVERY_NS == 0
    rehearsal.play(at_ns)
    after, later_ns = rehearsal.next(at_ns - early)
    assert later_ns == at_ns + EVERY_NS
    assert after != name
