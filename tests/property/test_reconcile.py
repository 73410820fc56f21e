"""Whatever was missed, the facts that are found bring the run to where the venue stands; told again they do nothing."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.events import AnyEvent, OrderAccepted, OrderCanceled, OrderFilled, Transferred
from engine.core.state import State, begun, evolve, sent
from engine.core.types import Leg, PositionMode, Side
from engine.run.reconcile import FOREIGN, reconcile
from engine.venue_api.account import Funding, Holding, Moved, OpenOrder, Trade, View
from tests.support.builders import RUN, START_NS, a_start, an_order

LOT = Decimal("0.001")
SECOND = 1_000_000_000
CENT = Decimal("1e-8")


class Order(msgspec.Struct):
    """An order's life at the venue: what filled of it, and whether it rests on."""

    number: int
    side: Side
    lots: int
    filled: tuple[int, ...]
    ended: bool
    ours: bool
    price: int

    @property
    def name(self) -> str:
        return f"{RUN[:12]}-{self.number}-0" if self.ours else f"web-{self.number}"

    @property
    def left(self) -> int:
        return self.lots - sum(self.filled)


@st.composite
def orders(draw: st.DrawFn) -> list[Order]:
    lives = draw(
        st.lists(
            st.tuples(
                st.sampled_from(Side),
                st.integers(1, 9),
                st.lists(st.integers(1, 3), max_size=3),
                st.booleans(),
                st.booleans(),
                st.integers(90, 110),
            ),
            max_size=5,
        )
    )
    return [
        Order(n, side, max(lots, sum(filled)), tuple(filled), ended or sum(filled) >= lots, ours, price)
        for n, (side, lots, filled, ended, ours, price) in enumerate(lives, 2)
    ]


def trades(lives: list[Order]) -> list[tuple[Order, Trade]]:
    made, number = [], 0
    for order in lives:
        for lots in order.filled:
            number += 1
            at = START_NS + number * SECOND
            fee = Decimal("0.01")
            made.append(
                (
                    order,
                    Trade(number, order.number, order.side, "BOTH", Decimal(order.price), lots * LOT, fee, True, at),
                )
            )
    return made


def averaged(executed: list[Trade]) -> tuple[Decimal, Decimal, Decimal]:
    """Size, average entry and what was realised, as the venue has it: it knows the order of its trades."""
    size = entry = realised = Decimal(0)
    for trade in executed:
        change = trade.side * trade.size
        if size * change >= 0:
            entry = (entry * size + trade.price * change) / (size + change)
        else:
            closed = min(abs(size), abs(change)) * (1 if size > 0 else -1)
            realised += closed * (trade.price - entry)
            entry = trade.price if size * (size + change) < 0 else entry
        size += change
    return size, entry, realised


def view_of(lives: list[Order], moved: Decimal, fundings: list[Funding]) -> View:
    executed = [trade for _, trade in trades(lives)]
    size, entry, realised = averaged(executed)
    paid = sum((trade.fee for trade in executed), Decimal(0))
    earned = sum((funding.amount for funding in fundings), Decimal(0))
    return View(
        at_ns=START_NS,
        orders=tuple(
            OpenOrder(
                f"x-aHRE4BCj-R{o.name}" if o.ours else o.name,
                o.number,
                o.side,
                Decimal(100),
                o.left * LOT,
                "BOTH",
                False,
            )
            for o in lives
            if not o.ended
        ),
        holdings=() if size == 0 else (Holding("BOTH", size, entry, Decimal(0)),),
        trades=tuple(executed),
        fundings=tuple(fundings),
        moves=() if moved == 0 else (Moved(moved, "TRANSFER", START_NS + SECOND),),
        names={order.number: order.name for order in lives},
        balance=Decimal(10_000) - paid + earned + moved + (realised.quantize(CENT) if realised else 0),
    )


