"""Where a journal stands, and how it goes on: each entry is tied to the one before it."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from engine.journal.entry import CommandsDigest, Entry, Kind, chained, genesis, kind_of

type Written = tuple[Any, bytes]  # an event or what followed from one, and its payload


class Tail(msgspec.Struct, frozen=True, kw_only=True):
    """Where a journal stands: its last entry's seq and hash, how many of each kind, the times of first and last."""

    seq: int
    chain: bytes
    counts: dict[Kind, int]
    first_ns: int | None
    last_ns: int | None


def beginning(run: str) -> Tail:
    """Before the first entry of the run whose manifest has this hash."""
    return Tail(seq=0, chain=genesis(run), counts=dict.fromkeys(Kind, 0), first_ns=None, last_ns=None)


class Chain:
    """Grows by what was made (`entries_of`) or by what was read (`follows`). `digest` is that of the commands since
    the tail that it began with."""

    def __init__(self, tail: Tail) -> None:
        self.seq, self.hash, self.counts = tail.seq, tail.chain, dict(tail.counts)
        self.first_ns, self.last_ns = tail.first_ns, tail.last_ns
        self.digest = CommandsDigest()

    @property
    def tail(self) -> Tail:
        return Tail(
            seq=self.seq, chain=self.hash, counts=dict(self.counts), first_ns=self.first_ns, last_ns=self.last_ns
        )

    def extended(self, record: Iterable[Written]) -> Iterator[Entry]:
        """An event, which comes first, and what followed from it as the next entries."""
        event: Any = None
        for value, payload in record:
            kind = Kind.EVENT if event is None else kind_of(value)
            event = event or value
            head = (self.seq + 1, kind, type(value).__name__, event.ts_event, event.ts_init, payload)
            entry = Entry(*head, chained(self.hash, head))
            self._count(entry)
            yield entry

    def follows(self, entry: Entry) -> bool:
        """Whether it is the next one as it was written. It is the last one then."""
        if entry.seq != self.seq + 1 or entry.hash != chained(self.hash, entry[:-1]):
            return False
        self._count(entry)
        return True

    def _count(self, entry: Entry) -> None:
        self.seq, self.hash, self.last_ns = entry.seq, entry.hash, entry.ts_init
        self.first_ns = entry.ts_init if self.first_ns is None else self.first_ns
        self.counts[entry.kind] += 1
        if entry.kind is Kind.COMMAND:
            self.digest.add(entry.payload)
