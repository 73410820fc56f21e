"""Paper-trade a session on a live node: a market as it comes, and the sandbox as the venue."""

import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.adapters.sandbox import SandboxExecutionClientFactory
from nautilus_trader.live import DataClientConfig

from engine.core.errors import BrokenInvariantError
from engine.core.events import AnyEvent, Held, Started
from engine.core.session import Send, Session
from engine.core.types import SECOND, Nanos
from engine.nautilus import translate
from engine.nautilus.answers import answer
from engine.nautilus.backtest import only_engine
from engine.nautilus.binance import Addresses
from engine.nautilus.binance import market as binance_market
from engine.nautilus.catalog import perpetual
from engine.nautilus.clock import FeedClock
from engine.nautilus.corrected import Corrected, by_the_wall
from engine.nautilus.feed import Tape, TapeFactory
from engine.nautilus.feed_rows import messages
from engine.nautilus.fundings import booked_by_us
from engine.nautilus.interrupts import Stopped
from engine.nautilus.live_node import Client, Parts, driven, live_node
from engine.nautilus.plan import Feed, Plan
from engine.nautilus.reference import Priced, priced
from engine.nautilus.sandbox import sandbox
from engine.nautilus.shell import END, Shell
from engine.nautilus.span import QUOTES, MarketData, span_of
from engine.nautilus.venues import MS, margined
from engine.simulation.fee_tiers import charged
from engine.simulation.liquidation import liquidation
from engine.simulation.settings import Simulation

PATIENCE_NS = 5 * SECOND  # beyond an order's latency, for the answers that a stop waits for


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Who trades, and on what terms. `opening` is fed to the session first, `carried` are its positions of before.

    `session_of` is called once, with the function that sends commands to the simulated venue; `on_tick` after each
    tick and what it decided; `words` are what was said to the run from outside, asked for before each tick.
    """

    simulation: Simulation
    started: Started
    opening: Callable[[Nanos], tuple[AnyEvent, ...]]
    carried: tuple[Held, ...]
    session_of: Callable[[Send], Session[Any]]
    on_tick: Callable[[Nanos], None]
    words: Callable[[Nanos], Iterable[AnyEvent]] = lambda _now: ()


class LiveMarket(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's own market. `depth` as in MarketData; `reference` is a price from elsewhere, `watched` the venue's
    instrument that it is read from, if it is one. What comes is recorded below `stream`."""

    addresses: Addresses
    depth: bool
    stream: Path
    reference: Priced | None = None
    watched: str | None = None


class PaperEnd(msgspec.Struct, frozen=True, kw_only=True):
    """`stopped` is by the signal that ended it before its feed did, if one did; `rows` of market data there were to
    replay. `positions` are the sandbox's own word."""

    rows: int | None
    seconds: float
    stopped_ns: Nanos
    stopped: Stopped | None
    positions: tuple[Held, ...]


def paper_over(data: MarketData, desk: Desk, *, speed: float | None = None) -> PaperEnd:
    """Play a catalog as the live feed, `speed` times as fast as it was recorded (None: as fast as it goes), until it
    ends. Ticks, latencies and funding go by the feed's time: every speed gives the same run.

    Raises what `run_backtest` raises. Ctrl-C and SIGTERM stop it within a second of the feed's time.
    """
    instrument = desk.started.instrument
    span = span_of(data, instrument.id, funding=desk.simulation.funding)
    clock, asked = FeedClock(span.from_ns), list[Stopped]()
    corrected = Corrected(instrument, _maker_fee(desk), lambda _fact: clock.advanced, 0)
    plan = msgspec.structs.replace(
        _plan(desk, asked, book=span.has_depth and (data.depth or QUOTES not in span.rows)),
        feeds=frozenset(Feed),
        first_tick_ns=span.first_ns,
        blind=data.is_blind,
        clock=clock,
        stamped=lambda fact, order: clock.stamped(corrected(fact, order)),
        reference=None if data.reference is None else priced(data.reference),
    )
    shell = Shell(plan)
    tape = Tape(
        contract=perpetual(margined(instrument)),
        messages=messages(data, span, instrument.id),
        clock=clock,
        to_ns=span.to_ns,
        held_ns=plan.held_ns,
        speed=speed,
        ended=lambda: shell.stop_soon(END),
        failed=shell.fail,
    )
    parts = Parts(
        venue=instrument.venue,
        market=Client(TapeFactory(tape), DataClientConfig()),
        execution=Client(SandboxExecutionClientFactory(), sandbox(desk.simulation, desk.started, depth=span.has_depth)),
        simulated=True,
        quotes_from_book=QUOTES not in span.rows,
    )
    return msgspec.structs.replace(_run(parts, desk, shell, asked), rows=span.total)


def paper_live(market: LiveMarket, desk: Desk) -> PaperEnd:
    """Trade on paper at the venue's own market until a signal stops it. Raises whatever the session, its record or a
    callback raised, and ConnectionError where the venue cannot be reached."""
    asked, instrument = list[Stopped](), desk.started.instrument
    plan = msgspec.structs.replace(
        _plan(desk, asked, book=market.depth), reference=market.reference, watched=market.watched
    )
    names = (instrument.id,) if market.watched is None else (instrument.id, market.watched)
    parts = Parts(
        venue=instrument.venue,
        market=binance_market(market.addresses, names),
        execution=Client(SandboxExecutionClientFactory(), sandbox(desk.simulation, desk.started)),
        simulated=True,
        stream=market.stream,
    )
    return _run(parts, desk, Shell(plan), asked)


def _maker_fee(desk: Desk) -> Decimal:
    return charged(desk.started.instrument, desk.simulation, desk.started.ts_event).maker_fee


def _plan(desk: Desk, asked: list[Stopped], *, book: bool) -> Plan:
    latency = desk.simulation.order_latency_ms * MS
    return Plan(
        started=desk.started,
        opening=desk.opening,
        carried=desk.carried,
        words=desk.words,
        feeds=frozenset(Feed) - {Feed.PULSE},
        book=book,
        answer=lambda wish, now: answer(desk.started, wish, now),
        stop_wanted=lambda: str(asked[0]) if asked else None,
        on_tick=desk.on_tick,
        forced=liquidation if desk.simulation.liquidation else (lambda _state: ()),
        fundings=booked_by_us(desk.started),
        held_ns=latency,
        stop_within_ns=latency + PATIENCE_NS,
        stamped=by_the_wall(desk.started.instrument, _maker_fee(desk)),
    )


def _run(parts: Parts, desk: Desk, shell: Shell, asked: list[Stopped]) -> PaperEnd:
    with only_engine():
        node = live_node(parts)
        try:
            shell.attach(desk.session_of(shell.send))
            began = time.perf_counter()
            driven(node, shell, asked.append)
            seconds = time.perf_counter() - began
            shell.feed_rest()
            if shell.stopped_ns is None:
                raise BrokenInvariantError("the session was not told to stop")
            return PaperEnd(
                rows=None,
                seconds=seconds,
                stopped_ns=shell.stopped_ns,
                stopped=asked[0] if asked else None,
                positions=tuple(translate.held_of(shell.node_cache.positions_open(), desk.started.mode)),
            )
        finally:
            node.dispose()
