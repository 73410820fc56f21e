"""What one tick costs: prints {"bare_us", "flat_us", "held_us", "requote_us"}, each the best of several tries.

`bare_us` is a timer callback of NautilusTrader that reads the top of the book, as the exact decimals that `step` is
given, and does nothing with it: a run's loop with it less the same loop without, a tick. The others are `step` on a
tick: with quotes that stay, with a position whose take profit stays, and with four quotes to make, two levels a side.

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
TRIES, STEPS = 7, 2_000
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


def step_us(state: State[Any], ticks: tuple[Tick, ...]) -> float:
    """A tick's cost, over ticks that all find the same state."""

    def once() -> None:
        for tick in ticks:
            step(POLICY, LIMITS, state, tick)

    return min(_seconds(once, STEPS // len(ticks)) for _ in range(TRIES)) / (STEPS // len(ticks) * len(ticks)) * 1e6


def _seconds(once: Callable[[], None], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        once()
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
        "flat_us": step_us(flat, moving),
        "held_us": step_us(held, moving),
        "requote_us": step_us(empty, (a_tick(1),)),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
