"""A paper account: begun with the run file's balance, or gone on with after a run that ended or was cut short."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from engine.analysis.fold import started_of
from engine.core.errors import JournalError, Problem
from engine.core.events import AnyEvent, Held, OrderCanceled, Started
from engine.core.state import State
from engine.core.types import Nanos
from engine.journal.folder import status_of
from engine.journal.manifest import Manifest, Status, read_run_file
from engine.journal.reader import Journal
from engine.journal.writer import JournalWriter, create_run
from engine.run.moments import Walk
from engine.run.recover import resumed
from engine.run.simulate import Plan, places_of

GONE = "gone with the simulated venue when the run was cut short"


class Begun(NamedTuple):
    """A run that can begin or go on: its journal, the account as a venue is to know it, what the session is fed first,
    and the state that it is in."""

    journal: JournalWriter
    started: Started
    opening: Callable[[Nanos], tuple[AnyEvent, ...]]
    carried: tuple[Held, ...]
    state: State[Any] | None


class Before(NamedTuple):
    """The paper run whose account goes on. One that was cut short goes on itself; of one that was sealed, a new run
    takes over the cash and the positions."""

    folder: Path
    run_id: str
    manifest: Manifest
    cut_short: bool
    last_ns: Nanos

    @property
    def parent(self) -> str | None:
        return self.manifest.parent if self.cut_short else self.run_id


def before_of(folder: Path, kind: str = "paper") -> Before:
    """Raises JournalError for a run that is not of this kind, or is being written. A live run goes on itself or not at
    all: what it held, the next one finds at the venue."""
    run_file, status = read_run_file(folder), status_of(folder)
    if run_file.manifest.kind != kind:
        raise _not_resumed(folder, f"is a {run_file.manifest.kind}, no {kind} run")
    if kind == "live" and status not in (Status.CRASHED, Status.RUNNING):
        raise _not_resumed(folder, f"ended ({status.value}): start a new run, it takes up what is held at the venue")
    if status in (Status.RUNNING, Status.QUARANTINED):
        raise _not_resumed(folder, "is running" if status is Status.RUNNING else "is damaged")
    journal = Journal(folder)
    last = max(journal.high_watermark(), 1)
    last_ns = max((entry.ts_init for entry in journal.entries(since=last)), default=0)
    return Before(folder, run_file.run_id, run_file.manifest, status is Status.CRASHED, last_ns)


def check_same(before: Before | None, manifest: Manifest) -> None:
    """Raises JournalError where a run that was cut short is not this one."""
    if before is not None and before.cut_short and before.manifest != manifest:
        raise _not_resumed(before.folder, "was cut short, and can only go on with its own run file, feed and code")


def begun(plan: Plan, started: Started, created: str, before: Before | None) -> Begun:
    """A command leaves once its record is where a killed process does not lose it; whoever drives the run calls `sync`
    after each tick, so that a loss of power takes no more than a tick. Raises JournalError where the folder cannot be
    written."""
    if before is not None and before.cut_short:
        return _taken_up(before)
    if before is not None:
        started = _continued(started, Walk(before.folder).last().after)
    journal = create_run(
        plan.config.output.runs.absolute(),
        plan.manifest,
        durable=True,
        synced=False,
        created=created,
        places=places_of(plan.config),
        warnings=plan.notes,
    )
    return Begun(journal, started, lambda _now: (started,), started.positions, None)


def _continued(started: Started, state: State[Any]) -> Started:
    """Of an account that was closed in good order the cash is the new capital."""
    return msgspec.structs.replace(started, balance=state.ledger.cash, positions=_held(state))


def _taken_up(before: Before) -> Begun:
    """The venue that held its orders is gone, and they with it: that is what it is told first, as of the last that it
    knew or later."""
    folder = before.folder
    writer, found = resumed(folder, synced=False)
    state = found.state
    if state is None or state.stopping:
        writer.close()
        raise _not_resumed(folder, "had not begun or was about to end: seal it with `perpmm recover`, then resume it")

    def opening(now: Nanos) -> tuple[AnyEvent, ...]:
        at = max(now, before.last_ns)
        return tuple(OrderCanceled(id=w.order.id, reason=GONE, ts_event=at, ts_init=at) for w in state.orders)

    as_it_stands = msgspec.structs.replace(started_of(Journal(folder)), balance=state.ledger.cash)
    return Begun(writer, as_it_stands, opening, _held(state), state)


def _held(state: State[Any]) -> tuple[Held, ...]:
    return tuple(Held(leg, p.size, p.entry) for leg, p in state.positions.items() if p.entry is not None)


def _not_resumed(folder: Path, why: str) -> JournalError:
    return JournalError(Problem(str(folder), why, field="--resume"))
