"""A paper run from run file to results: a market as it comes, a simulated venue, and an account that outlives both."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec

from engine.config.tree import RunConfig, identity
from engine.core.errors import DataError, Problem
from engine.core.session import Send, Session
from engine.core.state import State
from engine.core.types import Nanos
from engine.journal.manifest import Seal, Status, manifest_hash, new_manifest, read_run_file
from engine.journal.market import STREAM
from engine.nautilus.desk import Desk, End
from engine.nautilus.paper import paper_live, paper_over
from engine.run.account import Before, Begun, begun, check_same
from engine.run.aftertick import after_ticks
from engine.run.agreement import check_positions
from engine.run.compose import Parts, compose, said_before
from engine.run.contracts import contract_now
from engine.run.control import heard
from engine.run.market_now import live_market
from engine.run.narrate import Narrator
from engine.run.recover import snapshotting
from engine.run.remade import remade
from engine.run.results import results
from engine.run.seals import Ended, sealed_as_it_went
from engine.run.simulate import Plan, Progress, Result, market_data, planned, result_of

type Trade = Callable[[Desk], End]


class Paper(NamedTuple):
    """A paper run before it begins. `feed`: a recorded market is played, at `speed` (None: as fast as it goes); else it
    is the venue's own."""

    plan: Plan
    before: Before | None
    feed: bool
    speed: float | None = None


def planned_over(config: RunConfig, before: Before | None, *, speed: float | None) -> Paper:
    """A run over the run file's catalog. It begins after what the run before has seen.

    Raises as `engine.run.simulate.planned`, DataError too where that run has seen the whole feed, JournalError where it
    cannot be taken up with this run file.
    """
    plan = planned(config, None if before is None else before.parent, kind="paper")
    check_same(before, plan.manifest)
    after = 0 if before is None else before.last_ns + 1
    if before is not None and after > plan.end_ns:
        message = f"{before.parent} has seen it to its end: it goes on with a feed that is longer"
        raise DataError(Problem(str(config.data.catalog), message, field="--feed"))
    return Paper(msgspec.structs.replace(plan, start_ns=max(plan.start_ns, after)), before, feed=True, speed=speed)


def planned_now(config: RunConfig, before: Before | None) -> Paper:
    """A run at the venue's own market. Raises ConfigError where that is not spoken, DataError where the venue does not
    answer or lacks the contract, JournalError as above."""
    now, name = time.time_ns(), config.instrument.id
    started_ns = before.manifest.started_ns if before is not None and before.cut_short else now
    parent = None if before is None else before.parent
    manifest = new_manifest("paper", name, identity(config), started_ns=started_ns, parent=parent)
    check_same(before, manifest)
    instrument = contract_now(config.venue, name, quoted=True)
    plan = Plan(
        config=config,
        instrument=instrument,
        manifest=manifest,
        start_ns=now,
        end_ns=now,
        reference=None,
        gaps=(),
        notes=said_before(config, instrument),
    )
    return Paper(plan, before, feed=False)


def paper(run: Paper, *, created: str, progress: Progress = lambda *_: None) -> Result:
    """Trade, and write a run's folder as a backtest does. Stopped by a signal, the orders are cancelled first, and
    `stopped` says so.

    Raises what `engine.nautilus.paper` raises; a run that failed is sealed as failed.
    """
    plan = run.plan
    parts = compose(plan.config, run=manifest_hash(plan.manifest), instrument=plan.instrument, at_ns=plan.start_ns)
    start = begun(plan, parts.started, created, run.before)
    with start.journal as journal, sealed_as_it_went(journal) as ended:
        with _market(run, parts, start) as trade:
            end, state = _traded(plan, parts, start, trade, progress)
        check_positions(state, end.positions)
        seal = _sealed(ended, end, state)
        progress("analysis", 0.0)
        summary = results(journal.folder, rows=end.rows, seconds=end.seconds, report=plan.config.output.report)
        progress("analysis", 1.0)
    return msgspec.structs.replace(result_of(plan, journal.folder, seal, summary, state), stopped=end.stopped)


@contextmanager
def _market(run: Paper, parts: Parts, start: Begun) -> Iterator[Trade]:
    plan = run.plan
    if run.feed:
        data = msgspec.structs.replace(market_data(plan, parts), start_ns=plan.start_ns)
        yield lambda desk: paper_over(data, plan.config.simulation, desk, speed=run.speed)
        return
    with live_market(plan.config, start.journal.folder / STREAM, depth=parts.policy.needs_depth) as market:
        yield lambda desk: paper_live(market, plan.config.simulation, desk)


def _traded(plan: Plan, parts: Parts, start: Begun, trade: Trade, progress: Progress) -> tuple[End, State[Any]]:
    sessions: list[Session[Any]] = []
    folder, span = start.journal.folder, max(plan.end_ns - plan.start_ns, 1)
    narrator = Narrator(remade(folder, read_run_file(folder)), lambda: sessions[0].state, start.state)
    record = narrator.noting(snapshotting(start.journal, lambda: sessions[0].state))

    def session_of(send: Send) -> Session[Any]:
        sessions.append(parts.session(record, send))
        sessions[0].state = start.state
        return sessions[0]

    with after_ticks(start.journal, narrator.speak) as after:

        def on_tick(now: Nanos) -> None:
            progress("paper", min(1.0, (now - plan.start_ns) / span))

        end = trade(
            Desk(
                started=start.started,
                opening=start.opening,
                carried=start.carried,
                session_of=session_of,
                on_tick=on_tick,
                afterwards=after,
                words=lambda now: heard(folder, now),
            )
        )
    state = sessions[0].state
    assert state is not None
    return end, state


def _sealed(ended: Ended, end: End, state: State[Any]) -> Seal:
    status, reason = Status.ENDED, ""
    if end.stopped is not None:
        status, reason = Status.INTERRUPTED, f"{end.stopped}; its orders were cancelled"
    return ended(status, reason, rows=end.rows, seconds=end.seconds, balance=str(state.ledger.cash))
