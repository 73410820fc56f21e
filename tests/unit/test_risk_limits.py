"""Every limit bites; and each story fails where the limit's check is taken out (the mutation test of the limits)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from engine.core.checks import CHECKS
from engine.core.commands import Draft, Outcome, Submit
from engine.core.events import OrderCanceled, Paused, Resumed, Tick, Transferred
from engine.core.guard import WATCHES
from engine.core.risk import Limits
from engine.core.state import Working
from engine.core.step import order_id
from engine.core.trading import Trading
from engine.core.types import Action, PositionMode, Side
from tests.support.builders import RUN, START_NS, a_draft, a_fill, a_tick
from tests.support.limited import Run, a_long, an_exit, cancels, held, is_flattening, refusals, refused_by

SECOND = 1_000_000_000
DAY = 86_400


def _order(limits: dict[str, Any], *wishes: Draft) -> tuple[Outcome, ...]:
    return Run(limits).feed(a_tick(1), *wishes)


def max_order_size() -> None:
    refused_by("max_order_size", _order({"max_order_size": "0.5"}, a_draft(size="0.5"), a_draft(size="0.501")))


def max_order_notional() -> None:
    refused_by("max_order_notional", _order({"max_order_notional": 50}, a_draft(size="0.5"), a_draft(size="0.501")))


def max_position() -> None:
    refused_by("max_position", _order({"max_position": "0.5"}, a_draft(size="0.5"), a_draft(size="0.001")))


def max_position_notional() -> None:
    mark = a_tick(1, mark=Decimal(100))
    wishes = (a_draft(size="0.5"), a_draft(size="0.001"))
    refused_by("max_position_notional", Run({"max_position_notional": 50}).feed(mark, *wishes))


def max_leverage() -> None:
    mark = a_tick(1, mark=Decimal(100))
    run = Run({"max_leverage": 2}, balance=Decimal(50))
    refused_by("max_leverage", run.feed(mark, a_draft(size="1"), a_draft(size="0.001")))


def max_open_orders() -> None:
    refused_by("max_open_orders", _order({"max_open_orders": 1}, a_draft(), a_draft()))


def max_order_rate() -> None:
    run = Run({"max_order_rate": 2})
    assert not refusals(run.feed(a_tick(1), a_draft()))
    refused_by("max_order_rate", run.feed(a_tick(10), a_draft(), a_draft()))
    assert not refusals(run.feed(a_tick(11), a_draft()))  # the first is ten seconds old


def price_collar() -> None:
    run = Run({"price_collar": "0.01"})
    mark = a_tick(1, mark=Decimal(100))
    refused_by("price_collar", run.feed(mark, a_draft(price="99.0"), a_draft(price="98.9")))


def self_cross() -> None:
    run = Run({})
    run.feed(a_tick(1), a_draft(Side.SELL, price="100.5"))
    refused_by("self_cross", run.feed(a_tick(2), a_draft(price="100.4"), a_draft(price="100.5")))
    refused_by("self_cross", _order({}, a_draft(price="100.0"), a_draft(Side.SELL, price="100.0")))


def duplicate_id() -> None:
    for draft in (a_draft(), an_exit()):
        run = Run({})
        run.feed(a_tick(1), a_draft())
        order = msgspec.structs.replace(run.known.orders[0].order, id=order_id(RUN, run.known.seq + 1, 0))
        run.state = msgspec.structs.replace(run.known, orders=(Working(order=order, created_ns=START_NS),))
        refused_by("duplicate_id", run.feed(a_tick(2), draft))


def whole_units() -> None:
    for odd in (
        *(a_draft(size="0.0101"), a_draft(price="100.01"), an_exit(size="0.0101")),
        *(a_draft(size="0"), a_draft(size="-1"), a_draft(price="0"), a_draft(price="-1")),
    ):
        refused_by("whole_units", _order({}, odd))


def max_daily_loss() -> None:
    run = a_long({"max_daily_loss": 5})
    quiet = run.feed(a_tick(2, mark=Decimal("95.1")), a_draft(price="90.0"))
    assert not refusals(quiet)
    fallen = run.feed(a_tick(3, mark=Decimal("94.9")), a_draft(price="90.0"), an_exit())
    assert held(fallen) == {"max_daily_loss": True}
    assert run.trading is Trading.REDUCE
    refused_by("max_daily_loss", fallen)
    assert [o.action for o in fallen if isinstance(o, Submit)] == [Action.CLOSE]
    assert len(cancels(fallen)) == 2  # what rested is pulled
    assert not held(run.feed(a_tick(4, mark=Decimal(120))))  # a gain does not lift it
    assert held(run.feed(a_tick(DAY, mark=Decimal(90)))) == {"max_daily_loss": False}  # another day does
    assert run.trading is Trading.RUN
    assert not held(run.feed(a_tick(DAY + 1, mark=Decimal(90))))  # what was lost the day before counts no more


def max_drawdown() -> None:
    run = a_long({"max_drawdown": 5, "stop_policy": "flatten"})
    run.feed(a_tick(2, mark=Decimal(110)), a_draft(price="90.0"))
    assert run.trading is Trading.RUN
    outcomes = run.feed(a_tick(3, mark=Decimal("104.9")), an_exit())
    assert held(outcomes) == {"max_drawdown": True}
    assert run.trading is Trading.HALT
    assert not any(isinstance(o, Submit) for o in outcomes)  # an order could still fill
    for cancel in cancels(outcomes):
        run.feed(OrderCanceled(ts_event=START_NS, ts_init=START_NS, id=cancel.id))
    flattening = run.feed(a_tick(4, mark=Decimal(150)), a_draft())
    is_flattening(flattening)
    assert run.trading is Trading.HALT


def max_feed_age_ms() -> None:
    run = Run({"max_feed_age_ms": 2000})
    run.feed(_seen(1, 1), a_draft())
    assert held(run.feed(_seen(3, 1))) == {}
    stale = run.feed(_seen(4, 1))
    assert held(stale) == {"max_feed_age_ms": True}
    assert len(cancels(stale)) == 1
    refused_by("max_feed_age_ms", run.feed(_seen(5, 1), a_draft()))
    assert held(run.feed(_seen(6, 6), a_draft())) == {"max_feed_age_ms": False}


def max_clock_offset_ms() -> None:
    for sign in (1, -1):
        run = Run({"max_clock_offset_ms": 500})
        assert held(run.feed(_seen(1, 1, offset_ms=sign * 500))) == {}
        assert held(run.feed(_seen(2, 2, offset_ms=sign * 501))) == {"max_clock_offset_ms": True}
        assert held(run.feed(_seen(3, 3, offset_ms=sign * 10))) == {"max_clock_offset_ms": False}


def max_orders_unfilled() -> None:
    run = Run({"max_orders_unfilled": 2})
    run.feed(a_tick(1), a_draft(), a_draft())
    run.feed(a_fill(run.known.orders[0].order.id, Side.BUY, "0.001", "100.0"))
    run.feed(a_tick(2), a_draft(), a_draft())
    assert run.trading is Trading.RUN
    run.feed(a_tick(3), a_draft())
    assert held(run.feed(a_tick(4))) == {"max_orders_unfilled": True}
    assert run.trading is Trading.REDUCE
    resumed = run.feed(Resumed(ts_event=START_NS, ts_init=START_NS, reason="looked at"))
    assert held(resumed) == {"max_orders_unfilled": False}
    assert held(run.feed(a_tick(5))) == {}


STORIES: dict[str, Callable[[], None]] = {
    story.__name__: story
    for story in (
        max_order_size,
        max_order_notional,
        max_position,
        max_position_notional,
        max_leverage,
        max_open_orders,
        max_order_rate,
        price_collar,
        self_cross,
        duplicate_id,
        whole_units,
        max_daily_loss,
        max_drawdown,
        max_feed_age_ms,
        max_clock_offset_ms,
        max_orders_unfilled,
    )
}


def test_every_limit_has_its_story() -> None:
    limits = set(Limits.model_fields) - {"stop_policy"}
    assert limits == set(STORIES) == set(CHECKS) | set(WATCHES)


@pytest.mark.parametrize("name", STORIES)
def test_limit_bites(name: str) -> None:
    STORIES[name]()


@pytest.mark.parametrize("name", STORIES)
def test_story_fails_without_its_check(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name in CHECKS:
        monkeypatch.setitem(CHECKS, name, lambda _limit, _order, _asked: None)
    else:
        monkeypatch.setitem(WATCHES, name, WATCHES[name]._replace(broken=lambda _limit, _state: None))
    with pytest.raises(AssertionError):
        STORIES[name]()


@pytest.mark.parametrize(
    ("limits", "size"), [({"max_position": 1}, "1"), ({"max_position_notional": 100}, "1"), ({"max_leverage": 2}, "2")]
)
def test_what_reaches_a_limit_is_not_beyond_it(limits: dict[str, Any], size: str) -> None:
    run = Run(limits, balance=Decimal(100))
    assert not refusals(run.feed(a_tick(1, mark=Decimal(100)), a_draft(size=size)))


@pytest.mark.parametrize("limit", ["max_position_notional", "max_leverage"])
def test_without_mark_and_book_an_order_s_own_price_values_it(limit: str) -> None:
    run = Run({limit: 10}, balance=Decimal(1))
    refused_by(limit, run.feed(a_tick(1, bid=None, ask=None), a_draft(size="0.1"), a_draft(size="0.001")))


@pytest.mark.parametrize("limit", ["max_daily_loss", "max_drawdown"])
def test_a_loss_that_reaches_its_limit_is_not_beyond_it(limit: str) -> None:
    assert not held(a_long({limit: 5}).feed(a_tick(2, mark=Decimal(95))))


@pytest.mark.parametrize("mode", PositionMode)
def test_a_position_could_grow_by_what_rests_on_its_own_side_and_leg(mode: PositionMode) -> None:
    run = Run({"max_position": 1}, mode=mode)
    run.feed(a_tick(1), a_draft(size="0.6"), a_draft(Side.SELL, "0.9", "101.0"))
    refused_by("max_position", run.feed(a_tick(2), a_draft(size="0.4"), a_draft(size="0.001", price="99.9")))
    assert not refusals(run.feed(a_tick(3), a_draft(Side.SELL, "0.1", "101.0")))


def test_a_halt_by_a_limit_keeps_the_position_where_the_run_file_says_so() -> None:
    run = a_long({"max_drawdown": 5, "stop_policy": "keep"})
    for cancel in cancels(run.feed(a_tick(2, mark=Decimal(90)))):
        run.feed(OrderCanceled(ts_event=START_NS, ts_init=START_NS, id=cancel.id))
    assert run.trading is Trading.HALT
    assert not any(isinstance(o, Submit) for o in run.feed(a_tick(3, mark=Decimal(90))))


def test_a_pause_by_hand_stands_beside_what_a_limit_holds_back() -> None:
    run = a_long({"max_daily_loss": 5})
    run.feed(a_tick(2, mark=Decimal(90)))
    assert held(run.feed(Paused(ts_event=START_NS, ts_init=START_NS, reason="news"))) == {"user": True}
    assert [hold.limit for hold in run.known.guard.holds] == ["max_daily_loss", "user"]


@pytest.mark.parametrize("limit", ["max_daily_loss", "max_drawdown"])
def test_money_taken_out_is_no_loss(limit: str) -> None:
    run = a_long({limit: 5})
    run.feed(Transferred(ts_event=START_NS, ts_init=START_NS, amount=Decimal(-1000), reason="withdrawn"))
    run.feed(a_tick(2, mark=Decimal("95.1")))
    assert run.trading is Trading.RUN
    run.feed(a_tick(3, mark=Decimal("94.9")))
    assert run.trading is not Trading.RUN


def _seen(second: int, seen: int, offset_ms: int = 0) -> Tick:
    at = START_NS + seen * SECOND
    return a_tick(second, seen_ns=at, sent_ns=at - offset_ms * 1_000_000)
