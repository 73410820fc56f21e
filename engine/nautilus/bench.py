"""What NautilusTrader alone needs for the same rows: the yardstick of `make bench`."""

import time

import msgspec

from engine.core.events import Started
from engine.nautilus.backtest import MarketData, only_engine, overlay
from engine.nautilus.node import node_over
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
