"""Fold a journal's events through the same step again, and hold every outcome against what was written."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec

from engine.core.commands import Outcome
from engine.core.events import AnyEvent, Started
from engine.core.policy import Policy
from engine.core.risk import Limits
from engine.core.state import State, begun, evolve, sent
from engine.core.step import step
from engine.journal.difference import Difference, differences
from engine.journal.entry import Entry, Kind, encode
from engine.journal.reader import Journal


class Divergence(msgspec.Struct, frozen=True):
    """The first entry that came out differently. `expected` is the journal's, `got` the replay's (JSON; None: no
    entry). `states`: the state after the event if what is written had been decided, against what was decided now."""

    seq: int
    event_seq: int
    ts_init: int
    event: str
    expected: str | None
    got: str | None
    states: tuple[Difference, ...]


class Replayed(msgspec.Struct, frozen=True):
    """What a replay compared, up to the first divergence or the end: `outcomes` are commands and refusals."""

    events: int
    outcomes: int
    commands: int
    divergence: Divergence | None = None


class Record(NamedTuple):
    """An event and what followed from it, as written."""

    event: Entry
    followed: tuple[Entry, ...]


class Retraced(NamedTuple):
    """A record, and what the step makes of its event now."""

    record: Record
    before: State[Any] | None
    after: State[Any]
    outcomes: tuple[Outcome, ...]

    @property
    def agrees(self) -> bool:
        followed, outcomes = self.record.followed, self.outcomes
        return len(followed) == len(outcomes) and all(
            entry.payload == encode(outcome) for entry, outcome in zip(followed, outcomes, strict=True)
        )


def replay(folder: Path, policy: Policy[Any], limits: Limits) -> Replayed:
    """Replay a run, sealed or not, with a fresh policy. Raises JournalError if the journal cannot be read."""
    events = outcomes = commands = 0
    for retraced in retrace(Journal(folder).entries(), policy, limits):
        events += 1
        if not retraced.agrees:
            return Replayed(events, outcomes, commands, _diverged(policy, retraced))
        outcomes += len(retraced.outcomes)
        commands += sum(entry.kind is Kind.COMMAND for entry in retraced.record.followed)
    return Replayed(events, outcomes, commands)


def retrace(
    entries: Iterable[Entry], policy: Policy[Any], limits: Limits, state: State[Any] | None = None
) -> Iterator[Retraced]:
    """Step through records anew. `state` is the one before the first of them: None where that is the run's first."""
    for record in records(entries):
        before = state
        state, outcomes = step(policy, limits, before, cast(AnyEvent, record.event.value))
        yield Retraced(record, before, state, outcomes)


def records(entries: Iterable[Entry]) -> Iterator[Record]:
    """Each event with what followed from it. (A record is written as a whole: there is no half one at the end.)"""
    event: Entry | None = None
    followed: list[Entry] = []
    for entry in entries:
        if entry.kind is not Kind.EVENT:
            followed.append(entry)
            continue
        if event is not None:
            yield Record(event, tuple(followed))
        event, followed = entry, []
    if event is not None:
        yield Record(event, tuple(followed))


def as_written(policy: Policy[Any], retraced: Retraced) -> State[Any]:
    """The state after the record with what was decided then, whatever would be decided now."""
    event = cast(AnyEvent, retraced.record.event.value)
    outcomes = tuple(cast(Outcome, entry.value) for entry in retraced.record.followed)
    after = retraced.after
    return sent(folded(policy, retraced.before, event, after), after.own, outcomes, event.ts_init)


def folded(policy: Policy[Any], before: State[Any] | None, event: AnyEvent, after: State[Any]) -> State[Any]:
    """The state with the event in it and nothing sent yet; the strategy's part is that of `after`."""
    if before is None or isinstance(event, Started):
        assert isinstance(event, Started)
        return msgspec.structs.replace(begun(policy.initial(event), event), own=after.own, seq=1)
    return msgspec.structs.replace(evolve(before, event), own=after.own, seq=before.seq + 1)


def _diverged(policy: Policy[Any], retraced: Retraced) -> Divergence:
    event, followed = retraced.record
    pairs = zip_longest(followed, retraced.outcomes)
    n, (expected, got) = next(
        (n, pair)
        for n, pair in enumerate(pairs, 1)
        if pair[0] is None or pair[1] is None or pair[0].payload != encode(pair[1])
    )
    return Divergence(
        seq=event.seq + n,
        event_seq=event.seq,
        ts_init=event.ts_init,
        event=event.payload.decode(),
        expected=expected.payload.decode() if expected else None,
        got=encode(got).decode() if got is not None else None,
        states=differences(as_written(policy, retraced), retraced.after),
    )
