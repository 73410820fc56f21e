"""No set of approved orders can breach a limit, whichever of them fill, how far, and in what order."""

from decimal import Decimal
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.core.commands import Draft, Submit
from engine.core.events import AnyEvent, OrderCanceled, OrderFilled
from engine.core.position import notional
from engine.core.risk import Limits
from engine.core.state import State, Working
from engine.core.step import step
from engine.core.types import ZERO, Action, Leg, PositionMode, Side
from tests.support.builders import START_NS, a_start, a_tick, drafts
from tests.support.scripted import Says

lots = st.integers(1, 4).map(Decimal)
asked = st.builds(
    Draft,
    side=st.sampled_from(Side),
    size=lots,
    price=st.just(Decimal(100)),
    action=st.sampled_from(Action),
    reduce_only=st.booleans(),
)
happenings = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["fill", "part", "cancel"])), max_size=6
)  # to which order, what
rounds = st.lists(st.tuples(st.lists(asked, max_size=4), happenings), min_size=1, max_size=4)


def _draft(side: Side, size: int, *, reduce_only: bool = False) -> Draft:
    return Draft(side=side, size=Decimal(size), price=Decimal(100), reduce_only=reduce_only)


@example(
    mode=PositionMode.ONE_WAY,
    limit=1,
    story=[
        ([_draft(Side.BUY, 1)], [(0, "fill")]),
        # what only reduces fills first, and leaves the other the whole way to -2
        ([_draft(Side.SELL, 2), _draft(Side.SELL, 1, reduce_only=True)], [(1, "fill"), (0, "fill")]),
    ],
)
@given(mode=st.sampled_from(PositionMode), limit=st.integers(1, 4), story=rounds)
@settings(max_examples=400)
def test_position_stays_within_its_limit(
    mode: PositionMode, limit: int, story: list[tuple[list[Draft], list[tuple[int, str]]]]
) -> None:
    policy, limits = Says(), Limits(max_position=Decimal(limit))
    state, _ = step(policy, limits, None, a_start(mode=mode))
    for second, (wanted, happened) in enumerate(story):
        policy.wishes = tuple(wanted)
        state, _ = step(policy, limits, state, a_tick(second, "99.9", "100.1"))
        for which, what in happened:
            if state.orders:
                working = state.orders[which % len(state.orders)]
                state, _ = step(policy, limits, state, _answer(state, working, what))
                assert all(abs(state.position(leg).size) <= limit for leg in Leg)


@given(st.lists(drafts, max_size=8), st.integers(1, 5), st.integers(1, 20))
def test_order_limits_hold_for_all_that_leaves(wanted: list[Draft], open_orders: int, tenths: int) -> None:
    limits = Limits(
        max_order_size=Decimal(tenths) / 10,
        max_order_notional=Decimal(5000),
        max_open_orders=open_orders,
        price_collar=Decimal("0.1"),
    )
    policy = Says()
    state, _ = step(policy, limits, None, a_start())
    policy.wishes = tuple(wanted)
    state, outcomes = step(policy, limits, state, a_tick(0, "1000.0", "1000.2"))
    left = [o for o in outcomes if isinstance(o, Submit)]
    growing = [o for o in left if not o.reduce_only]
    assert len(outcomes) == len(wanted)
    assert sum(o.action is Action.OPEN for o in growing) <= open_orders
    for order in growing:
        assert order.size <= limits.max_order_size  # type: ignore[operator]
        assert notional(state.instrument, order.size, order.price or Decimal("1000.1")) <= 5000
        near = order.price is None or abs(order.price - Decimal("1000.1")) <= Decimal("100.01")
        assert order.action is Action.CLOSE or near
    for order in left:
        assert order.size % state.instrument.step == 0
        assert order.price is None or order.price % state.instrument.tick == 0


@given(limit=st.integers(0, 3), resting=st.integers(0, 5))
def test_what_only_reduces_is_never_held_back(limit: int, resting: int) -> None:
    tight = Decimal(limit) / 100
    limits = Limits(max_order_size=tight, max_order_notional=tight, max_position=tight, max_open_orders=0)
    policy = Says()
    state, _ = step(policy, Limits(), None, a_start())
    policy.wishes = (*[_draft(Side.SELL, 1)] * resting, _draft(Side.BUY, 2))
    state, _ = step(policy, Limits(), state, a_tick(0, "99.9", "100.1"))
    bought = state.orders[-1]
    state, _ = step(policy, limits, state, _answer(state, bought, "fill"))
    policy.wishes = (_draft(Side.SELL, 2, reduce_only=True),)
    _, outcomes = step(policy, limits, state, a_tick(1, "99.9", "100.1"))
    assert [type(o) for o in outcomes] == [Submit]


def _answer(state: State[Any], working: Working, what: str) -> AnyEvent:
    """What a venue may say of an order. One that only reduces is never filled beyond the position."""
    order = working.order
    size = working.leaves if what == "fill" else Decimal(1)
    if order.reduce_only or (order.leg is not Leg.NET and order.action is Action.CLOSE):
        size = min(size, max(-order.side * state.position(order.leg).size, ZERO))
    if what == "cancel" or size == 0:
        return OrderCanceled(ts_event=START_NS, ts_init=START_NS, id=order.id)
    return OrderFilled(
        ts_event=START_NS,
        ts_init=START_NS,
        id=order.id,
        trade_id="t",
        side=order.side,
        leg=order.leg,
        price=Decimal(100),
        size=size,
        fee=ZERO,
        maker=True,
    )
