"""Raw Binance USD-M captures: lines of `<local time> <json>`, one REST snapshot, then depth diffs.

The local time has 16 digits (microseconds) or 19 (nanoseconds). Several files are one recording cut at midnight: the
book and the chain of update ids run on from one to the next. Sources: Binance's "How to manage a local order book
correctly" and the collector of hftbacktest, whose files these are.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Never

from data.readers import binance_messages as messages
from data.readers.binance_batch import MS, Batch
from data.readers.binance_chain import Chain, Received
from data.readers.binance_messages import AggTrade, BookTicker, Depth, Mark, Snapshot, Trade
from data.readers.protocol import Job, OnBytes, OnWarning, Sample, Survey
from data.schema import Piece, Table
from data.source import fault, line_blocks
from engine.core.errors import DataError, Problem
from engine.core.types import Instrument

UNITS_NS = {16: 1_000, 19: 1}  # digits of the local time
_STEP_BACK_NS = 1_000_000_000
_MOST_PROBLEMS = 20

_STAMPED_JSON = re.compile(rb"(\d+)\s*[:,]?\s*\{")
_SYMBOL = re.compile(rb'"s":\s*"([^"]+)"')
_TICKER, _HEAD = b'@bookTicker"', 80  # of an envelope, and how far into a line it is looked for


def local_time_digits(path: Path, line: bytes, number: int) -> int:
    """How the file writes its local time. Raises DataError for a unit that it cannot be."""
    digits = len(line) - len(line.lstrip(b"0123456789"))
    if digits not in UNITS_NS or line[digits : digits + 1] != b" ":
        reason = f"the local time has {digits} digits: 16 are microseconds, 19 nanoseconds, nothing else is read"
        raise fault(path, reason if digits else "the line starts with no local time", line=number, field="local time")
    return digits


def claims(sample: Sample) -> bool:
    """Lines of a local time and JSON, and among the first of them a message of Binance."""
    if not _STAMPED_JSON.match(sample.head):
        return False
    digits = local_time_digits(sample.path, sample.head[:64], 1)
    seen: list[str] = []
    for line in sample.head.split(b"\n")[:-1] or [sample.head]:
        try:
            message = messages.decode(line[digits + 1 :]) if line else None
        except messages.NotOursError as error:
            seen.append(str(error))
        else:
            if message is not None:
                return True
    raise fault(sample.path, f"is of no known kind: {seen[0] if seen else 'no market data in sight'}", line=1)


def survey(path: Path) -> Survey:
    head = next(line_blocks(path))
    digits = local_time_digits(path, head[:64], 1)
    symbols = {name.decode(errors="replace") for name in _SYMBOL.findall(head)}
    tables = frozenset({Table.BOOK, Table.TRADES, Table.MARKS, Table.FUNDING})
    return Survey(path, int(head[:digits]) * UNITS_NS[digits], tables, frozenset(symbols))


def pieces(paths: Sequence[Path], job: Job) -> Iterator[Piece]:
    """A snapshot that comes while the book is in sync is not needed and is left out."""
    recording = _Recording(job)
    for path in paths:
        yield from recording.file(path, job.on_bytes)
    recording.finish(job.on_warning)


class _Reader:
    kind = "binance-usdm-raw"
    claims = staticmethod(claims)
    survey = staticmethod(survey)
    pieces = staticmethod(pieces)

    def symbol_in_file(self, instrument: Instrument) -> str:
        return instrument.raw_symbol


READER = _Reader()


class _Recording:
    """What runs on from line to line and from file to file."""

    def __init__(self, job: Job) -> None:
        self._instrument, self._latencies = job.instrument, job.latencies
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
            batch.time(self._latencies)
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
