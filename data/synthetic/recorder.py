"""The tape as somebody recorded it: messages in order of our clock, with what the wire lost, repeated and misdated.

After an outage the recorder connects anew and asks for a snapshot. It comes late: diffs newer than it are there already
and have to be applied again, upon it. Luck of its own, so that a tape without faults is the tape itself.
"""

from collections.abc import Iterator
from itertools import groupby
from math import inf
from operator import itemgetter
from typing import Any, NamedTuple

from data.synthetic.chance import Chance
from data.synthetic.settings import Feed
from data.synthetic.tape import US_PER_S, Tape
from data.synthetic.truth import Truth

_LUCK = 0xFEED
FIRST_ID = 1_000

type Change = tuple[int, int, int]  # side, price in ticks, lots now


class Message(NamedTuple):
    """One of kind snapshot, diff, trade, ticker, liquidation. `first`, `last` and `previous` are a book's update ids; a
    snapshot's are those of the last diff in it. `rows` are its changes, or the row of the tape after its clocks."""

    kind: str
    event_us: int
    local_us: int
    rows: tuple[Any, ...]
    first: int = 0
    last: int = 0
    previous: int = 0


class Recorder:
    """Messages of consecutive tapes. Mutable: it knows the book, as the venue does, and what it has missed."""

    def __init__(self, feed: Feed, seed: int, truth: Truth | None = None) -> None:
        self._feed, self._chance, self._truth = feed, Chance(seed ^ _LUCK), truth
        self._book: dict[tuple[int, int], int] = {}
        self._last = FIRST_ID
        self._started = False
        self._deaf_until_us = -inf  # no message is heard before
        self._snapshot: Message | None = None  # on its way
        self._outage_us = self._step_us = -inf  # when the next one is due; not yet drawn
        self._shift_us = 0
        self._local_us = 0

    def messages(self, tape: Tape) -> Iterator[Message]:
        for message in _merged(tape):
            sent = self._numbered(message)
            self._draw(sent.local_us)
            yield from self._heard(sent)

    def rest(self) -> Iterator[Message]:
        """A snapshot that is still on its way when the tape ends: who records waits for it."""
        if self._snapshot is not None:
            yield self._stamped(self._snapshot)
            self._snapshot = None

    def _numbered(self, message: Message) -> Message:
        """The venue's side: its book, and the ids of its updates."""
        if message.kind not in ("diff", "snapshot"):
            return message
        for side, price, lots in message.rows:
            if lots:
                self._book[side, price] = lots
            else:
                self._book.pop((side, price), None)
        previous, self._last = self._last, self._last + len(message.rows)
        return message._replace(first=previous + 1, last=self._last, previous=previous)

    def _draw(self, now_us: int) -> None:
        feed = self._feed
        if self._outage_us == -inf:
            self._outage_us = now_us + self._wait_us(feed.outages_per_hour)
            self._step_us = now_us + self._wait_us(feed.clock_steps_per_hour)
        if now_us >= self._outage_us:
            lasts_us = round(self._chance.wait(feed.outage_s) * US_PER_S)
            self._deaf_until_us = now_us + lasts_us
            self._outage_us = now_us + lasts_us + self._wait_us(feed.outages_per_hour)
            self._snapshot = None
            self._started = False
            self._tell("outage", now_us, lasts_us=lasts_us)
        if now_us >= self._step_us:
            step_us = round(feed.clock_step_ms * 1000) * (1 if self._chance.happens(0.5) else -1)
            self._shift_us += step_us
            self._step_us = now_us + self._wait_us(feed.clock_steps_per_hour)
            self._tell("clock_step", now_us, by_us=step_us)

    def _wait_us(self, per_hour: float) -> float:
        return self._chance.wait(3600 / per_hour) * US_PER_S if per_hour else inf

    def _tell(self, what: str, at_us: int, **values: float) -> None:
        if self._truth is not None:
            self._truth.tell(what, at_us, **values)

    def _heard(self, sent: Message) -> Iterator[Message]:
        if self._is_deaf(sent):
            return
        if self._snapshot is not None and sent.local_us >= self._snapshot.local_us:
            yield self._stamped(self._snapshot)
            self._snapshot = None
        if sent.kind == "snapshot":  # the tape's own beginning
            self._started = True
            yield self._stamped(sent._replace(first=sent.last, previous=sent.last))
            return
        if not self._started and sent.kind == "diff":
            self._started = True
            self._snapshot = self._asked(sent)
        yield self._stamped(sent)
        if sent.kind == "trade" and self._chance.happens(self._feed.duplicate_share):
            self._tell("duplicate", sent.event_us, trade=sent.rows[0])
            yield self._stamped(sent, again=True)

    def _is_deaf(self, sent: Message) -> bool:
        """In an outage; and after it until both sides of the book are shown, since of one there is no snapshot."""
        connecting = not self._started and self._deaf_until_us > -inf
        return sent.local_us < self._deaf_until_us or (connecting and {side for side, _ in self._book} != {1, -1})

    def _asked(self, sent: Message) -> Message:
        """The snapshot that the venue makes now, and that comes late."""
        late_us = round(self._feed.snapshot_late_s * US_PER_S)
        levels = sorted(self._book.items(), key=lambda each: (-each[0][0], -each[0][0] * each[0][1]))
        rows = tuple((side, price, lots) for (side, price), lots in levels)
        return Message("snapshot", sent.event_us, sent.local_us + late_us, rows, sent.last, sent.last, sent.last)

    def _stamped(self, message: Message, *, again: bool = False) -> Message:
        """By our clock, which steps but never tells a time twice: a message said twice has one time."""
        local_us = message.local_us + self._shift_us
        self._local_us = self._local_us if again else max(local_us, self._local_us + 1)
        return message._replace(local_us=self._local_us)


def _merged(tape: Tape) -> Iterator[Message]:
    """All of a tape in order of our clock. Rows of the book that share it are one message."""
    book = [
        Message("snapshot" if snapshot else "diff", event, local, tuple(row[3:] for row in rows))
        for (event, local, snapshot), rows in groupby(tape.book.iter_rows(), key=itemgetter(0, 1, 2))
    ]
    others = [
        Message(kind, row[0], row[1], row[2:])
        for kind, frame in (("trade", tape.trades), ("ticker", tape.ticker), ("liquidation", tape.liquidations))
        for row in frame.iter_rows()
    ]
    return iter(sorted([*book, *others], key=itemgetter(2)))


def settled(messages: Iterator[Message]) -> Iterator[Message]:
    """The book's messages in an order in which each applies to the one before: what a recorder that keeps diffs until
    the snapshot has come, and then applies the newer ones upon it, makes of them. All else as it came."""
    kept: list[Message] | None = []
    last = 0
    for message in messages:
        if message.kind == "snapshot":
            newer = [each for each in kept or () if each.last > message.last]
            yield message
            yield from (each._replace(local_us=message.local_us) for each in newer)
            last, kept = (newer[-1].last if newer else message.last), None
        elif message.kind != "diff":
            yield message
        elif kept is None and message.previous == last:
            last = message.last
            yield message
        else:
            kept = [*(kept or ()), message]
