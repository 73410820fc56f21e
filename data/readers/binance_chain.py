"""The venue's chain of update ids: which diffs apply, in which order, and when the book is not to be trusted.

Of the diffs buffered while the snapshot was fetched, those that end before it are dropped, the first applied one must
reach over it, and from then on each names its predecessor: pu, or on spot, which has none, U - 1. The venue's rule for
the first is U <= lastUpdateId <= u (spot: U <= lastUpdateId + 1 <= u); previous <= lastUpdateId <= u says the same and
also takes a snapshot made between two diffs, when nothing changed. A snapshot may stand in the file after diffs that
are newer than it; those are applied again, upon it.
"""

import msgspec

from data.readers.binance_messages import Depth, Snapshot

_MOST_PENDING = 100_000
_NO_UPDATE = -1  # follows none


class Received(msgspec.Struct, frozen=True, gc=False):
    """A diff, when it reached us, and its line."""

    at_ns: int
    line: int
    diff: Depth


class Gap(msgspec.Struct, frozen=True):
    """Updates are missing: until the next snapshot the book is unknown."""

    source: str
    line: int
    at_ns: int
    field: str
    reason: str


class Chain:
    """In sync, `last` is the id up to which the book is known; out of it, None, and diffs are kept for a snapshot."""

    def __init__(self, *, goes_on: bool = False) -> None:
        """`goes_on`: whether the book is taken to be known up to the first diff."""
        self.last: int | None = None
        self.taken_for_granted: int | None = None  # the update that the first diff follows
        self._goes_on = goes_on
        self.gap: Gap | None = None  # the one not yet mended
        self.ever_in_sync = False
        self.stale = 0  # diffs older than the book, dropped
        self._spans_snapshot = False  # the next diff is the first after a snapshot
        self._pending: list[Received] = []
        self.spare: Snapshot | None = None  # newer than the book, and not needed as long as nothing is missing

    def follow(self, received: Received, source: str) -> bool:
        """Whether to apply this diff now. If it breaks the chain, `gap` says so and the book must be cleared."""
        diff = received.diff
        if self._goes_on:
            self._goes_on, self.ever_in_sync = False, True
            self.last = self.taken_for_granted = diff.previous
        if self.last is None:
            self._keep(received)
            return False
        if diff.previous == self.last or (self._spans_snapshot and diff.previous <= self.last <= diff.u):
            self.last, self._spans_snapshot = diff.u, False
            return True
        if diff.u < self.last or (diff.u == self.last and not self._spans_snapshot):
            self.stale += not self._spans_snapshot
            return False
        reason = f"sequence gap: this diff follows update {diff.previous}, but the last one seen is {self.last}"
        self.gap = Gap(source=source, line=received.line, at_ns=received.at_ns, field="pu", reason=reason)
        self.last = None
        self._pending = [received]
        return False

    def restart(self, snapshot: Snapshot) -> list[Received] | None:
        """The buffered diffs to apply upon a snapshot; None if it is not needed or too old to be of use."""
        if self._goes_on:
            self._goes_on, self.taken_for_granted = False, _NO_UPDATE
        if self.last is not None:
            self.spare = snapshot if snapshot.lastUpdateId > self.last else self.spare
            return None
        last = snapshot.lastUpdateId
        chained: list[Received] = []
        for received in self._pending:
            diff = received.diff
            if diff.u <= last:  # older than the snapshot, or the same message again
                continue
            if diff.previous != last and (chained or diff.previous > last):
                return None
            chained.append(received)
            last = diff.u
        self.last, self._spans_snapshot = last, not chained
        self.gap, self._pending, self.ever_in_sync, self.spare = None, [], True, None
        return chained

    def _keep(self, received: Received) -> None:
        self._pending.append(received)
        if len(self._pending) > _MOST_PENDING:
            del self._pending[: _MOST_PENDING // 2]
