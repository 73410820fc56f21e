"""What is taken from a view of the account at once, and what must wait."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from engine.core.events import AnyEvent, Halted, OrderCanceled, OrderFilled, Resynced, Transferred
from engine.core.state import State, Working, begun, evolve
from engine.core.trading import Guard, Hold, Trading
from engine.core.types import SECOND, Side
from engine.run.in_step import IN_FLIGHT_NS, SILENT_S, InStep
from engine.run.watch import UNANSWERED_NS, Answer
from engine.venue_api.account import Holding, Moved, OpenOrder, Trade, View
from tests.support.builders import RUN, START_NS, a_start, an_order

LATER = START_NS + 60 * SECOND
NAME = f"{RUN[:12]}-2-0"


class Asked:
    """A watch that is given its answers."""

    def __init__(self) -> None:
        self.silent_s = 0.0
        self.answers: list[Answer] = []
        self.cancelled: list[str] = []
        self.kicked = 0

    def taken(self) -> Answer | None:
        return self.answers.pop() if self.answers else None

    def used(self, answer: Answer) -> None:
        self.last = answer

    def kick(self) -> None:
        self.kicked += 1

    def cancel(self, order: OpenOrder) -> None:
        self.cancelled.append(order.our_id)


class Run:
    def __init__(self, **state: Any) -> None:
        self.state: State[Any] = msgspec.structs.replace(begun(None, a_start()), **state)
        self.watch = Asked()
        self.in_step = InStep(self.watch, lambda: self.state)  # type: ignore[arg-type]  # what it asks of one

    def told(self, view: View, before: State[Any] | None = None, asked_ns: int = LATER) -> list[AnyEvent]:
        self.watch.answers = [Answer(view, before or self.state, asked_ns)]
        fed = []
        for event in self.in_step.facts(asked_ns + SECOND):
            self.state = evolve(self.state, event)
            fed.append(event)
        return fed


def a_view(**changes: Any) -> View:
    empty = View(
        at_ns=LATER, orders=(), holdings=(), trades=(), fundings=(), moves=(), names={}, balance=Decimal(10_000)
    )
    return msgspec.structs.replace(empty, **changes)


def working(created_ns: int) -> Working:
    return Working(order=an_order(NAME), created_ns=created_ns)


def resting() -> OpenOrder:
    return OpenOrder(f"x-aHRE4BCj-R{NAME}", 7, Side.BUY, Decimal(100), Decimal(1), "BOTH", False)


def test_nothing_is_known_before_the_first_view() -> None:
    run = Run()
    assert run.in_step.blind
    assert run.told(a_view()) == []
    assert not run.in_step.blind


def test_an_order_that_may_still_be_on_its_way_is_not_over() -> None:
    run = Run(orders=(working(LATER - IN_FLIGHT_NS + 1),))
    assert run.told(a_view()) == []
    over, said = run.told(a_view(), asked_ns=LATER + SECOND)
    assert isinstance(over, OrderCanceled)
    assert isinstance(said, Resynced)


EDGE = UNANSWERED_NS - SECOND  # the view is read a second after the venue was asked


@pytest.mark.parametrize(
    ("name", "ago_ns", "missed"),
    [(NAME, EDGE + 1, True), (NAME, EDGE, False), (NAME, 0, False), ("web", 9 * SECOND, False)],
)
def test_a_fill_that_the_stream_should_have_told_is_said_to_be_missed(name: str, ago_ns: int, missed: bool) -> None:
    trade = Trade(1, 7, Side.BUY, "BOTH", Decimal(100), Decimal(1), Decimal(0), True, LATER - ago_ns)
    told = Run(orders=(working(LATER),)).told(a_view(trades=(trade,), names={7: name}))
    assert [event.missed for event in told if isinstance(event, Resynced)] == (["fills: 1"] if missed else [])


def test_what_was_missed_is_told_once_behind_the_facts_themselves() -> None:
    """A part of an order, then what became of the rest: one word for both, and none when the same view comes again."""
    run = Run(orders=(working(LATER - IN_FLIGHT_NS),))
    trade = Trade(1, 7, Side.BUY, "BOTH", Decimal(100), Decimal("0.4"), Decimal(0), True, LATER - 9 * SECOND)
    view = a_view(
        trades=(trade,), names={7: NAME}, holdings=(Holding("BOTH", Decimal("0.4"), Decimal(100), Decimal(0)),)
    )
    *facts, said = run.told(view)
    assert [type(fact) for fact in facts] == [OrderFilled, OrderCanceled]
    assert isinstance(said, Resynced)
    assert said.missed == "fills: 1, ends of orders: 1"
    assert run.told(view) == []


def test_a_view_that_the_stream_overtook_says_only_what_was_filled() -> None:
    """The order's end is not taken from it: an event came while the venue was asked."""
    run = Run(orders=(working(START_NS),), trades={"9": None})
    trade = Trade(1, 7, Side.BUY, "BOTH", Decimal(100), Decimal("0.4"), Decimal(0), True, START_NS)
    before = msgspec.structs.replace(run.state, trades={})
    told = run.told(a_view(trades=(trade,), names={7: NAME}), before)
    assert [type(event) for event in told] == [OrderFilled, Resynced]
    assert run.watch.kicked == 1


