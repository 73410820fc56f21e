"""Fold a journal's events through the same step again, and hold every outcome against what was written."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec

from engine.core.commands import Outcome
from engine.core.events import AnyEvent
from engine.core.policy import Policy
from engine.core.risk import Limits
from engine.core.state import State
from engine.core.step import step
from engine.journal.entry import Entry, Kind, encode
from engine.journal.reader import Journal


class Divergence(msgspec.Struct, frozen=True):
    """The first entry that came out differently. `expected` is the journal's, `got` the replay's (JSON; None: no
    entry)."""

    seq: int
    event_seq: int
    event: str
    expected: str | None
    got: str | None


class Replayed(msgspec.Struct, frozen=True):
    """What a replay compared, up to the first divergence or the end."""

    events: int
    outcomes: int
    divergence: Divergence | None = None


def replay(folder: Path, policy: Policy[Any], limits: Limits) -> Replayed:
    """Replay a run, sealed or not, with a fresh policy. Raises JournalError if the journal cannot be read."""
    state: State[Any] | None = None
    events = outcomes = 0
    for entry, written in _records(Journal(folder).entries()):
        event: AnyEvent = entry.value  # type: ignore[assignment]  # an entry of kind event holds one
        state, got = step(policy, limits, state, event)
        events += 1
        for n, (expected, outcome) in enumerate(zip_longest(written, got), entry.seq + 1):
            if expected is None or outcome is None or expected.payload != encode(outcome):
                return Replayed(events, outcomes, _diverged(entry, n, expected, outcome))
            outcomes += 1
    return Replayed(events, outcomes)


def _records(entries: Iterable[Entry]) -> Iterator[tuple[Entry, list[Entry]]]:
    """Each event with what followed from it. (A record is written as a whole: there is no half one at the end.)"""
    event: Entry | None = None
    followed: list[Entry] = []
    for entry in entries:
        if entry.kind is not Kind.EVENT:
            followed.append(entry)
            continue
        if event is not None:
            yield event, followed
        event, followed = entry, []
    if event is not None:
        yield event, followed


def _diverged(event: Entry, seq: int, expected: Entry | None, got: Outcome | None) -> Divergence:
    return Divergence(
        seq=seq,
        event_seq=event.seq,
        event=event.payload.decode(),
        expected=expected.payload.decode() if expected else None,
        got=encode(got).decode() if got is not None else None,
    )
