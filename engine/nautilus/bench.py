"""What NautilusTrader alone needs for the same rows and the same ticks: the yardsticks of `make bench`."""

import time
from typing import Any, Self

import msgspec
from nautilus_trader.model import BookType, InstrumentId, StrategyId
from nautilus_trader.trading import Strategy, StrategyConfig

from engine.core.events import Started
from engine.core.types import SECOND
from engine.nautilus.backtest import MarketData, only_engine, overlay
from engine.nautilus.node import RUN, node_over
from engine.nautilus.span import span_of
from engine.nautilus.venues import simulated_venue
from engine.simulation.settings import Simulation


class Replay(msgspec.Struct, frozen=True):
    rows: int
    loop_seconds: float


def bare_replay(data: MarketData, simulation: Simulation, started: Started) -> Replay:
    """Replay the same rows through the same node and venue without a strategy. Errors as `run_backtest`."""
    span = span_of(data, started.instrument.id, funding=simulation.funding)
    with only_engine(), overlay(started) as rules:
        node = node_over(data, span, simulated_venue(simulation, started), started.instrument.id, rules)
        try:
            began = time.perf_counter()
            node.run()
            return Replay(span.total, time.perf_counter() - began)
        finally:
            node.dispose()


class Bare(Strategy):
    """Keeps a book and, with a timer, reads its top once a second."""

    def __new__(cls, _instrument_id: InstrumentId, _timer: bool) -> Self:
        return super().__new__(cls, StrategyConfig(strategy_id=StrategyId("BARE-001")))  # type: ignore[call-arg]

    def __init__(self, instrument_id: InstrumentId, timer: bool) -> None:
        super().__init__()
        self._id, self._timer = instrument_id, timer

    def on_start(self) -> None:
        self.subscribe_book_deltas(self._id, BookType.L2_MBP, managed=True)
        if self._timer:
            self.clock.set_timer_ns("tick", SECOND, None, None, self._on_tick)

    def _on_tick(self, _event: Any) -> None:
        self.cache.top_of_book(self._id)


def timed_loop(data: MarketData, started: Started, *, timer: bool) -> float:
    """Seconds that a node's loop takes with a strategy that only keeps a book, and with a timer reads its top once a
    second. Errors as `run_backtest`."""
    identity, simulation = InstrumentId.from_str(started.instrument.id), Simulation(funding=False)
    span = span_of(data, started.instrument.id, funding=False)
    with only_engine(), overlay(started) as rules:
        node = node_over(data, span, simulated_venue(simulation, started), started.instrument.id, rules)
        try:
            node.add_strategy(RUN, Bare(identity, timer))
            began = time.perf_counter()
            node.run()
            return time.perf_counter() - began
        finally:
            node.dispose()
