"""A run that the user pauses, halts and resumes."""

import pytest

from engine.core.commands import Submit
from engine.core.events import CancelRejected, Halted, OrderCanceled, Paused, Resumed
from engine.core.types import Action, PositionMode, Side
from tests.support.builders import START_NS, a_draft, a_fill, a_tick
from tests.support.limited import Run, a_long, an_exit, cancels, held, is_flattening, refusals, refused_by


def test_paused_by_hand() -> None:
    run = Run({})
    run.feed(a_tick(1), a_draft(), a_draft(Side.SELL, price="100.5"))
    paused = run.feed(Paused(ts_event=START_NS, ts_init=START_NS, reason="news"))
    assert held(paused) == {"user": True}
    assert len(cancels(paused)) == 2
    outcomes = run.feed(a_tick(2), a_draft(), an_exit())
    refused_by("user", outcomes)
    assert [o.action for o in outcomes if isinstance(o, Submit)] == [Action.CLOSE]
    assert held(run.feed(Resumed(ts_event=START_NS, ts_init=START_NS, reason="over"))) == {"user": False}
    assert not refusals(run.feed(a_tick(3), a_draft()))


@pytest.mark.parametrize("mode", PositionMode)
def test_halted_by_hand_flattens_once_nothing_can_fill(mode: PositionMode) -> None:
    run = a_long({}, mode=mode)
    run.feed(a_tick(2), an_exit(price="110.0"))
    resting = [w.order.id for w in run.known.orders]
    halted = run.feed(Halted(ts_event=START_NS, ts_init=START_NS, reason="enough", flatten=True))
    assert [c.id for c in cancels(halted)] == resting
    assert run.feed(a_tick(3), a_draft()) == ()  # the cancels are on their way
    for name in resting:
        assert run.feed(OrderCanceled(ts_event=START_NS, ts_init=START_NS, id=name)) == ()
    (order,) = is_flattening(run.feed(a_tick(4)))
    assert run.feed(a_tick(5)) == ()  # it works: no second one
    fill = a_fill(order.id, order.side, str(order.size), "99.0", leg=order.leg)
    assert run.feed(fill) == ()
    assert run.known.positions == {}
    assert run.feed(a_tick(6), a_draft()) == ()  # until resumed


def test_halt_without_flattening_keeps_the_position() -> None:
    run = a_long({})
    run.feed(Halted(ts_event=START_NS, ts_init=START_NS, reason="enough"))
    for second in (2, 3, 4):
        assert run.feed(a_tick(second), an_exit()) == ()


def test_a_cancel_that_is_refused_is_asked_for_again_at_the_next_tick() -> None:
    run = a_long({})
    halted = run.feed(Halted(ts_event=START_NS, ts_init=START_NS, reason="enough"))
    (asked,) = cancels(halted)
    refused = CancelRejected(ts_event=START_NS, ts_init=START_NS, id=asked.id, reason="code=-2011")
    assert run.feed(refused) == ()
    assert [c.id for c in cancels(run.feed(a_tick(2)))] == [asked.id]
