"""A run walked through record by record: what was known before and after each, and what was decided."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

from engine.core.commands import Outcome, Refused, Submit
from engine.core.errors import JournalError, Problem
from engine.core.events import AnyEvent
from engine.core.policy import Policy
from engine.core.state import State
from engine.core.step import step
from engine.core.types import Action, Nanos, Side
from engine.journal.entry import Entry
from engine.journal.reader import Journal
from engine.journal.replay import Record, Retraced, as_written, folded, records
from engine.journal.snapshot import Snapshot, read_snapshot
from engine.run.remade import Remade, remade
from engine.run.runs import iso


class Moment(NamedTuple):
    """A record, and the state before and after it."""

    record: Record
    before: State[Any] | None
    after: State[Any]
    policy: Policy[Any]

    @property
    def decided_in(self) -> State[Any]:
        """The event in the state, nothing sent yet."""
        return folded(self.policy, self.before, self.event, self.after)

    @property
    def last_seq(self) -> int:
        return self.record.event.seq + len(self.record.followed)

    @property
    def event(self) -> AnyEvent:
        return cast(AnyEvent, self.record.event.value)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return tuple(cast(Outcome, entry.value) for entry in self.record.followed)


class Walk:
    """Iterate to go through a run. Where this code decides otherwise than the journal says, the journal is followed:
    `diverged_at` is then the first such entry, and the strategy's own part of the state is this code's from there on.
    """

    def __init__(self, folder: Path) -> None:
        self.journal = Journal(folder)
        self.made: Remade = remade(folder, self.journal.run_file)
        self.diverged_at: int | None = None

    def moments(self, entries: Iterable[Entry] | None = None, state: State[Any] | None = None) -> Iterator[Moment]:
        """`state` is the one before the first of `entries`."""
        policy, limits = self.made.policy, self.made.limits
        for record in records(self.journal.entries() if entries is None else entries):
            event = cast(AnyEvent, record.event.value)
            after, outcomes = step(policy, limits, state, event)
            retraced = Retraced(record, state, after, outcomes)
            if not retraced.agrees:
                self.diverged_at = self.diverged_at or record.event.seq
                after = as_written(policy, retraced)
            yield Moment(record, state, after, policy)
            state = after

    def snapshot(self) -> Snapshot[Any] | None:
        """The newest one, if it is whole, of this very code and of this journal."""
        snapshot = read_snapshot(self.journal.folder, self.made.strategy.own)
        if snapshot is None:
            return None
        entry = next(self.journal.entries(since=snapshot.seq, until=snapshot.seq), None)
        return snapshot if entry is not None and entry.hash == snapshot.chain else None

    def last(self, *, seq: int | None = None, at_ns: Nanos | None = None) -> Moment:
        """The record that holds entry `seq`, or the last one at or before `at_ns`, or the last one: from the newest
        snapshot where that lies before it, else from the start."""
        until = None if seq is None else self._event_of(seq)
        snapshot, found = self.snapshot(), None
        if snapshot is not None:
            found = self._last(self._until(snapshot.seq + 1, until, at_ns), snapshot.state)
        found = found or self._last(self._until(1, until, at_ns), None)
        if found is None:
            where = "the journal is empty" if at_ns is None else f"the run has not begun by {iso(at_ns)}"
            raise JournalError(Problem(str(self.journal.folder), where))
        return found

    def refused(self, side: Side, seq: int) -> tuple[int, Refused] | None:
        """The last word up to entry `seq` on quotes of a side, and its place, if that was a no."""
        for entry in self.journal.backwards(until=seq, types=("Refused", "Submit")):
            match entry.value:
                case Refused(draft) as refused if draft.side is side and draft.action is Action.OPEN:
                    return entry.seq, refused
                case Submit(action=Action.OPEN) as order if order.side is side:
                    return None
        return None

    def _last(self, entries: Iterable[Entry], state: State[Any] | None) -> Moment | None:
        found = None
        for moment in self.moments(entries, state):
            found = moment
        return found

    def _until(self, since: int, seq: int | None, at_ns: Nanos | None) -> Iterator[Entry]:
        for entry in self.journal.entries(since=since, until=seq):
            if at_ns is not None and entry.ts_init > at_ns:
                return
            yield entry

    def _event_of(self, seq: int) -> int:
        """The last entry of the record that holds `seq`."""
        highest = self.journal.high_watermark()
        if not 1 <= seq <= highest:
            message = f"there is no entry {seq}: " + (f"it has 1 to {highest}" if highest else "the journal is empty")
            raise JournalError(Problem(str(self.journal.folder), message, field="--seq"))
        for entry in self.journal.entries(since=seq + 1):
            if entry.kind == "event":
                return entry.seq - 1
        return highest
