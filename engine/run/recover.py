"""After a crash: what the journal still knows, the run taken up where it stood, or sealed with what was found."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec

from engine.core.commands import Command, Outcome, Refused, TradingChanged
from engine.core.errors import JournalError, Problem
from engine.core.events import AnyEvent
from engine.core.session import Record
from engine.core.state import State
from engine.journal.ahead import contents_ahead, lines_ahead
from engine.journal.chain import Chain, Tail, beginning
from engine.journal.database import file_sha256
from engine.journal.entry import Entry, Kind
from engine.journal.folder import JOURNAL_FILE, LOCK_FILE, lock_for_writing
from engine.journal.manifest import Recorded, RunFile, Seal, Status, read_run_file, write_run_file
from engine.journal.reader import Journal
from engine.journal.replay import records
from engine.journal.snapshot import EVERY, SNAPSHOT_FILE, write_snapshot
from engine.journal.verify import Verdict, verdict
from engine.journal.wal import wal_end
from engine.journal.writer import JournalWriter, take_in_ahead
from engine.run.moments import Moment, Walk
from engine.run.recording import kept

LONGEST_RECORD = 1000  # entries; a decision is a handful


class Recovered(NamedTuple):
    """The state after the journal's last entry, and where the journal stands. `in_doubt` are the commands of its last
    record: they may have left or not, so the venue must be asked; all earlier ones have left. `events` were fed."""

    state: State[Any] | None
    in_doubt: tuple[Command, ...]
    tail: Tail
    events: int
    from_snapshot: int | None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a run that was cut short looked like, and how it is sealed now."""

    status: Status
    verdict: Verdict
    in_doubt: tuple[Command, ...] = ()
    working: tuple[str, ...] = ()
    positions: dict[str, str] = {}
    state_unknown: str | None = None
    market_lost: str | None = None


def recovered(folder: Path) -> Recovered:
    """From the newest snapshot and what came after it. Checks the chain of that tail only: bounded in time.

    Raises JournalError where an entry of the tail is not what was written.
    """
    walk = Walk(folder)
    snapshot = walk.snapshot()
    tail, state = (beginning(walk.journal.run_file.run), None) if snapshot is None else (snapshot.tail, snapshot.state)
    chain = Chain(tail)
    last: Moment | None = None
    for moment in walk.moments(_checked(folder, chain, walk.journal.entries(since=tail.seq + 1)), state):
        last = moment
    if walk.diverged_at is not None:
        message = (
            f"decided otherwise by this code from entry {walk.diverged_at} on: take it up with the code that made it"
        )
        raise JournalError(Problem(str(folder), message))
    return Recovered(
        state=state if last is None else last.after,
        in_doubt=_commands(last.outcomes if last else _last_outcomes(walk.journal, tail.seq)),
        tail=chain.tail,
        events=chain.counts[Kind.EVENT],
        from_snapshot=None if snapshot is None else snapshot.seq,
    )


def resumed(folder: Path, *, durable: bool = True, synced: bool = True) -> tuple[JournalWriter, Recovered]:
    """Take a crashed run up: the writer goes on after its last whole record. The manifest says that it was so.

    Raises JournalError where the run is sealed, written by another process, or damaged.
    """
    run_file = _unsealed(folder)
    with _locked(folder) as lock:
        damage = wal_end(folder / f"{JOURNAL_FILE}-wal").damage or lines_ahead(contents_ahead(folder))[1].damage
        if damage is not None:
            raise JournalError(Problem(str(folder), f"damaged, not to be taken up: {damage}"))
        take_in_ahead(folder, run_file.run)
        found = recovered(folder)
        run_file = msgspec.structs.replace(run_file, resumed_after=(*run_file.resumed_after, found.tail.seq))
        write_run_file(folder, run_file)
        return JournalWriter(folder, run_file, lock, durable=durable, synced=synced, resumed=found.tail), found


def snapshotting(writer: JournalWriter, state: Callable[[], State[Any] | None], every: int = EVERY) -> Record:
    """The writer's `record`, with a snapshot beside the journal each time `every` entries have come. For durable runs:
    a backtest that was cut short is run again."""
    due = writer.tail.seq + every

    def record(seq: int, event: AnyEvent, outcomes: tuple[Outcome, ...]) -> None:
        nonlocal due
        writer.record(seq, event, outcomes)
        if seq >= due and (now := state()) is not None:
            write_snapshot(writer.folder, writer.tail, now)
            due = seq + every

    return record


