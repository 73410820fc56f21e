"""Which latency and which fill assumption explain a run's own fills? Its quotes are sent again, as and when it sent
them, into the simulated venue over the market that it saw, once under each assumption."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from engine.analysis.calibration import Fitted, fitted, latency_ms, waits
from engine.analysis.runs import open_run
from engine.core.commands import Cancel, Draft, Submit, Wish
from engine.core.errors import JournalError, Problem
from engine.core.events import AnyEvent, OrderFilled, Started, Tick
from engine.core.risk import Limits
from engine.core.session import Send, Session
from engine.core.state import State
from engine.core.types import SECOND, Nanos, Purpose
from engine.journal.reader import Journal
from engine.nautilus.backtest import run_backtest
from engine.run.compose import compose
from engine.run.simulate import Plan, market_data
from engine.run.whatif import as_run_file, varied

FILLS = ("pessimistic", "central", "optimistic")
ROOM = 1_000  # times the balance: what is asked is when orders fill, not whether they can be afforded


class Calibration(NamedTuple):
    """`latency`: in milliseconds; `fills`: the error of each assumption; `best`: that with the least on what was shown.
    `run_file`: the text of the run's own file with both in it."""

    latency: Fitted
    fills: dict[str, Fitted]
    best: str
    run_file: str


class Again:
    """Sends a run's quotes as it sent them, tick by tick, and cancels them as it did. Its state is nobody's."""

    needs_depth = False

    def __init__(self, journal: Journal) -> None:
        self.ids: dict[str, str] = {}  # ours now -> the run's
        self._due: defaultdict[int, list[Submit | Cancel]] = defaultdict(list)
        quotes: set[str] = set()
        for entry in journal.entries(types=("Submit", "Cancel")):
            match entry.value:
                case Submit(purpose=Purpose.QUOTE) as order:
                    quotes.add(order.id)
                    self._due[_tick(entry.ts_init)].append(order)
                case Cancel() as cancel if cancel.id in quotes:
                    self._due[_tick(entry.ts_init)].append(cancel)
                case _:
                    pass

    def initial(self, _event: Started) -> None:
        return None

    def evolve(self, _before: State[None], _event: AnyEvent) -> None:
        return None

    def depth_queries(self, _state: State[None]) -> tuple[Any, ...]:
        return ()

    def decide(self, _state: State[None], event: AnyEvent) -> tuple[None, tuple[Wish, ...]]:
        if not isinstance(event, Tick):
            return None, ()
        now = {theirs: ours for ours, theirs in self.ids.items()}
        return None, tuple(_wish(each, now) for each in self._due.get(_tick(event.ts_event), ()))

    def sent(self, event: AnyEvent, outcomes: Sequence[Any]) -> None:
        """Told what left, in order: so the orders of a tick are those that were due at it."""
        if isinstance(event, Tick):
            due = [each for each in self._due.get(_tick(event.ts_event), ()) if isinstance(each, Submit)]
            left = [each for each in outcomes if isinstance(each, Submit)]
            self.ids.update({ours.id: theirs.id for ours, theirs in zip(left, due, strict=True)})


def calibrate(folder: Path) -> Calibration:
    """Raises JournalError where the run has no quotes that the venue took, and as `engine.run.whatif.varied`."""
    run = open_run(folder)
    latency = latency_ms(run.orders.filter(run.orders["purpose"] == Purpose.QUOTE.value))
    if latency is None:
        raise JournalError(Problem(str(folder), "no quote of this run was taken by its venue: nothing to fit to"))
    plan = varied(folder, ())
    wanted = round(latency.value)
    end = int(run.equity["ts"].cast(int)[-1])
    errors = {
        fills: fitted(waits(run.orders, run.fills, _first_fills(plan, run.journal, fills, wanted), end))
        for fills in FILLS
    }
    best = min(errors, key=lambda fills: (errors[fills].value, FILLS.index(fills)))
    changes = {"simulation.order_latency_ms": wanted, "simulation.fills": best}
    return Calibration(latency, errors, best, as_run_file(folder, run.run_file, changes))


def _first_fills(plan: Plan, journal: Journal, fills: str, latency: int) -> dict[str, Nanos | None]:
    """When each quote first filled in the simulated venue, by the run's own id."""
    again, found = Again(journal), dict[str, Nanos]()

    def record(_seq: int, event: AnyEvent, outcomes: Sequence[Any]) -> None:
        again.sent(event, outcomes)
        if isinstance(event, OrderFilled):
            found.setdefault(event.id, event.ts_init)

    def session_of(send: Send) -> Session[None]:
        return Session(again, Limits(whole_units=False), record, send)

    parts = compose(plan.config, run="calibrate" * 2, instrument=plan.instrument, at_ns=plan.start_ns)
    simulation = plan.config.simulation.model_copy(
        update={"fills": fills, "order_latency_ms": latency, "queue_position": True, "liquidation": False}
    )
    started = replace(parts.started, balance=parts.started.balance * ROOM)
    data = msgspec.structs.replace(market_data(plan, parts), depth=False, reference=None)
    run_backtest(data, simulation, started, session_of)
    return {theirs: found.get(ours) for ours, theirs in again.ids.items()}


def _tick(ns: Nanos) -> int:
    return ns // SECOND


def _wish(command: Submit | Cancel, now: dict[str, str]) -> Wish:
    if isinstance(command, Cancel):
        return Cancel(now.get(command.id, command.id), command.reason)
    return Draft(
        side=command.side,
        size=command.size,
        price=command.price,
        type=command.order_type,
        action=command.action,
        level=command.level,
        post_only=command.post_only,
    )
