"""A live run from run file to results: the venue's market, an account of ours there, and a journal that is the truth.

The account is looked at first (engine.run.preflight); then the run is begun with what the venue says, or taken up where
a crash left it and brought to where the venue stands; only then does the node come up. While it trades, the venue is
asked again and again (engine.run.watch). However it ends, what rests is cancelled by REST too.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from engine.analysis.fold import started_of
from engine.config.tree import RunConfig, identity
from engine.core.commands import Command, Submit
from engine.core.errors import ConfigError, JournalError, Problem
from engine.core.events import AnyEvent, Held, Started
from engine.core.risk import Limits
from engine.core.session import Send, Session
from engine.core.state import State
from engine.core.types import SECOND, Nanos
from engine.journal.manifest import RunFile, Status, manifest_hash, new_manifest, read_run_file
from engine.journal.market import STREAM
from engine.journal.reader import Journal
from engine.journal.writer import JournalWriter, create_run
from engine.nautilus.access import Access
from engine.nautilus.desk import Desk, End
from engine.nautilus.interrupts import noted_interrupts
from engine.nautilus.live import Account, live
from engine.run.account import Before, check_same
from engine.run.aftertick import after_ticks
from engine.run.compose import Parts, compose, said_before
from engine.run.contracts import contract_now
from engine.run.control import heard
from engine.run.halt import Halted, account_of, places_of_venue, swept
from engine.run.in_step import IN_FLIGHT_NS, InStep
from engine.run.market_now import live_market
from engine.run.narrate import Narrator
from engine.run.reconcile import leg_of_word, reconcile
from engine.run.recover import resumed, snapshotting
from engine.run.remade import remade
from engine.run.results import results
from engine.run.seals import sealed_as_it_went
from engine.run.simulate import Plan, Progress, Result, result_of
from engine.run.wallets import check_environment
from engine.run.watch import LOOKBACK_NS, Watch
from engine.venue_api.account import View
from engine.venue_api.errors import VenueError
from engine.venue_api.keys import Keys
from engine.venue_api.venue import TradedAt

MAX_FEED_AGE_MS = 10_000


class Live(NamedTuple):
    """A live run before it begins. `before` is the one that it takes up; `timed`: with a dead man's timer."""

    plan: Plan
    before: Before | None
    timed: bool = False


class Begun(NamedTuple):
    """As engine.run.account.Begun; `floor_ns`: nothing that the venue did before counts."""

    journal: JournalWriter
    started: Started
    opening: Callable[[Nanos], tuple[AnyEvent, ...]]
    state: State[Any] | None
    floor_ns: Nanos


class Traded(NamedTuple):
    """What came of it, and what is left open at the venue; None where the venue could not be asked."""

    result: Result
    left: Halted | None


def planned_live(config: RunConfig, before: Before | None) -> Live:
    """Raises ConfigError for a file that is not to be traded live or a venue that is not spoken, DataError where the
    venue does not answer or lacks the contract, JournalError where `before` cannot be taken up with this run file: its
    contract is as it was when it began, so that the preflight sees what the venue has changed since."""
    if config.venue.backtest_only:
        message = "this file is marked for backtests only: see what its import could not map, then remove the mark"
        raise ConfigError(Problem("run file", message, field="venue.backtest_only"))
    config, warned = _on_a_feed_that_lives(config)
    now, name = time.time_ns(), config.instrument.id
    started_ns = now if before is None else before.manifest.started_ns
    manifest = new_manifest("live", name, identity(config), started_ns=started_ns)
    check_same(before, manifest)
    check_environment(config.venue, trading=True)
    known = None if before is None else started_of(Journal(before.folder)).instrument
    contract = contract_now(config.venue, name, quoted=True) if known is None else known
    plan = Plan(
        config=config,
        instrument=contract,
        manifest=manifest,
        start_ns=now,
        end_ns=now,
        reference=None,
        gaps=(),
        notes=(*warned, *said_before(config, contract)),
    )
    return Live(plan, before)


def _on_a_feed_that_lives(config: RunConfig) -> tuple[RunConfig, tuple[str, ...]]:
    """A limit on the age of the book, where the file has none: with real orders nobody quotes on a silent market."""
    if config.risk.max_feed_age_ms is not None:
        return config, ()
    risk = Limits.model_validate(config.risk.model_dump() | {"max_feed_age_ms": MAX_FEED_AGE_MS})
    note = f"no risk.max_feed_age_ms in the file: live it is {MAX_FEED_AGE_MS}, no quotes on a book that stood as long"
    return msgspec.structs.replace(config, risk=risk), (note,)


def trade(
    run: Live,
    venue: TradedAt,
    keys: Keys,
    *,
    created: str,
    failed: Callable[[Halted | None], None],
    progress: Progress = lambda *_: None,
) -> Traded:
    """Trade until a signal stops it; the account has passed its preflight. Raises what `engine.nautilus.live.live`
    raises, once its orders were cancelled and `failed` was told what is left open (None: the venue does not say); such
    a run is sealed as failed. One that was taken up and never got to start is left as it was found."""
    plan = run.plan
    parts = compose(plan.config, run=manifest_hash(plan.manifest), instrument=plan.instrument, at_ns=plan.start_ns)
    start = _begun(run, parts, venue, created)
    with start.journal as journal, sealed_as_it_went(journal, taken_up=run.before is not None) as ended:
        run_file, flatten = read_run_file(journal.folder), parts.limits.stop_policy == "flatten"
        desk = _Desk(plan, parts, start, venue, timed=run.timed)
        try:
            end = desk.traded(keys, flatten=flatten)
            left = _left(desk, run_file, venue, flatten=flatten)
        except BaseException:
            failed(_swept(run_file, venue, flatten=flatten))
            raise
        reason = f"{end.stopped}; its orders were cancelled" if end.stopped is not None else ""
        seal = ended(Status.INTERRUPTED if reason else Status.ENDED, reason, seconds=end.seconds)
        progress("analysis", 0.0)
        summary = results(journal.folder, rows=None, seconds=end.seconds, report=plan.config.output.report)
        progress("analysis", 1.0)
    result = result_of(plan, journal.folder, seal, summary, desk.state)
    return Traded(msgspec.structs.replace(result, stopped=end.stopped), left)