@given(orders(), st.data(), st.sampled_from([Decimal(0), Decimal(-250)]), st.integers(0, 2))
def test_run_comes_to_where_the_venue_stands(
    lives: list[Order], data: st.DataObject, moved: Decimal, funded: int
) -> None:
    fundings = [Funding(Decimal("-0.5"), START_NS + n * 3600 * SECOND) for n in range(1, funded + 1)]
    state: State[Any] = begun(None, a_start(mode=PositionMode.ONE_WAY))
    ours = [order for order in lives if order.ours and data.draw(st.integers(0, 9)) > 0]  # else: sent by nobody we know
    state = sent(state, None, tuple(an_order(each.name, each.side, 100, each.lots * LOT) for each in ours), START_NS)
    for event in data.draw(
        st.permutations(_told(lives, ours)).map(lambda told: told[: data.draw(st.integers(0, len(told)))])
    ):
        state = evolve(state, event)

    found = reconcile(state, view_of(lives, moved, fundings), START_NS + 9 * 3600 * SECOND)
    assert found.unexplained == ()
    assert {order.our_id for order in found.unknown} == {
        order.name for order in lives if order.ours and not order.ended and state.working(order.name) is None
    }
    for event in found.events:
        state = evolve(state, event)
    assert state.position(Leg.NET).size == sum((t.side * t.size for _, t in trades(lives)), Decimal(0))
    assert (
        abs(state.ledger.cash - view_of(lives, moved, fundings).balance) <= CENT
    )  # averages of many fills have no end
    assert {w.order.id: w.leaves for w in state.orders} == {
        order.name: order.left * LOT for order in lives if not order.ended and state.working(order.name) is not None
    }
    again = reconcile(state, view_of(lives, moved, fundings), START_NS + 10 * 3600 * SECOND)
    assert again.events == ()


def _told(lives: list[Order], ours: list[Order]) -> list[AnyEvent]:
    """All that the stream may have told before it broke."""
    fills: list[AnyEvent] = [
        OrderFilled(
            id=order.name if order.ours else f"{FOREIGN}{order.number}",
            trade_id=str(trade.id),
            side=trade.side,
            leg=Leg.NET,
            price=trade.price,
            size=trade.size,
            fee=trade.fee,
            maker=trade.maker,
            ts_event=trade.at_ns,
            ts_init=trade.at_ns,
        )
        for order, trade in trades(lives)
    ]
    accepted: list[AnyEvent] = [
        OrderAccepted(id=order.name, venue_id=str(order.number), ts_event=START_NS, ts_init=START_NS) for order in ours
    ]
    ended: list[AnyEvent] = [
        OrderCanceled(id=order.name, ts_event=START_NS, ts_init=START_NS) for order in ours if order.ended
    ]
    return [*accepted, *fills, *ended]


def test_money_from_elsewhere_is_said_to_be_that() -> None:
    state: State[Any] = begun(None, a_start())
    (event,) = reconcile(state, view_of([], Decimal(-250), []), START_NS).events
    assert isinstance(event, Transferred)
    assert (event.amount, event.reason) == (-250, "TRANSFER")


def test_money_that_nothing_explains_is_told() -> None:
    state: State[Any] = begun(None, a_start())
    view = msgspec.structs.replace(view_of([], Decimal(-250), []), moves=())
    found = reconcile(state, view, START_NS)
    assert found.events == ()
    assert found.unexplained == ("cash: 10000 here, 9750 at the venue",)


@pytest.mark.parametrize("rounded", ["0.00001", "-0.01"])
def test_what_the_venue_rounds_is_booked(rounded: str) -> None:
    state: State[Any] = begun(None, a_start())
    view = msgspec.structs.replace(view_of([], Decimal(rounded), []), moves=())
    found = reconcile(state, view, START_NS)
    assert found.unexplained == ()
    assert [event.amount for event in found.events if isinstance(event, Transferred)] == [Decimal(rounded)]


def test_position_that_nothing_explains_is_told() -> None:
    state: State[Any] = begun(None, a_start())
    view = msgspec.structs.replace(
        view_of([], Decimal(0), []), holdings=(Holding("BOTH", Decimal(1), Decimal(9), Decimal(0)),)
    )
    assert reconcile(state, view, START_NS).unexplained == ("position NET: 0 here, 1 at the venue",)
