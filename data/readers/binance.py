"""Raw Binance USD-M captures: lines of `<local time> <json>`, one REST snapshot, then depth diffs.

The local time has 16 digits (microseconds) or 19 (nanoseconds). Several files are one recording cut at midnight: the
book and the chain of update ids run on from one to the next. Sources: Binance's "How to manage a local order book
correctly" and the collector of hftbacktest, whose files these are.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Never

import numpy as np

from data.clock import Latencies
from data.readers import binance_messages as messages
from data.readers.binance_batch import MS, Batch
from data.readers.binance_chain import Chain, Received
from data.readers.binance_messages import AggTrade, BookTicker, Depth, Mark, Snapshot, Trade
from data.readers.protocol import OnBytes, OnWarning, Survey
from data.schema import Piece
from data.source import fault, line_blocks
from engine.core.errors import DataError, Problem
from engine.core.types import Instrument

UNITS_NS = {16: 1_000, 19: 1}  # digits of the local time
_STEP_BACK_NS = 1_000_000_000
_MOST_PROBLEMS = 20

# What is kept, found by the end of its name (depthUpdate and markPriceUpdate, trade and aggTrade), and the venue's time
# of it: the sending time of the former (as in Tardis's files), the matching time of the latter.
_TIMED = (
    (b'Update"', re.compile(rb'"E":\s*(\d{13})\D')),
    (b'rade"', re.compile(rb'"T":\s*(\d{13})\D')),
)
_DEPTH = b"depth"
_SYMBOL = re.compile(rb'"s":\s*"([^"]+)"')
_TICKER, _HEAD = b'@bookTicker"', 80  # of an envelope, and how far into a line it is looked for


def local_time_digits(path: Path, line: bytes, number: int) -> int:
    """How the file writes its local time. Raises DataError for a unit that it cannot be."""
    digits = len(line) - len(line.lstrip(b"0123456789"))
    if digits not in UNITS_NS or line[digits : digits + 1] != b" ":
        reason = f"the local time has {digits} digits: 16 are microseconds, 19 nanoseconds, nothing else is read"
        raise fault(path, reason if digits else "the line starts with no local time", line=number, field="local time")
    return digits


def survey(path: Path, latencies: Latencies, on_bytes: OnBytes) -> Survey:
    """The clock and the symbols, found by searching the text: parsing it is left to the second pass."""
    symbols, first_ns, unit, digits = set[str](), None, 1, 0
    for block in line_blocks(path, on_bytes):
        if first_ns is None:
            digits = local_time_digits(path, block[:64], 1)
            unit = UNITS_NS[digits]
            first_ns = int(block[:digits]) * unit
        for needle, time_of in _TIMED:
            found = np.array([*_times(block, needle, time_of, digits)], np.int64).reshape(-1, 3)
            behind = found[:, 0] * unit - found[:, 1] * MS
            latencies.add(behind[found[:, 2] == 1])
            latencies.add(behind[found[:, 2] == 0], sampled=False)
            symbols.update(_symbol(block, needle))
    assert first_ns is not None  # line_blocks refuses an empty file
    return Survey(path=path, first_ns=first_ns, symbols=frozenset(symbols))


def _times(block: bytes, needle: bytes, time_of: re.Pattern[bytes], digits: int) -> Iterator[tuple[int, int, bool]]:
    """Local and venue time of every line that holds the needle, and whether it is one of depth.

    What is misshapen is left to the second pass."""
    place = block.find(needle)
    while place >= 0:
        start = block.rfind(b"\n", 0, place) + 1
        local = block[start : start + digits]
        event = time_of.search(block, start, start + 400)
        if event and local.isdigit():
            yield int(local), int(event[1]), block.endswith(_DEPTH, 0, place)
        place = block.find(needle, block.find(b"\n", place))


def _symbol(block: bytes, needle: bytes) -> Iterator[str]:
    """That of the first line that holds the needle."""
    place = block.find(needle)
    if place >= 0 and (named := _SYMBOL.search(block, place)):
        yield named[1].decode(errors="replace")


def pieces(paths: Sequence[Path], instrument: Instrument, on_bytes: OnBytes, on_warning: OnWarning) -> Iterator[Piece]:
    """See protocol.Reader. A snapshot that comes while the book is in sync is not needed and is left out."""
    recording = _Recording(instrument)
    for path in paths:
        yield from recording.file(path, on_bytes)
    recording.finish(on_warning)


class _Reader:
    survey = staticmethod(survey)
    pieces = staticmethod(pieces)


READER = _Reader()


class _Recording:
    """What runs on from line to line and from file to file."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._chain = Chain()
        self._now_ns = 0
        self._line = 0
        self._path = Path()
        self._problems: list[Problem] = []
        self._warnings: dict[str, int] = {}
        self._matched = 0
        self._trades: type | None = None
        self._last_trade = (-1, -1)  # highest matching time and id

    def file(self, path: Path, on_bytes: OnBytes) -> Iterator[Piece]:
        self._path, self._line, digits = path, 0, 0
        for block in line_blocks(path, on_bytes):
            digits = digits or local_time_digits(path, block[:64], 1)
            batch = Batch(path, self._instrument)
            self._block(block, digits, batch)
            if self._problems:
                raise DataError(*self._problems)
            yield from batch.pieces()

    def finish(self, on_warning: OnWarning) -> None:
        """Raises DataError if the recording never had a book of this instrument, or lost it for good."""
        chain = self._chain
        if chain.gap:
            gap = chain.gap
            raise DataError(
                Problem(
                    source=gap.source, line=gap.line, field=gap.field, message=f"{gap.reason}, and no snapshot follows"
                )
            )
        if not self._matched:
            raise fault(self._path, f"no depth messages of {self._instrument.raw_symbol} in it: there is no book")
        if not chain.ever_in_sync:
            raise fault(
                self._path,
                "no usable snapshot in the capture: ingest it together with the files before it",
                field="lastUpdateId",
            )
        for text, times in self._warnings.items():
            on_warning(f"{text} ({times} times)" if times > 1 else text)
        if chain.stale:
            on_warning(f"{chain.stale} depth messages older than the book were left out")

    def _block(self, block: bytes, digits: int, batch: Batch) -> None:
        unit, decode = UNITS_NS[digits], messages.decode
        for line in block.split(b"\n")[:-1]:
            self._line += 1
            if _TICKER in line[:_HEAD] and line.endswith(b"}}"):
                continue  # most lines are these; nothing is kept of them
            stamp, _, body = line.partition(b" ")
            try:
                if len(stamp) != digits or not stamp.isdigit():
                    if not line.strip():
                        continue
                    self._odd_time(line)
                message = decode(body)
                at_ns = int(stamp) * unit
                if at_ns < self._now_ns:
                    at_ns = self._held(at_ns)
                self._now_ns = at_ns
                kind = type(message)
                if kind is Depth:
                    self._depth(message, batch)  # type: ignore[arg-type] # kind says so; isinstance would be slow
                elif kind is not BookTicker and message is not None:
                    self._message(message, batch)
            except messages.NotOursError as error:
                self._problem(str(error), error.field)
                if len(self._problems) >= _MOST_PROBLEMS:
                    return

    def _odd_time(self, line: bytes) -> Never:
        local_time_digits(self._path, line, self._line)
        raise fault(self._path, "the local time changes its unit", line=self._line, field="local time")

    def _held(self, at_ns: int) -> int:
        """Our time never goes back: a small step of the clock is held, a large one is refused."""
        back_ns = self._now_ns - at_ns
        if back_ns > _STEP_BACK_NS:
            reason = f"the local time goes back by {back_ns / 1e9:.3f} s"
            raise fault(self._path, reason, line=self._line, field="local time")
        self._warn("the local time goes back by less than a second: held")
        return self._now_ns

    def _message(self, message: messages.Event | Snapshot, batch: Batch) -> None:
        match message:
            case Snapshot():
                self._snapshot(message, batch)
            case Depth():
                self._depth(message, batch)
            case BookTicker():
                pass
            case Mark() if self._is_ours(message.s):
                batch.mark(message, self._now_ns, self._line)
            case Trade() | AggTrade() if self._is_ours(message.s):
                self._trade(message, batch)

    def _is_ours(self, symbol: str) -> bool:
        ours = symbol == self._instrument.raw_symbol
        if not ours:
            self._problem(f"is of {symbol}, not of {self._instrument.raw_symbol}", field="s")
        return ours

    def _depth(self, diff: Depth, batch: Batch) -> None:
        if diff.s != self._instrument.raw_symbol:
            self._is_ours(diff.s)
            return
        self._matched += 1
        received, known = Received(self._now_ns, self._line, diff), self._chain.last is not None
        if self._chain.follow(received, str(self._path)):
            batch.diff(received, self._now_ns)
        elif known and self._chain.gap:
            place, reason = f"{self._path.name}:{self._line}", self._chain.gap.reason
            self._warn(f"{place}: {reason}; the book is empty until the next snapshot")
            batch.clear(self._now_ns, diff.E * MS, diff.u, self._line)

    def _snapshot(self, snapshot: Snapshot, batch: Batch) -> None:
        if snapshot.symbol not in (None, self._instrument.raw_symbol):
            self._problem(f"a snapshot of {snapshot.symbol}, not of {self._instrument.raw_symbol}", field="symbol")
            return
        again = self._chain.restart(snapshot)
        if again is None:
            return
        batch.snapshot(snapshot, self._now_ns, self._line)
        for received in again:
            batch.diff(received, self._now_ns)

    def _trade(self, trade: Trade | AggTrade, batch: Batch) -> None:
        """A capture may hold each trade twice, singly and aggregated: the stream that comes first counts."""
        self._trades = self._trades or type(trade)
        if type(trade) is not self._trades:
            self._warn("both trade and aggTrade streams: only the first is kept")
            return
        last_ms, last = self._last_trade
        number = trade.t if isinstance(trade, Trade) else trade.a
        if number <= last and last_ms >= trade.T:  # what traded once must not fill our orders twice
            self._warn("a trade that was there already was left out")
            return
        self._last_trade = max(last_ms, trade.T), number
        batch.trade(trade, self._now_ns, self._line)

    def _problem(self, text: str, field: str | None = None) -> None:
        self._problems.append(Problem(source=str(self._path), line=self._line, field=field, message=text))

    def _warn(self, text: str) -> None:
        self._warnings[text] = self._warnings.get(text, 0) + 1
