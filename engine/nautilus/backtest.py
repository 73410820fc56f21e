"""Backtest a session over a catalog in NautilusTrader's simulated exchange."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

import msgspec
from nautilus_trader.backtest import BacktestNode
from nautilus_trader.model import Currency, Venue

from engine.core.errors import BrokenInvariantError
from engine.core.events import Held, Started
from engine.core.session import Send, Session
from engine.core.types import Nanos
from engine.nautilus import translate
from engine.nautilus.answers import answer
from engine.nautilus.fundings import booked_by_the_exchange
from engine.nautilus.interrupts import Stopped, noted_interrupts
from engine.nautilus.node import RUN, node_over
from engine.nautilus.plan import Audit, Feed, Plan, nothing_to_audit
from engine.nautilus.reference import priced
from engine.nautilus.shell import Shell
from engine.nautilus.span import FUNDING, QUOTES, MarketData, Span, span_of
from engine.nautilus.venues import MS, simulated_venue, write_margin_rules, write_pauses
from engine.simulation.liquidation import liquidation
from engine.simulation.settings import Simulation

__all__ = ["BacktestEnd", "MarketData", "run_backtest"]

_engine = Lock()


class BacktestEnd(msgspec.Struct, frozen=True, kw_only=True):
    """What a finished run says of itself. `rows` counts market data replayed; `loop_seconds` is the loop's wall time,
    start-up excluded. `balance` (in the settlement currency) and `positions` are the venue's own word on the account,
    to be compared with ours; `realised` is what it booked by closing positions (see engine.nautilus.booked).
    """

    rows: int
    loop_seconds: float
    first_ns: Nanos
    last_ns: Nanos
    balance: Decimal
    positions: tuple[Held, ...]
    realised: Decimal


def run_backtest(  # noqa: PLR0913  one keyword a hook
    data: MarketData,
    simulation: Simulation,
    started: Started,
    session_of: Callable[[Send], Session[Any]],
    *,
    on_tick: Callable[[Nanos], None] | None = None,
    stop_requested: Callable[[], bool] | None = None,
    audit: Audit = nothing_to_audit,
) -> BacktestEnd:
    """Replay a catalog's market data of `started.instrument` through a session; returns when the data ends.

    `session_of` is called once, with the function that sends commands to the simulated venue. The session is fed
    `started` first (mode, leverage and balance are taken from it; its times are the caller's), then a Tick on every
    epoch second from `data.start_ns` on, order events between them, and `Stopping` last, with its cancels confirmed.
    `on_tick` is told the time of each tick, for a progress bar. `stop_requested` is asked on each tick: once true,
    the run is stopped as at the data's end, and returns. `audit` is called once a minute of data.

    Raises DataError where the catalog lacks the instrument or has no rows in the range; whatever the session, its
    record or a callback raised; Stopped on Ctrl-C or another such signal, once the session has been stopped
    properly, within a second of data time; RuntimeError if another engine is running in this process. Runs one after
    another are fine.
    """
    span = span_of(data, started.instrument.id, funding=simulation.funding)
    with only_engine(), noted_interrupts() as interrupted, overlay(started) as rules:
        write_pauses(rules, started.instrument.id, data.gaps)

        def stop_wanted() -> str | None:
            if interrupted() is not None:
                return "interrupted"
            return "stop requested" if stop_requested is not None and stop_requested() else None

        node = node_over(
            data, span, simulated_venue(simulation, started, depth=span.has_depth), started.instrument.id, rules
        )
        try:
            shell = Shell(_plan(data, span, simulation, started, stop_wanted=stop_wanted, on_tick=on_tick, audit=audit))
            shell.attach(session_of(shell.send))
            end = _replayed(node, shell, span, started)
        finally:
            node.dispose()
        if (number := interrupted()) is not None:
            raise Stopped(number)
        return end


def _replayed(node: BacktestNode, shell: Shell, span: Span, started: Started) -> BacktestEnd:
    node.add_strategy(RUN, shell)
    began = time.perf_counter()
    failed: Exception | None = None
    try:
        node.run()
    except Exception as failure:  # noqa: BLE001  told below, if ours did not come first
        failed = failure
    seconds = time.perf_counter() - began
    cause = shell.failure or failed
    if cause is not None:
        raise cause
    if shell.stopped_ns is None or (shell.stopped_ns < span.to_ns and not shell.asked_to_stop):
        raise BrokenInvariantError(f"NautilusTrader stopped at {shell.stopped_ns} ns, before the end of the data")
    shell.feed_rest()
    return BacktestEnd(
        rows=span.total,
        loop_seconds=seconds,
        first_ns=span.first_ns,
        last_ns=span.to_ns,
        balance=_balance(node, started),
        positions=tuple(translate.held_of(node.get_engine_cache(RUN).positions_open(), started.mode)),
        realised=shell.booked.realised,
    )


def _plan(  # noqa: PLR0913  as above
    data: MarketData,
    span: Span,
    simulation: Simulation,
    started: Started,
    *,
    stop_wanted: Callable[[], str | None],
    on_tick: Callable[[Nanos], None] | None,
    audit: Audit,
) -> Plan:
    book = span.has_depth and (data.depth or QUOTES not in span.rows)
    wanted = {Feed.BOOK: book, Feed.FUNDING: FUNDING in span.rows}
    return Plan(
        started=started,
        opening=lambda _now: (started,),
        feeds=frozenset(feed for feed, on in wanted.items() if on),
        book=book,
        answer=lambda wish, now: answer(started, wish, now),
        stop_wanted=stop_wanted,
        on_tick=on_tick or (lambda _now: None),
        forced=liquidation if simulation.liquidation else (lambda _state: ()),
        fundings=booked_by_the_exchange(started),
        first_tick_ns=span.first_ns,
        arrives_after_ns=simulation.order_latency_ms * MS,
        reference=None if data.reference is None else priced(data.reference),
        blind=data.is_blind,
        audit=audit,
    )


def _balance(node: BacktestNode, started: Started) -> Decimal:
    account = node.get_engine_portfolio(RUN).account(Venue(started.instrument.venue))
    balance = translate.balance_of(account, Currency.from_str(started.instrument.settlement))
    if balance is None:
        raise BrokenInvariantError(f"the simulated account has no {started.instrument.settlement}")
    return balance


@contextmanager
def only_engine() -> Iterator[None]:
    """NautilusTrader's message bus is one a process: a second engine would silently break the first."""
    if not _engine.acquire(blocking=False):
        raise RuntimeError("a backtest is running in this process already: run one after the other, or in processes")
    try:
        yield
    finally:
        _engine.release()


@contextmanager
def overlay(started: Started) -> Iterator[Path]:
    with TemporaryDirectory(prefix="perpmm-") as folder:
        write_margin_rules(Path(folder), started)
        yield Path(folder).resolve()