def seal_crashed(folder: Path) -> Found:
    """Seal a run that nobody writes any more: CrashedRecovered where it is whole up to its last record, Quarantined
    where it is damaged. Raises JournalError where it is sealed already or being written."""
    run_file = _unsealed(folder)
    checked = verdict(folder)
    state, unknown = (None, None) if checked.damages else _state_if_known(folder)
    with _locked(folder) as lock:
        if checked.damages:
            _quarantine(folder, run_file, checked)
            os.close(lock)
            return Found(status=Status.QUARANTINED, verdict=checked)
        take_in_ahead(folder, run_file.run)
        chain = Chain(beginning(run_file.run))
        for _ in _checked(folder, chain, Journal(folder).entries()):
            pass
        reason = f"found crashed; whole up to entry {checked.readable}" + (f"; {checked.torn}" if checked.torn else "")
        market, lost = _market_if_whole(folder)
        reason += f"; {lost}" if lost else ""
        writer = JournalWriter(folder, run_file, lock, durable=True, resumed=chain.tail)
        writer.seal(Status.CRASHED_RECOVERED, reason, market)
    (folder / SNAPSHOT_FILE).unlink(missing_ok=True)
    if state is None or state.state is None:
        return Found(status=Status.CRASHED_RECOVERED, verdict=checked, state_unknown=unknown, market_lost=lost)
    return Found(
        status=Status.CRASHED_RECOVERED,
        verdict=checked,
        in_doubt=state.in_doubt,
        working=tuple(w.order.id for w in state.state.orders),
        positions={leg.value: f"{held.size} at {held.entry}" for leg, held in state.state.positions.items()},
        market_lost=lost,
    )


def _market_if_whole(folder: Path) -> tuple[Recorded | None, str | None]:
    """A journal is sealed whatever became of the market data beside it."""
    try:
        return kept(folder), None
    except JournalError as error:
        return None, str(error)


def _state_if_known(folder: Path) -> tuple[Recovered | None, str | None]:
    """A run of other code can be sealed, but what it held is then for the journal's reader to work out."""
    try:
        return recovered(folder), None
    except JournalError as error:
        return None, str(error)


def _quarantine(folder: Path, run_file: RunFile, checked: Verdict) -> None:
    """The journal is left as it is: whoever mends it needs all of it."""
    path = folder / JOURNAL_FILE
    seal = Seal(
        status=Status.QUARANTINED,
        reason=f"damaged: {checked.damages[0]}; entries 1 to {checked.readable} can be read",
        high_watermark=checked.readable,
        events=0,
        commands=0,
        refusals=0,
        first_ns=None,
        last_ns=checked.readable_ns,
        commands_digest="",
        chain="",
        file_sha256=file_sha256(path) if path.is_file() else "",
    )
    write_run_file(folder, msgspec.structs.replace(run_file, seal=seal))
    (folder / LOCK_FILE).unlink(missing_ok=True)


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    """Held on after the block: by whoever was given it there. Let go where the block failed."""
    lock = lock_for_writing(folder)
    try:
        yield lock
    except BaseException:
        with suppress(OSError):
            os.close(lock)
        raise


def _unsealed(folder: Path) -> RunFile:
    run_file = read_run_file(folder)
    if run_file.seal is not None:
        raise JournalError(Problem(str(folder), f"sealed as {run_file.seal.status.value} already"))
    return run_file


def _commands(outcomes: tuple[Outcome, ...]) -> tuple[Command, ...]:
    return tuple(outcome for outcome in outcomes if not isinstance(outcome, Refused | TradingChanged))


def _last_outcomes(journal: Journal, seq: int) -> tuple[Outcome, ...]:
    """Of the record that ends with entry `seq`."""
    *_, last = (None, *records(journal.entries(since=max(1, seq - LONGEST_RECORD), until=seq)))
    return () if last is None else tuple(cast(Outcome, entry.value) for entry in last.followed)


def _checked(folder: Path, chain: Chain, entries: Iterable[Entry]) -> Iterator[Entry]:
    for entry in entries:
        if not chain.follows(entry):
            raise JournalError(Problem(str(folder), f"entry {entry.seq} is not what was written"))
        yield entry
