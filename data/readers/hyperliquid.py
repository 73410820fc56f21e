"""Hyperliquid's book archives: NDJSON of the best twenty levels, some twice a second; there are no updates between.

The outer time is the recorder's, the inner one that of the block. What stands deeper than the twentieth level is not
known, and what leaves it is not gone. Source: Hyperliquid's documentation of its historical data.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta, Raw

from data.gaps import SILENCE_NS
from data.iso_times import iso_ns
from data.levels import Side, ticks_and_lots
from data.readers.protocol import Job, Sample, Survey
from data.schema import Piece, Table
from data.source import fault, line_blocks
from data.window import Moment, Windows
from engine.core.types import SECOND, Instrument

MS = 1_000_000
DEPTH = 20  # levels a side
_HELD_NS = SECOND  # a step back of the recorder's clock that is held rather than refused
_CLAIMED = re.compile(rb'\s*\{.{,200}?"channel"\s*:\s*"l2Book"', re.DOTALL)

type Millis = Annotated[int, Meta(ge=1_483_228_800_000, le=4_102_444_800_000)]  # 2017 to 2100: else a wrong unit


class Book(msgspec.Struct, frozen=True, gc=False):
    coin: str
    time: Millis
    levels: tuple[Raw, Raw]


class Said(msgspec.Struct, frozen=True, gc=False):
    channel: Literal["l2Book"]
    data: Book


class Recorded(msgspec.Struct, frozen=True, gc=False):
    time: str
    raw: Said


_recorded = msgspec.json.Decoder(Recorded)


class _Books:
    kind = "hyperliquid-l2Book"

    def claims(self, sample: Sample) -> bool:
        return _CLAIMED.match(sample.head.partition(b"\n")[0]) is not None

    def symbol_in_file(self, instrument: Instrument) -> str:
        return instrument.raw_symbol

    def survey(self, path: Path) -> Survey:
        said = _decoded(path, next(line_blocks(path)).partition(b"\n")[0], 1)
        first_ns = int(iso_ns(path, [said.time], [1], "time")[0])
        tables, coins = frozenset({Table.BOOK}), frozenset({said.raw.data.coin})
        return Survey(path, first_ns, tables, coins, is_complete=True, is_alone=True, depth=DEPTH)

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
        self._windows = Windows(DEPTH)
        self._last_ns = self._last_event_ns = 0
        self._counted: dict[str, int] = {}

    def file(self, path: Path) -> Iterator[Piece]:
        line = 0
        for block in line_blocks(path, self._job.on_bytes):
            said, lines = list[Recorded](), list[int]()
            for text in block.split(b"\n")[:-1]:
                line += 1
                if text and not text.isspace():
                    said.append(_decoded(path, text, line))
                    lines.append(line)
            yield from self._block(path, said, lines)

    def finish(self) -> None:
        for text, times in self._counted.items():
            self._job.on_warning(f"{text} ({times} times)" if times > 1 else text)

    def _block(self, path: Path, said: Sequence[Recorded], lines: Sequence[int]) -> Iterator[Piece]:
        books = [each.raw.data for each in said]
        for book, line in zip(books, lines, strict=True):
            if book.coin != self._job.instrument.raw_symbol:
                reason = f"is of {book.coin}, not of {self._job.instrument.raw_symbol}"
                raise fault(path, reason, line=line, field="coin")
        received = iso_ns(path, [each.time for each in said], lines, "time")
        sent = np.array([book.time for book in books], np.int64) * MS
        self._check(path, received, sent, lines)
        sides = [
            Side(bytes(side), line, "levels") for book, line in zip(books, lines, strict=True) for side in book.levels
        ]
        prices, sizes, counts = ticks_and_lots(path, sides, self._job.instrument)
        levels = [*zip(prices.tolist(), sizes.tolist(), strict=True)]
        ends = np.cumsum(counts).tolist()
        for n, (at_ns, event_ns, line) in enumerate(zip(received.tolist(), sent.tolist(), lines, strict=True)):
            begin, middle, end = ends[2 * n - 1] if n else 0, ends[2 * n], ends[2 * n + 1]
            if event_ns < self._last_event_ns:
                if at_ns < self._last_ns:
                    raise fault(path, "both times go back: the lines are in no order", line=line, field="time")
                self._count("a book older than the one before it was left out")
                continue
            if self._last_event_ns and event_ns - self._last_event_ns > SILENCE_NS:
                self._windows.restart()
            at = Moment(event_ns, self._held(path, at_ns, line), line)
            self._windows.add(at, levels[begin:middle], levels[middle:end])
            self._last_event_ns = event_ns
        yield from self._taken(path)

    def _check(self, path: Path, received: np.ndarray, sent: np.ndarray, lines: Sequence[int]) -> None:
        apart = np.abs(received - sent) > 86_400 * SECOND
        if apart.any():
            line = lines[int(np.flatnonzero(apart)[0])]
            raise fault(path, "the block's time and the recorder's are more than a day apart", line=line, field="time")
        self._job.latencies.add(received - sent)

    def _held(self, path: Path, at_ns: int, line: int) -> int:
        """Our time never goes back: a small step of the clock is held, a large one is refused."""
        if at_ns < self._last_ns - _HELD_NS:
            reason = f"the recorder's time goes back by {(self._last_ns - at_ns) / SECOND:.3f} s"
            raise fault(path, reason, line=line, field="time")
        if at_ns < self._last_ns:
            self._count("the recorder's time goes back by less than a second: held")
        self._last_ns = max(at_ns, self._last_ns)
        return self._last_ns

    def _taken(self, path: Path) -> Iterator[Piece]:
        rows = self._windows.take()
        if len(rows):
            yield Piece(Table.BOOK, str(path), rows)

    def _count(self, text: str) -> None:
        self._counted[text] = self._counted.get(text, 0) + 1


def _decoded(path: Path, line: bytes, number: int) -> Recorded:
    try:
        return _recorded.decode(line)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        raise fault(path, reason, line=number, field=place.strip("`").rpartition(".")[2] or None) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise fault(path, f"is no JSON: {error}", line=number) from error
