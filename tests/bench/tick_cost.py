"""What one tick costs: prints {"bare_us", "flat_us", "held_us", "requote_us"}, each the best of several tries.

`bare_us` is a timer callback of NautilusTrader that reads the top of the book, in its own values, and does nothing with
it: a run's loop with it less the same loop without, a tick. The others are `step` on a tick: one after another with
quotes that stay, the same with a position whose take profit stays, and with four quotes to make, two levels a side.

    python -m tests.bench.tick_cost
"""

import json
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.core.commands import Outcome
from engine.core.events import AnyEvent, OrderAccepted, OrderCanceled, Tick
from engine.core.risk import Limits
from engine.core.state import State, Working
from engine.core.step import step
from engine.core.types import Purpose
from engine.nautilus.backtest import MarketData
from engine.nautilus.bench import timed_loop
from strategies.perpetual_market_making.parameters import Parameters
from strategies.perpetual_market_making.strategy import PerpetualMarketMaking
from tests.support.builders import a_fill, a_start, a_tick
from tests.support.catalogs import Handmade

SECONDS = 20_000  # of the bare run
TRIES, LOOPS, STEPS = 7, 400, 30  # of the steps many short tries: a busy machine has few quiet moments
LIMITS = Limits()
POLICY = PerpetualMarketMaking(
    Parameters(
        market="BTC-USDT",
        leverage=10,
        bid_spread=Decimal("0.5"),
        ask_spread=Decimal("0.5"),
        order_levels=2,
        order_amount=Decimal(1),
        order_refresh_time=Decimal(30),
        long_profit_taking_spread=Decimal(1),
        stop_loss_spread=Decimal(2),
    )
)


def bare_us() -> float:
    quiet = Handmade().snapshot(0.05, {"100.0": "1"}, {"100.2": "1"}).snapshot(SECONDS, {"100.0": "1"}, {"100.2": "1"})
    with tempfile.TemporaryDirectory() as folder:
        data = MarketData(catalog=quiet.write(Path(folder), quotes=False))
        loops = [[timed_loop(data, a_start(), timer=timer) for timer in (True, False)] for _ in range(TRIES)]
    ticking, still = (min(loop[n] for loop in loops) for n in (0, 1))
    return (ticking - still) / SECONDS * 1e6


def idle_us(state: State[Any], ticks: tuple[Tick, ...]) -> float:
    """A tick's cost where none changes anything, each on the state that the one before left."""

    def run() -> None:
        after = state
        for tick in ticks:
            after, _ = step(POLICY, LIMITS, after, tick)

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


def after(state: State[Any] | None, *events: AnyEvent) -> tuple[State[Any], tuple[Outcome, ...]]:
    """Everything that is sent is accepted, every cancel confirmed."""
    outcomes: tuple[Outcome, ...] = ()
    for event in events:
        state, outcomes = step(POLICY, LIMITS, state, event)
    assert state is not None
    for working in state.orders:
        state, _ = step(POLICY, LIMITS, state, answer(working, state.now + 1))
    return state, outcomes


def answer(working: Working, at: int) -> AnyEvent:
    if working.cancel_requested_ns is None:
        return OrderAccepted(ts_event=at, ts_init=at, id=working.order.id, venue_id="v")
    return OrderCanceled(ts_event=at, ts_init=at, id=working.order.id)


def main() -> dict[str, float]:
    empty, _ = after(None, a_start())
    moving = tuple(a_tick(second, f"100.{second % 3}", f"100.{second % 3 + 1}") for second in range(3, 9))
    flat, made = after(empty, a_tick(1))
    assert len(made) == 4
    bought = next(w.order for w in flat.orders if w.order.side > 0)
    filled = a_fill(bought.id, bought.side, str(bought.size), str(bought.price))
    held, _ = after(flat, filled, a_tick(2))
    assert any(w.order.purpose is Purpose.TAKE_PROFIT for w in held.orders)
    assert not any(step(POLICY, LIMITS, state, tick)[1] for state in (flat, held) for tick in moving)
    return {
        "bare_us": bare_us(),
        "flat_us": idle_us(flat, moving * (STEPS // len(moving))),
        "held_us": idle_us(held, moving * (STEPS // len(moving))),
        "requote_us": once_us(empty, a_tick(1)),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
