"""A paper run from run file to results: a market as it comes, a simulated venue, and an account that outlives both."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from engine.analysis.analyse import analyse
from engine.analysis.fold import started_of
from engine.config.tree import RunConfig
from engine.core.errors import JournalError, Problem
from engine.core.events import AnyEvent, Held, OrderCanceled, Started
from engine.core.session import Send, Session
from engine.core.state import State
from engine.core.types import Nanos
from engine.journal.folder import status_of
from engine.journal.manifest import MANIFEST_FILE, Seal, Status, manifest_hash, read_run_file
from engine.journal.reader import Journal
from engine.journal.writer import JournalWriter, create_run
from engine.nautilus.paper import Desk, PaperEnd, paper_over
from engine.run.agreement import check_positions
from engine.run.compose import Parts, compose
from engine.run.moments import Walk
from engine.run.narrate import Narrator
from engine.run.recover import resumed, snapshotting
from engine.run.remade import remade
from engine.run.seals import Ended, sealed_as_it_went
from engine.run.simulate import Plan, Progress, Result, market_data, places_of, planned, result_of

GONE = "gone with the simulated venue when the run was cut short"


class Begun(NamedTuple):
    """A run that can begin or go on: its journal, the account as a venue is to know it, what the session is fed first,
    and the state that it is in."""

    journal: JournalWriter
    started: Started
    opening: Callable[[Nanos], tuple[AnyEvent, ...]]
    carried: tuple[Held, ...]
    state: State[Any] | None


def planned_paper(config: RunConfig, *, resume: Path | None = None) -> Plan:
    """A run over a recorded feed, the run file's catalog. `resume`: a paper run's folder, whose account goes on; the
    feed goes on after what that run has seen.

    Raises as `engine.run.simulate.planned`, JournalError where that run cannot be taken up, or is of another run file.
    """
    if resume is None:
        return planned(config, kind="paper")
    run_file, last_ns = read_run_file(resume), _last_ns(resume)
    if run_file.manifest.kind != "paper":
        raise JournalError(Problem(str(resume), f"is a {run_file.manifest.kind}, no paper run", field="--resume"))
    crashed = run_file.seal is None
    plan = planned(config, run_file.manifest.parent if crashed else run_file.run_id, kind="paper")
    if crashed and manifest_hash(plan.manifest) != run_file.run:
        message = "was cut short, and can only go on with its own run file, feed and code"
        raise JournalError(Problem(str(resume / MANIFEST_FILE), message, field="--resume"))
    after = last_ns + 1 if last_ns >= plan.start_ns else plan.start_ns
    return msgspec.structs.replace(plan, start_ns=after)


def paper(
    plan: Plan,
    *,
    created: str,
    speed: float | None,
    resume: Path | None = None,
    progress: Progress = lambda *_: None,
) -> Result:
    """Play the feed at `speed` (None: as fast as it goes), and write a run's folder as a backtest does. Every record is
    on disk before a command leaves. Cut short by a signal, the orders are cancelled first, and `stopped` says so.
    """
    parts = compose(plan.config, run=manifest_hash(plan.manifest), instrument=plan.instrument, at_ns=plan.start_ns)
    begun = _begun(plan, parts, created, resume)
    with begun.journal as journal, sealed_as_it_went(journal) as ended:
        end, state = _traded(plan, parts, begun, speed, progress)
        check_positions(state, end.positions)
        seal = _sealed(ended, end, state)
        progress("analysis", 0.0)
        summary = analyse(journal.folder, rows=end.rows, seconds=end.seconds, report=plan.config.output.report)
        progress("analysis", 1.0)
    result = result_of(plan, journal.folder, seal, summary, state)
    return msgspec.structs.replace(result, stopped=end.stopped)


def _sealed(ended: Ended, end: PaperEnd, state: State[Any]) -> Seal:
    status, reason = Status.ENDED, ""
    if end.stopped is not None:
        status, reason = Status.INTERRUPTED, f"{end.stopped}; its orders were cancelled"
    return ended(status, reason, rows=end.rows, seconds=end.seconds, balance=str(state.ledger.cash))


def _traded(
    plan: Plan, parts: Parts, begun: Begun, speed: float | None, progress: Progress
) -> tuple[PaperEnd, State[Any]]:
    sessions: list[Session[Any]] = []
    span = max(plan.end_ns - plan.start_ns, 1)
    made = remade(begun.journal.folder, read_run_file(begun.journal.folder))
    narrator = Narrator(made, lambda: sessions[0].state, begun.state)
    record = narrator.noting(snapshotting(begun.journal, lambda: sessions[0].state))

    def session_of(send: Send) -> Session[Any]:
        sessions.append(parts.session(record, send))
        sessions[0].state = begun.state
        return sessions[0]

    def on_tick(now: Nanos) -> None:
        narrator.speak()
        progress("paper", min(1.0, (now - plan.start_ns) / span))

    data = msgspec.structs.replace(market_data(plan, parts), start_ns=plan.start_ns)
    desk = Desk(
        simulation=plan.config.simulation,
        started=begun.started,
        opening=begun.opening,
        carried=begun.carried,
        session_of=session_of,
        on_tick=on_tick,
    )
    end = paper_over(data, desk, speed=speed)
    narrator.speak()
    state = sessions[0].state
    assert state is not None
    return end, state


def _begun(plan: Plan, parts: Parts, created: str, resume: Path | None) -> Begun:
    if resume is not None and status_of(resume) is Status.CRASHED:
        return _taken_up(resume)
    started = parts.started
    if resume is not None:
        started = _continued(started, Walk(resume).last().after)
    journal = create_run(
        plan.config.output.runs.absolute(),
        plan.manifest,
        durable=True,
        created=created,
        places=places_of(plan.config),
        warnings=plan.notes,
    )
    return Begun(journal, started, lambda _now: (started,), started.positions, None)


def _continued(started: Started, before: State[Any]) -> Started:
    """A new run of an account that was closed in good order: its cash is the new capital."""
    return msgspec.structs.replace(started, balance=before.ledger.cash, positions=_held(before))


def _taken_up(folder: Path) -> Begun:
    """A run that was cut short goes on in its own journal. The venue that held its orders is gone, and they with it."""
    writer, found = resumed(folder)
    state, started = found.state, started_of(Journal(folder))
    if state is None or state.stopping:
        writer.close()
        message = "had not begun or was about to end: seal it with `perpmm recover`, then resume it"
        raise JournalError(Problem(str(folder), message, field="--resume"))

    def opening(now: Nanos) -> tuple[AnyEvent, ...]:
        return tuple(OrderCanceled(id=w.order.id, reason=GONE, ts_event=now, ts_init=now) for w in state.orders)

    as_it_stands = msgspec.structs.replace(started, balance=state.ledger.cash)
    return Begun(writer, as_it_stands, opening, _held(state), state)


def _held(state: State[Any]) -> tuple[Held, ...]:
    return tuple(Held(leg, p.size, p.entry) for leg, p in state.positions.items() if p.entry is not None)


def _last_ns(folder: Path) -> Nanos:
    journal = Journal(folder)
    last = journal.high_watermark()
    return max((entry.ts_init for entry in journal.entries(since=max(last, 1))), default=0)
