"""Raw Binance captures: WebSocket messages with the time of their receipt, a REST snapshot, then depth diffs.

USD-M, COIN-M and spot; the containers are those of binance_lines. Several files are one recording: cut at midnight, the
book and the chain of update ids run on from one to the next; of cryptofeed's, which keeps REST answers and each
connection apart, the lines are merged by their time. Source: Binance's "How to manage a local order book correctly".
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from data.readers import binance_messages as messages
from data.readers.binance_batch import Batch
from data.readers.binance_chain import Chain, Received
from data.readers.binance_lines import Line, Split, is_cryptofeed, is_of_one, splitter, tables_seen
from data.readers.binance_merged import Numbered, batches, quietly
from data.readers.binance_messages import AggTrade, BookTicker, Depth, Liquidation, Mark, Snapshot, Trade
from data.readers.binance_rows import MS
from data.readers.protocol import Job, Sample, Seam, Survey, passed_over
from data.schema import Piece, Table
from data.source import fault, line_blocks
from engine.core.errors import DataError, Problem
from engine.core.types import Instrument

_STEP_BACK_NS = 1_000_000_000
_MOST_PROBLEMS = 20

_SYMBOL = re.compile(rb'"s":\s*"([^"]+)"')
_PARTIAL = re.compile(rb"@depth(5|10|20)\b")
_SECONDS = re.compile(rb"> (\d{10})")
_TICKER, _HEAD = b'@bookTicker"', 80  # of an envelope, and how far into a line it is looked for


class BinanceReader:
    kind = "binance-raw"

    def claims(self, sample: Sample) -> bool:
        """A container of captures, and among its first lines a message of Binance."""
        split = splitter(sample.path, sample.head)
        if split is None:
            return False
        for text in sample.head.split(b"\n")[:-1] or [sample.head]:
            try:
                line = split(text)
                if line is not None and messages.decode(line.body) is not None:
                    return True
            except messages.NotOursError:
                continue
        return b"binance.com" in sample.head

    def survey(self, path: Path) -> Survey:
        """What is in sight; a capture without a word of depth is one of the best bid and ask."""
        head = next(line_blocks(path))
        split = splitter(path, head)
        assert split is not None  # it was claimed
        if partial := _PARTIAL.search(head):
            raise fault(path, f"the stream @depth{partial[1].decode()} is of the best levels only: that is no book")
        symbols = {name.decode(errors="replace") for name in _SYMBOL.findall(head)}
        tables = tables_seen(head)
        numbered = ((n, line) for n, text in enumerate(head.split(b"\n"), 1) if (line := quietly(split, text)))
        first = next(numbered, None)
        if first is None:  # of cryptofeed's, about the connection alone
            seconds = _SECONDS.search(head)
            return Survey(path, int(seconds[1]) * 10**9 if seconds else 0, frozenset())
        at_ns, timed = first[1].at_ns, first[1].at_ns is not None
        while not at_ns and first is not None:
            at_ns, first = _sent_ns(path, *first), next(numbered, None)
        if not at_ns:
            raise fault(path, "no line in sight tells a time", line=1, field="E")
        return Survey(
            path,
            at_ns,
            tables,
            frozenset(symbols),
            is_of_one(split, head, symbols),
            has_receive_time=timed,
            is_alone=not is_cryptofeed(split),
        )

    def symbol_in_file(self, instrument: Instrument) -> str:
        return instrument.raw_symbol

    def pieces(self, paths: Sequence[Path], job: Job) -> Iterator[Piece]:
        """A snapshot that comes while the book is in sync is not needed and is left out."""
        surveys = [self.survey(path) for path in paths]
        recording = Recording(job, has_book=any(Table.BOOK in survey.tables for survey in surveys))
        for batch in batches(paths, job.on_bytes):
            yield from recording.batch(*batch)
        recording.finish()


def _sent_ns(path: Path, number: int, line: Line) -> int:
    try:
        message = messages.decode(line.body)
    except messages.NotOursError as error:
        raise fault(path, str(error), line=number, field=error.field) from error
    return 0 if message is None else messages.sent_ms(message) * MS


class Recording:
    """What runs on from line to line and from file to file."""

    def __init__(self, job: Job, *, has_book: bool) -> None:
        self._job, self._instrument = job, job.instrument
        self._has_book = has_book
        self._chain = Chain(goes_on=job.alone and not job.first)
        self._now_ns = self._first_ns = 0
        self._timed = True  # whether there is a receive time
        self._sent_ns: dict[type, int] = {}  # the venue's latest time of each kind of message, where there is none
        self._line = 0
        self._path = Path()
        self._problems: list[Problem] = []
        self._warnings: dict[str, int] = {}
        self._matched = 0
        self._trades: type | None = None
        self._last_trade = (-1, -1)  # highest matching time and id
        self._first_trade = self._first_quote = self._last_quote = -1
        self._other: Problem | None = None  # a message of another symbol
        self._others: set[str] = set()
        self._has_nameless = False  # whether a snapshot that names no symbol was seen

    def batch(self, path: Path, split: Split, lines: Iterator[Numbered]) -> list[Piece]:
        self._path, batch = path, Batch(path, self._instrument)
        self._lines(lines, split, batch)
        if self._problems:
            raise DataError(*self._problems)
        if self._timed:
            batch.time(self._job.latencies)
        return batch.pieces()

    def finish(self) -> None:
        """Raises DataError if the recording had nothing of this instrument, or never a book."""
        chain = self._chain
        if not self._matched and not self._job.alone:
            kind = "no depth messages" if self._has_book else "nothing"
            other = f" ({self._other})" if self._other else ""
            raise fault(self._path, f"{kind} of {self._instrument.raw_symbol} in it: there is no book{other}")
        if self._has_book and not chain.ever_in_sync and not self._job.alone:
            reason = "no usable snapshot in the capture: ingest it together with the files before it"
            raise fault(self._path, reason, field="lastUpdateId")
        for text, times in self._warnings.items():
            self._job.on_warning(f"{text} ({times} times)" if times > 1 else text)
        for text in passed_over(self._others, self._instrument.raw_symbol):
            self._job.on_warning(text)
        if chain.stale:
            self._job.on_warning(f"{chain.stale} depth messages older than the book were left out")
        if gap := chain.gap:
            self._job.on_warning(f"{Path(gap.source).name}:{gap.line}: no snapshot follows: the book ends here")
        trades = self._trades.__name__ if self._trades else ""
        begin = Seam(self._first_ns, chain.taken_for_granted, trades, self._first_trade, self._first_quote)
        self._job.on_seam(begin, Seam(self._now_ns, chain.last, trades, self._last_trade[1], self._last_quote))

    def _lines(self, lines: Iterator[Numbered], split: Split, batch: Batch) -> None:
        decode, has_book = messages.decode, self._has_book
        for number, text in lines:
            if has_book and _TICKER in text[:_HEAD] and text.endswith(b"}}"):
                continue  # most lines are these; nothing is kept of them
            self._line = number
            try:
                line = split(text)
                message = None if line is None else decode(line.body)
                if message is None or line is None:
                    continue
                self._tick(line, message)
                if type(message) is Depth:
                    self._depth(message, batch)
                elif type(message) is not BookTicker or not has_book:
                    self._message(message, line.symbol, batch)
            except messages.NotOursError as error:
                self._problem(str(error), error.field)
                if len(self._problems) >= _MOST_PROBLEMS:
                    return

    def _tick(self, line: Line, message: messages.Event | Snapshot) -> None:
        """Our clock, by this line; the venue's where there is none."""
        at_ns = line.at_ns
        if at_ns is None:
            self._timed, sent_ns = False, messages.sent_ms(message) * MS
            late_ns = self._sent_ns.get(type(message), 0) - sent_ns
            if sent_ns and late_ns > _STEP_BACK_NS:
                reason = f"the venue's time goes back by {late_ns / 1e9:.3f} s: the lines are in no order"
                raise fault(self._path, reason, line=self._line, field="E")
            self._sent_ns[type(message)] = sent_ns + max(late_ns, 0)
            self._now_ns = max(self._now_ns, sent_ns)
        else:
            self._now_ns = at_ns if at_ns >= self._now_ns else self._held(at_ns)
        self._first_ns = self._first_ns or self._now_ns

    def _held(self, at_ns: int) -> int:
        """Our time never goes back: a small step of the clock is held, a large one is refused."""
        back_ns = self._now_ns - at_ns
        if back_ns > _STEP_BACK_NS:
            reason = f"the local time goes back by {back_ns / 1e9:.3f} s"
            raise fault(self._path, reason, line=self._line, field="local time")
        self._warn("the local time goes back by less than a second: held")
        return self._now_ns

    def _message(self, message: messages.Event | Snapshot, symbol: str | None, batch: Batch) -> None:
        match message:
            case Snapshot():
                self._snapshot(message, symbol or message.symbol, batch)
            case BookTicker() if self._is_ours(message.s):
                self._quote(message, batch)
            case Mark() if self._is_ours(message.s):
                batch.mark(message, self._now_ns, self._line)
            case Trade() | AggTrade() if self._is_ours(message.s):
                self._trade(message, batch)
            case Liquidation() if self._is_ours(message.o.s):
                batch.liquidation(message, self._now_ns, self._line)
            case _:
                pass

    def _is_ours(self, symbol: str) -> bool:
        """Other symbols are passed over, unless a snapshot does not say of which it is."""
        if symbol == self._instrument.raw_symbol:
            self._matched += not self._has_book
            return True
        self._others.add(symbol)
        if self._other is None or self._has_nameless:
            reason = f"is of {symbol}, not of {self._instrument.raw_symbol}"
            self._other = Problem(str(self._path), reason, self._line, "s")
            self._refuse_mixed()
        return False

    def _refuse_mixed(self) -> None:
        if self._other and self._has_nameless:
            self._problems.append(self._other)

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
            if self._chain.spare:
                self._begin(self._chain.spare, batch)

    def _snapshot(self, snapshot: Snapshot, symbol: str | None, batch: Batch) -> None:
        if symbol is None:
            self._has_nameless = True
            self._refuse_mixed()
        elif not self._is_ours(symbol):
            return
        self._begin(snapshot, batch)

    def _begin(self, snapshot: Snapshot, batch: Batch) -> None:
        again = self._chain.restart(snapshot)
        if again is None:
            return
        batch.snapshot(snapshot, self._now_ns, self._line)
        for received in again:
            batch.diff(received, self._now_ns)

    def _quote(self, ticker: BookTicker, batch: Batch) -> None:
        if ticker.u <= self._last_quote:
            self._warn("a best bid and ask older than the one before was left out")
            return
        self._first_quote = ticker.u if self._last_quote < 0 else self._first_quote
        self._last_quote = ticker.u
        batch.quote(ticker, self._now_ns, self._line)

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
        self._first_trade = number if last < 0 else self._first_trade
        self._last_trade = max(last_ms, trade.T), number
        # Where only the venue's time is known a trade is of when it was made: before the depth change that it caused.
        batch.trade(trade, self._now_ns if self._timed else self._last_trade[0] * MS, self._line)

    def _problem(self, text: str, field: str | None = None) -> None:
        self._problems.append(Problem(source=str(self._path), line=self._line, field=field, message=text))

    def _warn(self, text: str) -> None:
        self._warnings[text] = self._warnings.get(text, 0) + 1


READER = BinanceReader()
