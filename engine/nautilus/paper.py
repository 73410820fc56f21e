"""Paper-trade a session on a live node: a market as it comes, and the sandbox as the venue."""

from decimal import Decimal

import msgspec
from nautilus_trader.adapters.sandbox import SandboxExecutionClientFactory
from nautilus_trader.live import DataClientConfig

from engine.core.events import Started
from engine.core.types import SECOND
from engine.nautilus.access import Client
from engine.nautilus.adapters import adapter_of
from engine.nautilus.answers import answer
from engine.nautilus.catalog import perpetual
from engine.nautilus.clock import FeedClock
from engine.nautilus.corrected import Corrected, by_the_wall
from engine.nautilus.desk import Desk, End, LiveMarket
from engine.nautilus.feed import Tape, TapeFactory
from engine.nautilus.feed_rows import messages
from engine.nautilus.fundings import booked_by_us
from engine.nautilus.interrupts import Stopped
from engine.nautilus.live_node import Parts, traded
from engine.nautilus.plan import Feed, Plan
from engine.nautilus.reference import priced
from engine.nautilus.sandbox import sandbox
from engine.nautilus.shell import END, Shell
from engine.nautilus.span import QUOTES, MarketData, span_of
from engine.nautilus.venues import MS, margined
from engine.simulation.fee_tiers import charged
from engine.simulation.liquidation import liquidation
from engine.simulation.settings import Simulation

PATIENCE_NS = 5 * SECOND  # beyond an order's latency, for the answers that a stop waits for


def paper_over(data: MarketData, simulation: Simulation, desk: Desk, *, speed: float | None = None) -> End:
    """Play a catalog as the live feed, `speed` times as fast as it was recorded (None: as fast as it goes), until it
    ends. Ticks, latencies and funding go by the feed's time: every speed gives the same run.

    Raises what `run_backtest` raises. Ctrl-C and SIGTERM stop it within a second of the feed's time.
    """
    instrument = desk.started.instrument
    span = span_of(data, instrument.id, funding=simulation.funding)
    clock, asked = FeedClock(span.from_ns), list[Stopped]()
    corrected = Corrected(instrument, _maker_fee(simulation, desk.started), lambda _fact: clock.advanced, 0)
    plan = msgspec.structs.replace(
        _plan(simulation, desk, asked, book=span.has_depth and (data.depth or QUOTES not in span.rows)),
        feeds=frozenset(Feed),
        first_tick_ns=span.first_ns,
        fundings=booked_by_us(desk.started, span.first_ns),
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
        execution=Client(SandboxExecutionClientFactory(), sandbox(simulation, desk.started, depth=span.has_depth)),
        simulated=True,
        quotes_from_book=QUOTES not in span.rows,
    )
    return msgspec.structs.replace(traded(parts, desk, shell, asked), rows=span.total)


def paper_live(market: LiveMarket, simulation: Simulation, desk: Desk) -> End:
    """Trade on paper at the venue's own market until a signal stops it. Raises whatever the session, its record or a
    callback raised, and DataError where the venue cannot be reached."""
    asked, instrument = list[Stopped](), desk.started.instrument
    adapter = adapter_of(instrument.venue)
    plan = _plan(simulation, desk, asked, book=market.depth or not adapter.quotes)
    plan = msgspec.structs.replace(
        plan,
        feeds=plan.feeds - (set() if adapter.quotes else {Feed.QUOTES}),
        levels=adapter.levels,
        reference=market.reference,
        watched=market.watched,
    )
    names = (instrument.id,) if market.watched is None else (instrument.id, market.watched)
    parts = Parts(
        venue=instrument.venue,
        market=adapter.market(market.addresses, names),
        execution=Client(SandboxExecutionClientFactory(), sandbox(simulation, desk.started)),
        simulated=True,
        quotes_from_book=not adapter.quotes,
        stream=market.stream,
        log=market.log,
    )
    return traded(parts, desk, Shell(plan), asked)


def _maker_fee(simulation: Simulation, started: Started) -> Decimal:
    return charged(started.instrument, simulation, started.ts_event).maker_fee


def _plan(simulation: Simulation, desk: Desk, asked: list[Stopped], *, book: bool) -> Plan:
    latency = simulation.order_latency_ms * MS
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
        forced=liquidation if simulation.liquidation else (lambda _state: ()),
        fundings=booked_by_us(desk.started, desk.started.ts_init),
        held_ns=latency,
        stop_within_ns=latency + PATIENCE_NS,
        stamped=by_the_wall(desk.started.instrument, _maker_fee(simulation, desk.started)),
    )
