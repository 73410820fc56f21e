"""Bybit's order book archives: NDJSON of one snapshot and its deltas, `orderbook.<depth>.<symbol>`.

`cts` is when the matching engine made the change, `ts` when Bybit sent it; nobody wrote down when it was received, so
the time of receipt is that of sending. `u` counts the messages: a jump is a loss, and 1 is a service that began again.
Source: Bybit's documentation of its WebSocket order book.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from data.depth import Depth
from data.readers.bybit_messages import Message, decoded, numbers_skip
from data.readers.protocol import Job, Sample, Survey
from data.running_book import Stamp
from data.schema import Piece, Table
from data.source import fault, line_blocks
from engine.core.types import SECOND, Instrument

MS = 1_000_000

_TOPIC = re.compile(r"orderbook\.\d+\.\S+")
_CLAIMED = re.compile(rb'\s*\{[^\[\n]{0,200}?"topic"\s*:\s*"orderbook\.')


class _Books:
    kind = "bybit-orderbook"

    def claims(self, sample: Sample) -> bool:
        return _CLAIMED.match(sample.head) is not None

    def symbol_in_file(self, instrument: Instrument) -> str:
        return instrument.raw_symbol

    def survey(self, path: Path) -> Survey:
        first = _first(path)
        return Survey(
            path,
            first.ts * MS,
            frozenset({Table.BOOK}),
            frozenset({first.data.s}),
            is_complete=True,
            has_receive_time=False,
            is_alone=first.type == "snapshot",
            depth=_depth(first.topic),
        )

    def pieces(self, paths: Sequence[Path], job: Job) -> Iterator[Piece]:
        recording = _Recording(job, _first(paths[0]).topic)
        for path in paths:
            yield from recording.file(path)
        recording.finish()


def _first(path: Path) -> Message:
    first = decoded(path, next(line_blocks(path)).partition(b"\n")[0], 1)
    if not _TOPIC.fullmatch(first.topic) or not first.topic.endswith(f".{first.data.s}"):
        raise fault(path, f"{first.topic} is no topic of a book of {first.data.s}", line=1, field="topic")
    return first


def _depth(topic: str) -> int:
    return int(topic.split(".")[1])


books = _Books()


class _Recording:
    """What runs on from line to line and from file to file."""

    def __init__(self, job: Job, topic: str) -> None:
        self._job = job
        self._topic = topic  # of the first message: all are of one
        self._depth = Depth(job.instrument, _depth(topic))
        self._path = Path()
        self._line = 0
        self._skips: bool | None = None  # whether this file's numbers jump without a loss; asked at the first jump
        self._last: int | None = None  # u of the last message, while the book is known
        self._last_ns = self._last_event_ns = 0
        self._started = False
        self._counted: dict[str, int] = {}

    def file(self, path: Path) -> Iterator[Piece]:
        self._path, self._line, self._skips = path, 0, None
        for block in line_blocks(path, self._job.on_bytes):
            for line in block.split(b"\n")[:-1]:
                self._line += 1
                if line and not line.isspace():
                    self._message(decoded(path, line, self._line))
            rows = self._depth.take(path)
            if len(rows):
                yield Piece(Table.BOOK, str(path), rows)

    def finish(self) -> None:
        """Says what was passed over. Raises DataError if there never was a book."""
        if not self._started:
            raise fault(self._path, "no snapshot in the files: the book is unknown", field="type")
        if self._depth.corrected:
            self._count(f"{self._depth.corrected} levels were others in a snapshot than in the book that it continued")
        for text, times in self._counted.items():
            self._job.on_warning(f"{text} ({times} times)" if times > 1 else text)

    def _message(self, said: Message) -> None:
        at = self._heard(said)
        if said.type == "snapshot":
            self._snapshot(said, at)
        elif self._last is None:
            self._count("deltas without a snapshot before them were left out")
        elif said.data.u <= self._last and at.ts_event <= self._last_event_ns:
            self._count("a message that was there already was left out")
        elif said.data.u == self._last + 1 or (said.data.u > self._last and self._may_skip()):
            self._depth.change(at, said.data.b, said.data.a)
            self._last = said.data.u
        else:
            reason = f"sequence gap: u {said.data.u} follows {self._last}"
            self._count(f"{self._path.name}:{self._line}: {reason}; the book is empty until the next snapshot")
            self._last = None
            self._depth.lose(at)
        self._last_ns, self._last_event_ns = at.ts_init, max(at.ts_event, self._last_event_ns)

    def _heard(self, said: Message) -> Stamp:
        instrument = self._job.instrument
        if said.data.s != instrument.raw_symbol:
            reason = f"{said.topic} of {said.data.s} is not the book of {instrument.raw_symbol}"
            raise fault(self._path, reason, line=self._line, field="s")
        if said.topic != self._topic:
            reason = f"{said.topic} after {self._topic}: books of two depths are two recordings"
            raise fault(self._path, reason, line=self._line, field="topic")
        event_ns = (said.cts or said.ts) * MS
        init_ns = max(said.ts * MS, event_ns)
        if init_ns < self._last_ns:
            reason = "ts goes back: the file is not in the order in which it was sent"
            raise fault(self._path, reason, line=self._line, field="ts")
        if init_ns - event_ns > 86_400 * SECOND:
            raise fault(self._path, "cts and ts are more than a day apart", line=self._line, field="cts")
        return Stamp(event_ns, init_ns, said.data.u, self._line)

    def _snapshot(self, said: Message, at: Stamp) -> None:
        follows = self._last is not None and self._last <= said.data.u <= self._last + 1
        if not follows and self._last is not None:
            self._count("a snapshot that does not follow the message before it: the book began anew")
        if follows and said.data.u != 1:
            self._depth.correct(at, said.data.b, said.data.a)
        else:
            self._depth.begin(at, said.data.b, said.data.a)
        self._last, self._started = said.data.u, True

    def _may_skip(self) -> bool:
        if self._skips is None:
            self._skips = numbers_skip(self._path)
        if self._skips:
            self._count(
                f"{self._path.name}: u jumps, but the levels fit together: whether updates are lost is not known"
            )
        return self._skips

    def _count(self, text: str) -> None:
        self._counted[text] = self._counted.get(text, 0) + 1
