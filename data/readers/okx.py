"""OKX's order book archives: NDJSON of a snapshot, updates, and from time to time a snapshot again.

There is one time, the venue's, and in the archives no number to find a loss by: the later snapshots anchor the book
again, and what they had to put right is said. A stream recorded live (channel `books`) names its predecessor in
`prevSeqId`, so that a loss is known. Sizes are contracts where contracts are traded. Source: OKX's documentation.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw

from data.depth import Depth
from data.gaps import SILENCE_NS
from data.readers.protocol import Job, Sample, Survey
from data.running_book import Stamp
from data.schema import Piece, Table
from data.source import fault, line_blocks
from engine.core.types import Instrument

MS = 1_000_000
_DEPTH = 400  # levels a side of the channel and of the smaller archive
_CLAIMED = re.compile(
    rb'\s*\{[^\n]{0,200}?"instId"[^\n]{0,200}?"(asks|bids)"\s*:\s*\['
)  # five thousand levels fill a sample

type Millis = Annotated[str, Meta(pattern=r"^1[4-9]\d{11}$|^[2-3]\d{12}$")]  # 2017 and later: else a wrong unit


class Levels(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    ts: Millis
    asks: Raw
    bids: Raw
    seq_id: int | None = None
    prev_seq_id: int | None = None


class Archived(Levels, frozen=True, gc=False, rename="camel", kw_only=True):
    inst_id: str
    action: Literal["snapshot", "update"]


class Channel(msgspec.Struct, frozen=True, rename="camel"):
    inst_id: str


class Live(msgspec.Struct, frozen=True):
    arg: Channel
    action: Literal["snapshot", "update"]
    data: tuple[Levels, ...]


_archived = msgspec.json.Decoder(Archived)
_live = msgspec.json.Decoder(Live)


class _Books:
    kind = "okx-orderbook"

    def claims(self, sample: Sample) -> bool:
        return _CLAIMED.match(sample.head) is not None and b'"action"' in sample.first_line

    def symbol_in_file(self, instrument: Instrument) -> str:
        return instrument.raw_symbol

    def survey(self, path: Path) -> Survey:
        name, action, levels = _decoded(path, next(line_blocks(path)).partition(b"\n")[0], 1)
        return Survey(
            path,
            int(levels[0].ts) * MS,
            frozenset({Table.BOOK}),
            frozenset({name}),
            is_complete=True,
            has_receive_time=False,
            is_alone=action == "snapshot",
            depth=_DEPTH,
        )

    def pieces(self, paths: Sequence[Path], job: Job) -> Iterator[Piece]:
        recording = _Recording(job)
        for path in paths:
            yield from recording.file(path)
        recording.finish()


books = _Books()


class _Recording:
    """What runs on from line to line and from file to file."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._depth = Depth(job.instrument, _DEPTH)
        self._path = Path()
        self._line = 0
        self._known = self._started = False
        self._sequence: int | None = None
        self._last_ns = 0
        self._counted: dict[str, int] = {}

    def file(self, path: Path) -> Iterator[Piece]:
        self._path, self._line = path, 0
        for block in line_blocks(path, self._job.on_bytes):
            for line in block.split(b"\n")[:-1]:
                self._line += 1
                if line and not line.isspace():
                    self._message(line)
            rows = self._depth.take(path)
            if len(rows):
                yield Piece(Table.BOOK, str(path), rows)

    def finish(self) -> None:
        if not self._started:
            raise fault(self._path, "no snapshot in the files: the book is unknown", field="action")
        if self._depth.corrected:
            self._count(f"{self._depth.corrected} levels were others in a snapshot than in the book that it continued")
        for text, times in self._counted.items():
            self._job.on_warning(f"{text} ({times} times)" if times > 1 else text)

    def _message(self, line: bytes) -> None:
        name, action, said = _decoded(self._path, line, self._line)
        if name != self._job.instrument.raw_symbol:
            reason = f"is of {name}, not of {self._job.instrument.raw_symbol}"
            raise fault(self._path, reason, line=self._line, field="instId")
        for levels in said:
            at_ns = int(levels.ts) * MS
            if at_ns < self._last_ns:
                reason = "ts goes back: the file is not in the order in which it was sent"
                raise fault(self._path, reason, line=self._line, field="ts")
            self._levels(action, levels, Stamp(at_ns, at_ns, max(levels.seq_id or 0, 0), self._line))
            self._last_ns = at_ns

    def _levels(self, action: str, said: Levels, at: Stamp) -> None:
        if action == "snapshot":
            if self._known and at.ts_init - self._last_ns <= SILENCE_NS:
                self._depth.correct(at, said.bids, said.asks)
            else:
                self._depth.begin(at, said.bids, said.asks)
            self._known = self._started = True
        elif not self._known:
            self._count("updates without a snapshot before them were left out")
            return
        elif self._is_known(said):
            self._count("a message that was there already was left out")
            return
        elif said.prev_seq_id is not None and said.prev_seq_id != self._sequence:
            reason = f"sequence gap: prevSeqId {said.prev_seq_id}, but the last one seen is {self._sequence}"
            self._count(f"{self._path.name}:{self._line}: {reason}; the book is empty until the next snapshot")
            self._known = False
            self._depth.lose(at)
            return
        else:
            self._depth.change(at, said.bids, said.asks)
        self._sequence = said.seq_id

    def _is_known(self, said: Levels) -> bool:
        """Told twice: both of its numbers are behind us. (One of them alone is behind where the venue begins anew.)"""
        last, own, before = self._sequence, said.seq_id, said.prev_seq_id
        return last is not None and own is not None and before is not None and before < last and own <= last

    def _count(self, text: str) -> None:
        self._counted[text] = self._counted.get(text, 0) + 1


def _decoded(path: Path, line: bytes, number: int) -> tuple[str, str, tuple[Levels, ...]]:
    """The instrument, what the message is, and its levels. Raises DataError for a line that is no such message."""
    try:
        if line.startswith(b'{"arg"'):
            live = _live.decode(line)
            return live.arg.inst_id, live.action, live.data
        said = _archived.decode(line)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        raise fault(path, reason, line=number, field=place.strip("`").rpartition(".")[2] or None) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise fault(path, f"is no JSON: {error}", line=number) from error
    return said.inst_id, said.action, (said,)