def _begun(run: Live, parts: Parts, venue: TradedAt, created: str) -> Begun:
    if run.before is not None:
        return _taken_up(run.before, venue)
    config, view = run.plan.config, venue.view(run.plan.instrument, venue.now_ms * 1_000_000)
    started = _started(parts.started, view)
    journal = create_run(
        config.output.runs.absolute(),
        run.plan.manifest,
        durable=True,
        synced=False,
        created=created,
        places=places_of_venue(config.venue) | account_of(venue),
        warnings=run.plan.notes,
    )
    return Begun(journal, started, lambda _now: (started,), None, view.at_ns)


def _started(started: Started, view: View) -> Started:
    """With the balance and the positions that the venue tells."""
    held = (Held(leg_of_word(each.position_side, started.mode), each.size, each.entry) for each in view.holdings)
    return msgspec.structs.replace(
        started, ts_event=view.at_ns, ts_init=time.time_ns(), balance=view.balance, positions=tuple(held)
    )


def _taken_up(before: Before, venue: TradedAt) -> Begun:
    """What was under way when it was cut short has arrived or is dead by the time the venue is asked."""
    started = started_of(Journal(before.folder))
    journal, found = resumed(before.folder, synced=False)
    state = found.state
    if state is None or state.stopping:
        journal.close()
        message = "had not begun or was about to end: `perpmm halt` cancels what may rest, `perpmm recover` seals it"
        raise JournalError(Problem(str(before.folder), message, field="--resume"))
    time.sleep(max(0.0, (before.last_ns + IN_FLIGHT_NS - time.time_ns()) / SECOND))
    try:
        view = venue.view(started.instrument, max(started.ts_event, before.last_ns - LOOKBACK_NS))
        known = reconcile(state, view, time.time_ns())
        for order in known.unknown:
            venue.cancel(started.instrument.raw_symbol, order)
    except BaseException:
        journal.close()
        raise
    return Begun(journal, started, lambda now: reconcile(state, view, now).events, state, started.ts_event)


class _Desk:
    """A run at work: its session, what drives it, and what keeps it in step with the venue."""

    def __init__(self, plan: Plan, parts: Parts, start: Begun, venue: TradedAt, *, timed: bool) -> None:
        self._plan, self._parts, self._start, self._venue, self._timed = plan, parts, start, venue, timed
        self._folder = start.journal.folder
        self._narrator = Narrator(remade(self._folder, read_run_file(self._folder)), self._now, start.state)
        self._session: Session[Any] | None = None
        self._since_ns = start.floor_ns

    def traded(self, keys: Keys, *, flatten: bool) -> End:
        config, instrument = self._plan.config, self._start.started.instrument
        depth, stream = self._parts.policy.needs_depth, self._folder / STREAM
        with (
            live_market(config, stream, depth=depth) as market,
            Watch(self._venue, instrument, self._now, self._start.floor_ns, timed=self._timed) as watch,
        ):
            in_step = InStep(watch, self._now)
            account = Account(
                access=Access(keys.key, keys.secret, keys.passphrase),
                doubted=watch.kick,
                blind=lambda: in_step.blind,
                flatten=flatten,
            )
            with after_ticks(self._start.journal, self._narrator.speak) as after:
                end = live(market, account, self._desk(in_step, after))
        self._since_ns = watch.since_ns
        return end

    @property
    def state(self) -> State[Any]:
        state = self._now()
        assert state is not None
        return state

    def catch_up(self) -> None:
        """With what the venue says now that the node has ended."""
        newest = max((working.created_ns for working in self.state.orders), default=0)
        time.sleep(max(0.0, (newest + IN_FLIGHT_NS - time.time_ns()) / SECOND))
        view = self._venue.view(self._start.started.instrument, self._since_ns)
        for event in reconcile(self.state, view, time.time_ns()).events:
            assert self._session is not None
            self._session.feed(event)
        self._narrator.speak()

    def _desk(self, in_step: InStep, after: Callable[[], None]) -> Desk:
        def words(now: Nanos) -> Iterator[AnyEvent]:
            yield from in_step.facts(now)
            yield from heard(self._folder, now)

        return Desk(
            started=self._start.started,
            opening=self._start.opening,
            session_of=self._session_of,
            afterwards=after,
            words=words,
        )

    def _session_of(self, send: Send) -> Session[Any]:
        record = self._narrator.noting(snapshotting(self._start.journal, self._now))

        def named(command: Command) -> None:
            if isinstance(command, Submit):
                self._venue.sent((command.id,))
            send(command)

        self._session = self._parts.session(record, named)
        self._session.state = self._start.state
        return self._session

    def _now(self) -> State[Any] | None:
        return self._start.state if self._session is None else self._session.state


def _swept(run_file: RunFile, venue: TradedAt, *, flatten: bool) -> Halted | None:
    with noted_interrupts(), suppress(VenueError):
        return swept(run_file, venue, flatten=flatten)
    return None


def _left(desk: _Desk, run_file: RunFile, venue: TradedAt, *, flatten: bool) -> Halted | None:
    """Cancel by REST what may still rest, close what is to be and was not, and book what the stream did not tell."""
    left = None
    with noted_interrupts(), suppress(VenueError):
        left = swept(run_file, venue, flatten=flatten)
        desk.catch_up()
    return left
