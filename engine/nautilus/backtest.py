"""Backtest a session over a catalog in NautilusTrader's simulated exchange."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from engine.core.events import Started
from engine.core.session import Send, Session
from engine.core.types import Nanos
from engine.simulation.settings import Simulation


class MarketData(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a catalog to replay: rows whose `ts_init` is in [start_ns, end_ns]; None is its beginning or end."""

    catalog: Path
    start_ns: Nanos | None = None
    end_ns: Nanos | None = None


class BacktestEnd(msgspec.Struct, frozen=True, kw_only=True):
    """What a finished run says of itself. `rows` counts market data; `loop_seconds` is the loop without start-up.

    `balance` is the simulated account's own word on its cash, in the settlement currency, None where it has none.
    """

    rows: int
    loop_seconds: float
    first_ns: Nanos | None
    last_ns: Nanos | None
    balance: Decimal | None


def run_backtest(
    data: MarketData,
    simulation: Simulation,
    started: Started,
    session_of: Callable[[Send], Session[Any]],
    *,
    on_tick: Callable[[Nanos], None] | None = None,
    stop_requested: Callable[[], bool] | None = None,
) -> BacktestEnd:
    """Replay a catalog's market data of `started.instrument` through a session; returns when the data ends.

    `session_of` is called once, with the function that sends commands to the simulated venue. The session is fed
    `started` first (mode, leverage and balance are taken from it; its times are the caller's), then a Tick on every
    epoch second from the first row on, order events between them, and `Stopping` last, with its cancels confirmed.
    `on_tick` is told the time of each tick, for a progress bar. `stop_requested` is asked on each tick: once true,
    the run is stopped as at the data's end, and returns.

    Raises DataError where the catalog lacks the instrument or has no rows in the range; whatever the session, its
    record or a callback raised (KeyboardInterrupt too, on Ctrl-C, within a second of data time); RuntimeError if
    another engine is running in this process. Runs one after the other are fine.
    """
    raise NotImplementedError
