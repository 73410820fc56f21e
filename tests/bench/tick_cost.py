"""What one tick costs: prints {"bare_us", "idle_us": {situation: ...}, "requote_us"}, each the best of several tries.

`bare_us` is a timer callback of NautilusTrader that reads the top of the book, in its own values, and does nothing with
it: a run's loop with it less the same loop without, a tick. The others are `step` on a tick: one after another on which
nothing changes, in each situation in which orders may rest for long, and one with four quotes to make, two a side.

    python -m tests.bench.tick_cost
"""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.core.events import AnyEvent, OrderAccepted, OrderCanceled, OrderFilled, Tick
from engine.core.risk import Limits
from engine.core.state import State, Working
from engine.core.step import step
from engine.core.types import SECOND, Action, Purpose
from engine.nautilus.backtest import MarketData
from engine.nautilus.bench import timed_loop
from strategies.perpetual_market_making.parameters import Parameters
from strategies.perpetual_market_making.strategy import PerpetualMarketMaking
from tests.support.builders import a_fill, a_start, a_tick
from tests.support.catalogs import Handmade

SECONDS = 20_000  # of the bare run
TRIES, LOOPS, STEPS = 7, 400, 30  # of the steps many short tries: a busy machine has few quiet moments
LIMITS = Limits()


def a_policy(**changes: object) -> PerpetualMarketMaking:
    plain = {"market": "BTC-USDT", "leverage": 10, "bid_spread": "0.5", "ask_spread": "0.5", "order_levels": 2}
    sized = {"order_amount": 1, "order_refresh_time": 30, "long_profit_taking_spread": 1, "stop_loss_spread": 2}
    return PerpetualMarketMaking(Parameters.model_validate({**plain, **sized, **changes}))


POLICY = a_policy()


def bare_us() -> float:
    quiet = Handmade().snapshot(0.05, {"100.0": "1"}, {"100.2": "1"}).snapshot(SECONDS, {"100.0": "1"}, {"100.2": "1"})
    with tempfile.TemporaryDirectory() as folder:
        data = MarketData(catalog=quiet.write(Path(folder), quotes=False))
        loops = [[timed_loop(data, a_start(), timer=timer) for timer in (True, False)] for _ in range(TRIES)]
    ticking, still = (min(loop[n] for loop in loops) for n in (0, 1))
    return (ticking - still) / SECONDS * 1e6


def idle_us(policy: PerpetualMarketMaking, state: State[Any], price: int) -> float:
    """A tick's cost around a price where none changes anything, each on the state that the one before left."""
    second = (state.now - a_tick(0).ts_event) // SECOND + 1
    ticks = [a_tick(second + n, f"{price}.{n % 3}", f"{price}.{n % 3 + 1}") for n in range(6)] * (STEPS // 6)
    state, _ = step(policy, LIMITS, state, ticks[0])
    assert state.own.calm is not None
    assert all(step(policy, LIMITS, state, tick)[0].own is state.own for tick in ticks)

    def run() -> None:
        after = state
        for tick in ticks:
            after, _ = step(policy, LIMITS, after, tick)

    return min(_seconds(run) for _ in range(LOOPS)) / len(ticks) * 1e6


def once_us(state: State[Any], tick: Tick) -> float:
    """The cost of one tick, on one state over and over."""

    def run() -> None:
        for _ in range(STEPS):
            step(POLICY, LIMITS, state, tick)

    return min(_seconds(run) for _ in range(LOOPS)) / STEPS * 1e6


def _seconds(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def after(policy: PerpetualMarketMaking, state: State[Any] | None, *events: AnyEvent) -> State[Any]:
    """Everything that is sent is accepted, every cancel confirmed, after each event."""
    for event in events:
        state, _ = step(policy, LIMITS, state, event)
        for working in state.orders:
            state, _ = step(policy, LIMITS, state, answer(working, state.now + 1))
    assert state is not None
    return state


def answer(working: Working, at: int) -> AnyEvent:
    if working.cancel_requested_ns is None:
        return OrderAccepted(ts_event=at, ts_init=at, id=working.order.id, venue_id="v")
    return OrderCanceled(ts_event=at, ts_init=at, id=working.order.id)


def filled(state: State[Any], action: Action) -> OrderFilled:
    order = next(w.order for w in state.orders if w.order.action is action)
    return a_fill(order.id, order.side, str(order.size), str(order.price), leg=order.leg)


def quoting(policy: PerpetualMarketMaking) -> State[Any]:
    return after(policy, None, a_start(mode=policy.parameters.position_mode), a_tick(1), a_tick(2))


def holding(policy: PerpetualMarketMaking, *later: AnyEvent) -> State[Any]:
    """After a buy that filled."""
    quotes = quoting(policy)
    return after(policy, quotes, filled(quotes, Action.OPEN), a_tick(3), a_tick(4), *later)


def situations() -> dict[str, tuple[PerpetualMarketMaking, State[Any], int]]:
    """The policy, the state, and the price around which nothing changes."""
    hanging = a_policy(position_mode="Hedge", hanging_orders_enabled=True)
    beside = a_policy(position_mode="Hedge", quote_flat_leg=True)
    trailing = a_policy(position_management="Trailing_stop", ts_activation_spread="0.1", ts_callback_rate="0.1")
    held = holding(hanging)
    closed = after(hanging, held, filled(held, Action.CLOSE), a_tick(5))
    assert closed.own.hanging
    fallen = holding(trailing, *(a_tick(5 + n, f"{bid}.0", f"{bid}.1") for n, bid in enumerate((102, 101, 99))))
    assert any(w.order.purpose is Purpose.TRAIL for w in fallen.orders)
    return {
        "flat": (POLICY, quoting(POLICY), 100),
        "with a position": (POLICY, holding(POLICY), 100),
        "with hanging orders": (hanging, closed, 100),
        "with quotes beside a position": (beside, holding(beside), 100),
        "with a trailing exit left behind": (trailing, fallen, 99),
    }


def main() -> dict[str, Any]:
    empty = after(POLICY, None, a_start())
    assert len(quoting(POLICY).orders) == 4
    return {
        "bare_us": bare_us(),
        "idle_us": {name: idle_us(*each) for name, each in situations().items()},
        "requote_us": once_us(empty, a_tick(1)),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