@pytest.mark.parametrize(("silent_s", "blind"), [(SILENT_S, False), (SILENT_S + 0.1, True)])
def test_as_long_as_the_timer_holds_the_venue_may_be_silent(silent_s: float, blind: bool) -> None:
    run = Run()
    run.told(a_view())
    run.watch.silent_s = silent_s
    assert run.in_step.blind is blind


def test_a_market_that_is_silent_is_a_reason_to_ask() -> None:
    held = Hold("max_feed_age_ms", Trading.REDUCE, "old", START_NS)
    run = Run(guard=Guard(holds=(held,)))
    assert list(run.in_step.facts(LATER)) == []
    assert run.watch.kicked == 1


def test_only_trades_are_taken_from_a_view_that_is_behind() -> None:
    trade = Trade(1, 7, Side.BUY, "BOTH", Decimal(100), Decimal(1), Decimal(0), True, LATER)
    run = Run(orders=(working(START_NS),), trades={"9": None})
    before = msgspec.structs.replace(run.state, trades={})
    view = a_view(trades=(trade,), names={7: "web"}, balance=Decimal(9_000))
    assert [type(event) for event in run.told(view, before)] == [OrderFilled]
    assert run.in_step.blind


def test_what_was_rounded_is_believed_the_second_time() -> None:
    run = Run()
    less = a_view(balance=Decimal("9999.999"))
    assert run.told(less) == []
    assert [type(event) for event in run.told(less)] == [Transferred]


def test_money_that_nothing_explains_halts_the_second_time() -> None:
    run = Run()
    less = a_view(balance=Decimal(9_750))
    assert run.told(less) == []
    assert [type(event) for event in run.told(less)] == [Halted]


def test_money_that_was_transferred_is_taken_at_once() -> None:
    run = Run()
    less = a_view(balance=Decimal(9_750), moves=(Moved(Decimal(-250), "TRANSFER", LATER),))
    assert [type(event) for event in run.told(less)] == [Transferred]
    assert run.told(less) == []


def test_what_nothing_explains_halts_the_second_time() -> None:
    run = Run()
    odd = a_view(holdings=(Holding("BOTH", Decimal(1), Decimal(100), Decimal(0)),))
    assert run.told(odd) == []
    (halted,) = run.told(odd)
    assert isinstance(halted, Halted)
    assert "0 here, 1 at the venue" in halted.reason


def test_orders_that_we_do_not_know_are_cancelled() -> None:
    run = Run()
    view = a_view(orders=(resting(),))
    run.told(view, msgspec.structs.replace(run.state, orders=(working(START_NS),)))
    assert run.watch.cancelled == []  # it ended after the venue had been asked
    run.told(view)
    assert run.watch.cancelled == [NAME]
