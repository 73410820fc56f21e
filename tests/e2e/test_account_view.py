"""The venue asked while a run trades, against a venue on loopback: what is cancelled, and what a view explains."""

import asyncio
import time
from decimal import Decimal
from typing import Any

import msgspec

from engine.core.commands import Submit
from engine.core.events import OrderFilled
from engine.core.state import State, Working, begun, evolve
from engine.core.types import Action, Leg, OrderType, Purpose, Side
from engine.run.reconcile import reconcile
from engine.run.watch import Watch
from engine.venue_api.account import View
from engine.venue_sim.faults import Fault
from tests.support.builders import a_start
from tests.support.venue import CONTRACT, START_NS, binance_at, client_of, venue_of


def a_quote(name: str) -> Submit:
    fields: dict[str, Any] = {"reduce_only": False, "post_only": False, "level": 0, "size": Decimal("0.3")}
    how = {"order_type": OrderType.LIMIT, "action": Action.OPEN, "purpose": Purpose.QUOTE, "leg": Leg.NET}
    return Submit(id=name, side=Side.BUY, price=Decimal(90), **fields, **how)


async def test_a_cancel_without_an_answer_is_asked_again_though_there_is_no_view_of_the_account() -> None:
    """Of what an account holds the venue says nothing; what rests it tells, and cancels: of ours what was asked for."""
    state: State[Any] = begun(None, a_start(instrument=CONTRACT))
    orders = tuple(Working(order=a_quote(name), created_ns=0) for name in ("0123456789ab-2-0", "0123456789ab-2-1"))
    asked_for = msgspec.structs.replace(orders[0], cancel_requested_ns=1)
    state = msgspec.structs.replace(state, orders=(asked_for, orders[1]))
    async with client_of(venue_of()) as client:
        for name in ("2-0", "2-1"):
            await client.place("BUY", "90", "0.3", newClientOrderId=f"x-aHRE4BCj-R0123456789ab-{name}")
        client.venue.faults.add(Fault(kind="refuse", on="positionRisk"), client.venue.age_s)

        def watch() -> None:
            with binance_at(client) as venue, Watch(venue, CONTRACT, lambda: state, START_NS, timed=False):
                end = time.monotonic() + 60
                while len(client.account.open) > 1 and time.monotonic() < end:
                    time.sleep(0.05)

        await asyncio.to_thread(watch)
        assert [order.request.client_id[-3:] for order in client.account.open.values()] == ["2-1"]


async def test_view_of_the_account_explains_itself() -> None:
    """Fills, foreign ones too, fees and balance, as REST tells them, bring a run to where the venue stands."""
    async with client_of(venue_of()) as client:
        name = "0123456789ab-2-0"
        await client.place("BUY", "90", "0.3", newClientOrderId=f"x-aHRE4BCj-R{name}")
        await client.place("BUY", None, "0.5", newClientOrderId="by-hand")
        client.advance(1)

        def read() -> View:
            with binance_at(client) as venue:
                return venue.view(CONTRACT, START_NS)

        view = await asyncio.to_thread(read)
        state: State[Any] = begun(None, a_start(instrument=CONTRACT))
        found = reconcile(state, view, START_NS)
        assert found.unexplained == ()
        assert [order.our_id for order in found.unknown] == [name]
        for event in found.events:
            state = evolve(state, event)
        assert [type(event) for event in found.events] == [OrderFilled]
        assert state.position(Leg.NET).size == Decimal("0.5")
        assert state.ledger.cash == view.balance < 10_000
