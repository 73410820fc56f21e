"""Every limit bites; and each story fails where the limit's check is taken out (the mutation test of the limits)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from engine.core.checks import CHECKS
from engine.core.commands import Cancel, Draft, Outcome, Refused, Submit, TradingChanged
from engine.core.events import AnyEvent, CancelRejected, Halted, OrderCanceled, Paused, Resumed, Tick, Transferred
from engine.core.guard import WATCHES
from engine.core.risk import Limits
from engine.core.state import State, Working
from engine.core.step import order_id, step
from engine.core.trading import Trading
from engine.core.types import Action, OrderType, PositionMode, Purpose, Side
from tests.support.builders import RUN, START_NS, a_draft, a_fill, a_start, a_tick
from tests.support.scripted import Says

SECOND = 1_000_000_000
DAY = 86_400


class Run:
    """A run that wants what it is told, and what came of its last event."""

    def __init__(self, limits: dict[str, Any], **start: Any) -> None:
        self.policy, self.limits = Says(), Limits(**limits)
        self.state: State[None] | None = None
        self.feed(a_start(**start))

    def feed(self, event: AnyEvent, *wishes: Draft) -> tuple[Outcome, ...]:
        self.policy.wishes = wishes
        self.state, outcomes = step(self.policy, self.limits, self.state, event)
        return outcomes

    @property
    def known(self) -> State[None]:
        assert self.state is not None
        return self.state

    @property
    def trading(self) -> Trading:
        return self.known.guard.trading


def _refused_by(limit: str, outcomes: tuple[Outcome, ...]) -> None:
    assert [o.limit for o in outcomes if isinstance(o, Refused)] == [limit]


def _order(limits: dict[str, Any], *wishes: Draft) -> tuple[Outcome, ...]:
    return Run(limits).feed(a_tick(1), *wishes)


def max_order_size() -> None:
    _refused_by("max_order_size", _order({"max_order_size": "0.5"}, a_draft(size="0.5"), a_draft(size="0.501")))


def max_order_notional() -> None:
    _refused_by("max_order_notional", _order({"max_order_notional": 50}, a_draft(size="0.5"), a_draft(size="0.501")))


def max_position() -> None:
    _refused_by("max_position", _order({"max_position": "0.5"}, a_draft(size="0.5"), a_draft(size="0.001")))


def max_position_notional() -> None:
    mark = a_tick(1, mark=Decimal(100))
    wishes = (a_draft(size="0.5"), a_draft(size="0.001"))
    _refused_by("max_position_notional", Run({"max_position_notional": 50}).feed(mark, *wishes))


def max_leverage() -> None:
    mark = a_tick(1, mark=Decimal(100))
    run = Run({"max_leverage": 2}, balance=Decimal(50))
    _refused_by("max_leverage", run.feed(mark, a_draft(size="1"), a_draft(size="0.001")))


def max_open_orders() -> None:
    _refused_by("max_open_orders", _order({"max_open_orders": 1}, a_draft(), a_draft()))


def max_order_rate() -> None:
    run = Run({"max_order_rate": 2})
    assert not _refusals(run.feed(a_tick(1), a_draft()))
    _refused_by("max_order_rate", run.feed(a_tick(10), a_draft(), a_draft()))
    assert not _refusals(run.feed(a_tick(11), a_draft()))  # the first is ten seconds old


def price_collar() -> None:
    run = Run({"price_collar": "0.01"})
    mark = a_tick(1, mark=Decimal(100))
    _refused_by("price_collar", run.feed(mark, a_draft(price="99.0"), a_draft(price="98.9")))


def self_cross() -> None:
    run = Run({})
    run.feed(a_tick(1), a_draft(Side.SELL, price="100.5"))
    _refused_by("self_cross", run.feed(a_tick(2), a_draft(price="100.4"), a_draft(price="100.5")))
    _refused_by("self_cross", _order({}, a_draft(price="100.0"), a_draft(Side.SELL, price="100.0")))


def duplicate_id() -> None:
    for draft in (a_draft(), _exit()):
        run = Run({})
        run.feed(a_tick(1), a_draft())
        order = msgspec.structs.replace(run.known.orders[0].order, id=order_id(RUN, run.known.seq + 1, 0))
        run.state = msgspec.structs.replace(run.known, orders=(Working(order=order, created_ns=START_NS),))
        _refused_by("duplicate_id", run.feed(a_tick(2), draft))


def whole_units() -> None:
    for odd in (a_draft(size="0.0101"), a_draft(price="100.01"), _exit(size="0.0101")):
        _refused_by("whole_units", _order({}, odd))


def max_daily_loss() -> None:
    run = _long({"max_daily_loss": 5})
    quiet = run.feed(a_tick(2, mark=Decimal("95.1")), a_draft(price="90.0"))
    assert not _refusals(quiet)
    fallen = run.feed(a_tick(3, mark=Decimal("94.9")), a_draft(price="90.0"), _exit())
    assert _held(fallen) == {"max_daily_loss": True}
    assert run.trading is Trading.REDUCE
    _refused_by("max_daily_loss", fallen)
    assert [o.action for o in fallen if isinstance(o, Submit)] == [Action.CLOSE]
    assert len(_cancels(fallen)) == 2  # what rested is pulled
    assert not _held(run.feed(a_tick(4, mark=Decimal(120))))  # a gain does not lift it
    assert _held(run.feed(a_tick(DAY, mark=Decimal(90)))) == {"max_daily_loss": False}  # another day does
    assert run.trading is Trading.RUN


def max_drawdown() -> None:
    run = _long({"max_drawdown": 5, "stop_policy": "flatten"})
    run.feed(a_tick(2, mark=Decimal(110)), a_draft(price="90.0"))
    assert run.trading is Trading.RUN
    outcomes = run.feed(a_tick(3, mark=Decimal("104.9")), _exit())
    assert _held(outcomes) == {"max_drawdown": True}
    assert run.trading is Trading.HALT
    assert not any(isinstance(o, Submit) for o in outcomes)  # an order could still fill
    for cancel in _cancels(outcomes):
        run.feed(OrderCanceled(ts_event=START_NS, ts_init=START_NS, id=cancel.id))
    flattening = run.feed(a_tick(4, mark=Decimal(150)), a_draft())
    _is_flattening(flattening)
    assert run.trading is Trading.HALT


def max_feed_age_ms() -> None:
    run = Run({"max_feed_age_ms": 2000})
    run.feed(_seen(1, 1), a_draft())
    assert _held(run.feed(_seen(3, 1))) == {}
    stale = run.feed(_seen(4, 1))
    assert _held(stale) == {"max_feed_age_ms": True}
    assert len(_cancels(stale)) == 1
    _refused_by("max_feed_age_ms", run.feed(_seen(5, 1), a_draft()))
    assert _held(run.feed(_seen(6, 6), a_draft())) == {"max_feed_age_ms": False}


def max_clock_offset_ms() -> None:
    for sign in (1, -1):
        run = Run({"max_clock_offset_ms": 500})
        assert _held(run.feed(_seen(1, 1, offset_ms=sign * 500))) == {}
        assert _held(run.feed(_seen(2, 2, offset_ms=sign * 501))) == {"max_clock_offset_ms": True}
        assert _held(run.feed(_seen(3, 3, offset_ms=sign * 10))) == {"max_clock_offset_ms": False}


def max_orders_unfilled() -> None:
    run = Run({"max_orders_unfilled": 2})
    run.feed(a_tick(1), a_draft(), a_draft())
    run.feed(a_fill(run.known.orders[0].order.id, Side.BUY, "0.001", "100.0"))
    run.feed(a_tick(2), a_draft(), a_draft())
    assert run.trading is Trading.RUN
    run.feed(a_tick(3), a_draft())
    assert _held(run.feed(a_tick(4))) == {"max_orders_unfilled": True}
    assert run.trading is Trading.REDUCE
    resumed = run.feed(Resumed(ts_event=START_NS, ts_init=START_NS, reason="looked at"))
    assert _held(resumed) == {"max_orders_unfilled": False}
    assert _held(run.feed(a_tick(5))) == {}


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


@pytest.mark.parametrize("limit", ["max_daily_loss", "max_drawdown"])
def test_money_taken_out_is_no_loss(limit: str) -> None:
    run = _long({limit: 5})
    run.feed(Transferred(ts_event=START_NS, ts_init=START_NS, amount=Decimal(-1000), reason="withdrawn"))
    run.feed(a_tick(2, mark=Decimal("95.1")))
    assert run.trading is Trading.RUN
    run.feed(a_tick(3, mark=Decimal("94.9")))
    assert run.trading is not Trading.RUN


def test_paused_by_hand() -> None:
    run = Run({})
    run.feed(a_tick(1), a_draft(), a_draft(Side.SELL, price="100.5"))
    paused = run.feed(Paused(ts_event=START_NS, ts_init=START_NS, reason="news"))
    assert _held(paused) == {"user": True}
    assert len(_cancels(paused)) == 2
    outcomes = run.feed(a_tick(2), a_draft(), _exit())
    _refused_by("user", outcomes)
    assert [o.action for o in outcomes if isinstance(o, Submit)] == [Action.CLOSE]
    assert _held(run.feed(Resumed(ts_event=START_NS, ts_init=START_NS, reason="over"))) == {"user": False}
    assert not _refusals(run.feed(a_tick(3), a_draft()))


@pytest.mark.parametrize("mode", PositionMode)
def test_halted_by_hand_flattens_once_nothing_can_fill(mode: PositionMode) -> None:
    run = _long({}, mode=mode)
    run.feed(a_tick(2), _exit(price="110.0"))
    resting = [w.order.id for w in run.known.orders]
    halted = run.feed(Halted(ts_event=START_NS, ts_init=START_NS, reason="enough", flatten=True))
    assert [c.id for c in _cancels(halted)] == resting
    assert run.feed(a_tick(3), a_draft()) == ()  # the cancels are on their way
    for name in resting:
        assert run.feed(OrderCanceled(ts_event=START_NS, ts_init=START_NS, id=name)) == ()
    (order,) = _is_flattening(run.feed(a_tick(4)))
    assert run.feed(a_tick(5)) == ()  # it works: no second one
    fill = a_fill(order.id, order.side, str(order.size), "99.0", leg=order.leg)
    assert run.feed(fill) == ()
    assert run.known.positions == {}
    assert run.feed(a_tick(6), a_draft()) == ()  # until resumed


def test_halt_without_flattening_keeps_the_position() -> None:
    run = _long({})
    run.feed(Halted(ts_event=START_NS, ts_init=START_NS, reason="enough"))
    for second in (2, 3, 4):
        assert run.feed(a_tick(second), _exit()) == ()


def test_a_cancel_that_is_refused_is_asked_for_again_at_the_next_tick() -> None:
    run = _long({})
    halted = run.feed(Halted(ts_event=START_NS, ts_init=START_NS, reason="enough"))
    (asked,) = _cancels(halted)
    refused = CancelRejected(ts_event=START_NS, ts_init=START_NS, id=asked.id, reason="code=-2011")
    assert run.feed(refused) == ()
    assert [c.id for c in _cancels(run.feed(a_tick(2)))] == [asked.id]


def _long(limits: dict[str, Any], mode: PositionMode = PositionMode.ONE_WAY) -> Run:
    """A run that is 1 long at 100, marked at 100, with a quote of its own resting at 90."""
    run = Run(limits, mode=mode)
    run.feed(a_tick(1, mark=Decimal(100)), a_draft(size="1"), a_draft(price="90.0"))
    bought = run.known.orders[0].order
    run.feed(a_fill(bought.id, Side.BUY, "1", "100.0", leg=bought.leg, fee=Decimal(0)))
    return run


def _exit(size: str = "1", price: str = "101.0") -> Draft:
    return a_draft(Side.SELL, size, price, action=Action.CLOSE, reduce_only=True, purpose=Purpose.TAKE_PROFIT)


def _seen(second: int, seen: int, offset_ms: int = 0) -> Tick:
    at = START_NS + seen * SECOND
    return a_tick(second, seen_ns=at, sent_ns=at - offset_ms * 1_000_000)


def _held(outcomes: tuple[Outcome, ...]) -> dict[str, bool]:
    return {o.limit: o.held for o in outcomes if isinstance(o, TradingChanged)}


def _refusals(outcomes: tuple[Outcome, ...]) -> list[Refused]:
    return [o for o in outcomes if isinstance(o, Refused)]


def _cancels(outcomes: tuple[Outcome, ...]) -> list[Cancel]:
    return [o for o in outcomes if isinstance(o, Cancel)]


def _is_flattening(outcomes: tuple[Outcome, ...]) -> list[Submit]:
    submits = [o for o in outcomes if isinstance(o, Submit)]
    assert [(o.purpose, o.order_type, o.size) for o in submits] == [(Purpose.FLATTEN, OrderType.MARKET, Decimal(1))]
    return submits
