"""A scenario case played in NautilusTrader's simulated exchange instead of the venue of rules R1 to R9.

A line of tape is written so that what R1 says comes true: the book that replaces the last one half a second before the
strategy's tick, the trades right after it. Orders and cancels take no time, a resting order waits behind nobody, and
what is taken from the book is there again (R2: in full). A print can fill either side (R2), so it is written for both.
A position held before the start is known to the strategy alone.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import takewhile
from pathlib import Path
from typing import Any

import msgspec

from engine.core.commands import Cancel, Outcome, Submit
from engine.core.events import AnyEvent, Stopping
from engine.core.session import Send, Session
from engine.core.types import SECOND, ZERO, Side, floor_to
from engine.nautilus.backtest import MarketData, run_backtest
from engine.run.scenario import UNLIMITED, venue_and_policy
from engine.run.scenario_files import CONFIG, TAPE, Behaviour, read_config, read_tape
from engine.simulation.scenario_tape import Level, Line, Sim
from engine.simulation.scenario_venue import Row, plain
from engine.simulation.settings import Simulation
from tests.support.builders import START_NS
from tests.support.catalogs import Handmade

LIKE_THE_CASES = Simulation(
    order_latency_ms=0,
    queue_position=False,
    liquidity_consumption=False,
    liquidation=False,
    maker_fee_pct=ZERO,
    taker_fee_pct=ZERO,
)
BOOK_BEFORE, TRADES_BEFORE = 0.5, 0.4  # s before the tick

type Entry = tuple[AnyEvent, tuple[Outcome, ...]]


def commands_in_nautilus(case_dir: Path, root: Path, behaviour: Behaviour | None = None) -> list[Row]:
    """The creates and cancels of a case, in the form of its expected.jsonl. `root` is an empty folder for a catalog,
    `behaviour` replaces the case's own."""
    config, tape = read_config(case_dir / CONFIG), read_tape(case_dir / TAPE)
    config = msgspec.structs.replace(config, version=behaviour or config.version)
    venue, policy = venue_and_policy(case_dir, config)
    started = venue.start(tape[0].t, run=case_dir.name)
    entries: list[Entry] = []

    def session_of(send: Send) -> Session[Any]:
        return Session(policy, UNLIMITED, lambda _seq, event, outcomes: entries.append((event, outcomes)), send)

    market = _market(tape, Handmade(started.instrument))
    run_backtest(MarketData(catalog=market.write(root, quotes=False)), LIKE_THE_CASES, started, session_of)
    return list(_rows(entries, config.sim))


def _market(tape: tuple[Line, ...], made: Handmade) -> Handmade:
    for line in tape:
        made.snapshot(line.t - BOOK_BEFORE, _levels(line.bids), _levels(line.asks))
        for price, size, _ in line.trades:
            for side in Side:
                made.trade(line.t - TRADES_BEFORE, side, str(price), str(size))
    last = tape[-1]  # the data must not end before the last tick
    return made.snapshot(last.t + BOOK_BEFORE, _levels(last.bids), _levels(last.asks))


def _levels(levels: tuple[Level, ...]) -> dict[str, str]:
    return {str(price): str(size) for price, size in levels}


def _rows(entries: list[Entry], sim: Sim) -> Iterator[Row]:
    sent: dict[str, Row] = {}
    for event, outcomes in takewhile(lambda entry: not isinstance(entry[0], Stopping), entries):
        t = (event.ts_event - START_NS) // SECOND
        for outcome in outcomes:
            if isinstance(outcome, Submit):
                sent[outcome.id] = _create(outcome, sim)
                yield {"t": t, "type": "create", **sent[outcome.id]}
            elif isinstance(outcome, Cancel):
                yield {"t": t, "type": "cancel", **sent[outcome.id]}


def _create(order: Submit, sim: Sim) -> Row:
    return {
        "id": order.id,
        "side": order.side.name.lower(),
        "price": None if order.price is None else _floored(order.price, sim.price_tick),
        "size": _floored(order.size, sim.size_step),
        "order_type": order.order_type.value,
        "position_action": order.action.value,
    }


def _floored(value: Decimal, unit: Decimal) -> str:
    return plain(floor_to(value, unit))
