"""Tardis.dev CSV. Times are integer microseconds; amounts are the venue's: contracts where it trades contracts.

A message is the rows that follow one another with the same times and snapshot mark. When is_snapshot turns true the
book starts anew. book_snapshot_N holds the best N levels, again and again. Files may hold several symbols; only the
instrument's is kept. Source: Tardis's documentation of its CSV files, and its client.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from data.behind import ahead
from data.clock import Latencies
from data.csv_blocks import Block, blocks
from data.csv_form import Form
from data.readers.protocol import TRADED_TWICE, Job, Sample, Survey, passed_over
from data.readers.tardis_tables import CELLS, MESSAGE, US, Book, Convert, Ticker, Windowed, liquidations, quotes, trades
from data.schema import Piece, Table
from data.source import fault, ignore_bytes, sample_of
from engine.core.errors import DataError
from engine.core.types import Instrument

START = ("exchange", "symbol", "timestamp", "local_timestamp")
_WHOLE = frozenset({"timestamp", "local_timestamp"})
_DEAL = Form((*START, "id", "side", "price", "amount"), whole=_WHOLE, numbers=frozenset({"price", "amount"}))
BOOK = Form(
    (*START, "is_snapshot", "side", "price", "amount"),
    whole=_WHOLE,
    numbers=frozenset({"price", "amount"}),
    truths=frozenset({"is_snapshot"}),
    message=MESSAGE,
)
_QUOTES = Form(
    (*START, "ask_amount", "ask_price", "bid_price", "bid_amount"),
    whole=_WHOLE,
    sparse=frozenset({"ask_amount", "ask_price", "bid_price", "bid_amount"}),
)
_TICKER = Form(
    (
        *START,
        "funding_timestamp",
        "funding_rate",
        "predicted_funding_rate",
        "open_interest",
        "last_price",
        "index_price",
        "mark_price",
    ),
    whole=_WHOLE,
)
# What Tardis calls the markets of a venue on which perpetuals trade.
_EXCHANGES = {
    "BINANCE": {"binance-futures", "binance-delivery", "binance"},
    "BYBIT": {"bybit", "bybit-spot"},
    "OKX": {"okex-swap", "okex-futures", "okex"},
    "HYPERLIQUID": {"hyperliquid"},
}


class TardisReader:
    """A reader of one type of file. Whole messages are kept together over the ends of blocks."""

    def __init__(self, name: str, form: Form, converter: Callable[[], Convert], *tables: Table) -> None:
        self.kind = f"tardis-{name}"
        self._form = form
        self._converter = converter
        self._tables = frozenset(tables)

    def claims(self, sample: Sample) -> bool:
        return sample.header == self._form.columns

    def symbol_in_file(self, instrument: Instrument) -> str:
        return instrument.raw_symbol

    def form_of(self, _path: Path) -> Form:
        return self._form

    def survey(self, path: Path) -> Survey:
        head = next(blocks(path, self.form_of(path), ignore_bytes), None)
        if head is None:
            raise fault(path, "has a header and no rows: there is no data of that day")
        head.times("timestamp", US)
        local = int(head.times("local_timestamp", US)[0])
        symbols = frozenset(head.rows["symbol"].unique().to_list())
        return Survey(path, local, self._tables, symbols, is_alone=True, depth=_depth(head.form.columns))

    def pieces(self, paths: Sequence[Path], job: Job) -> Iterator[Piece]:
        for _, piece in self.pieces_of_each(paths, [job]):
            if isinstance(piece, DataError):
                raise piece
            yield piece

    def pieces_of_each(self, paths: Sequence[Path], jobs: Sequence[Job]) -> Iterator[tuple[int, Piece | DataError]]:
        going = {
            n: _Recording(self._converter(), self.symbol_in_file(job.instrument), job) for n, job in enumerate(jobs)
        }
        for path in paths:
            for block in ahead(blocks(path, self.form_of(path), jobs[0].on_bytes)):
                for n, recording in [*going.items()]:
                    try:
                        yield from ((n, piece) for piece in recording.block(block))
                    except DataError as error:
                        del going[n]
                        yield n, error
        for n, recording in going.items():
            try:
                recording.finish(paths)
            except DataError as error:
                yield n, error


class _Recording:
    """One contract's rows, from block to block and from file to file."""

    def __init__(self, convert: Convert, symbol: str, job: Job) -> None:
        self._convert, self._symbol, self._job = convert, symbol, job
        self._last_ns, self._found, self._seen, self._again = 0, False, set[str](), 0
        if isinstance(convert, Book) and job.alone:
            convert.follow()

    def block(self, block: Block) -> list[Piece]:
        ours = _of_symbol(block, self._symbol, self._seen)
        if not len(ours):
            return []
        self._found = True
        _check_exchange(ours, self._job.instrument)
        self._last_ns = _check_order(ours, self._last_ns)
        _time(ours, self._job.latencies, sampled=isinstance(self._convert, (Book, Windowed)))
        made = self._convert(ours, self._job.instrument)
        self._again += len(ours) - len(made[0].rows) if self._convert is trades else 0
        return [piece for piece in made if len(piece.rows)]

    def finish(self, paths: Sequence[Path]) -> None:
        if not self._found and not self._job.alone:
            held = ", ".join(sorted(self._seen)[:10])
            raise fault(paths[-1], f"nothing of {self._symbol} in it, but {held}", field="symbol")
        for text in passed_over(self._seen, self._symbol):
            self._job.on_warning(text)
        if self._again:
            self._job.on_warning(f"{self._again} {TRADED_TWICE}")
        if isinstance(self._convert, Book):
            self._convert.finish(paths[0], self._job.on_warning)


def _time(block: Block, latencies: Latencies, *, sampled: bool) -> None:
    event, local = block.times("timestamp", US), block.times("local_timestamp", US)
    new = np.append(True, (np.diff(local) != 0) | (np.diff(event) != 0))
    latencies.add((local - event)[new], sampled=sampled)


class WindowsReader(TardisReader):
    """book_snapshot_N: as many columns as there are levels."""

    def claims(self, sample: Sample) -> bool:
        return windows_form(sample.header) is not None

    def form_of(self, path: Path) -> Form:
        form = windows_form(sample_of(path).header)
        assert form is not None  # it was claimed
        return form


class DealsReader(TardisReader):
    """Trades and liquidations have the same columns. Which it is must be said by the file's name, or by its ids:
    every trade has one."""

    def claims(self, sample: Sample) -> bool:
        if not super().claims(sample):
            return False
        named = [word for word in ("trades", "liquidations") if word in sample.path.name.lower()]
        if len(named) == 1:
            return self.kind.endswith(named[0])
        rows = [line.split(b",") for line in sample.head.split(b"\n")[1:-1] if line.strip()]
        if all(row[4] for row in rows if len(row) == len(self._form.columns)):
            return self.kind.endswith("trades")
        reason = "has the columns of Tardis's trades and of its liquidations: put one of the words into its name"
        raise fault(sample.path, reason, line=1, field="id")


def _depth(columns: tuple[str, ...]) -> int:
    """Levels a side in columns of book_snapshot_N; other files tell all."""
    return sum(column.startswith("asks[") for column in columns) // len(CELLS)


def windows_form(columns: tuple[str, ...]) -> Form | None:
    """The form of book_snapshot_N with these columns, if it is one."""
    depth = _depth(columns)
    levels = tuple(f"{side}[{n}].{what}" for n in range(depth) for side in ("asks", "bids") for what in CELLS)
    if columns == START or columns != (*START, *levels):
        return None
    return Form(columns, whole=_WHOLE, sparse=frozenset(levels))


def _of_symbol(block: Block, symbol: str, seen: set[str]) -> Block:
    ours = block.rows["symbol"] == symbol
    seen.update([symbol] if ours.all() else block.rows["symbol"].unique().to_list())
    return block.where(ours.to_numpy())


def _check_exchange(block: Block, instrument: Instrument) -> None:
    allowed, names = _EXCHANGES.get(instrument.venue), block.rows["exchange"]
    first = names[0]
    if (allowed is not None and first not in allowed) or not (names == first).all():
        reason = f"{instrument.raw_symbol} of {' and '.join(sorted(names.unique()))}, not of {instrument.venue} alone"
        raise block.fault(0, "exchange", reason)


def _check_order(block: Block, last_ns: int) -> int:
    """The files are in order of local time; one that is not was cut or shuffled."""
    local = block.times("local_timestamp", US)
    reason = "local_timestamp goes back: the file is not in the order in which it was received"
    block.refuse(np.diff(local, prepend=last_ns) < 0, "local_timestamp", reason)
    return int(local[-1])


def _is_near_miss(sample: Sample) -> bool:
    """Never True: raises DataError for a file that begins as Tardis's do and has no columns that are read."""
    columns = sample.header
    if columns[:2] != START[:2] or windows_form(columns) or any(columns == form.columns for form in _FORMS.values()):
        return False
    name, near = min(_FORMS.items(), key=lambda known: len(set(known[1].columns) ^ set(columns)))
    missing = [c for c in near.columns if c not in columns]
    odd = [c for c in columns if c not in near.columns]
    detail = f"missing {', '.join(missing) or 'none'}, not known {', '.join(odd[:8]) or 'none'}"
    reason = f"columns of no Tardis file that is read; nearest is {name}: {detail}, or their order differs"
    raise fault(sample.path, reason, line=1, field=(missing or odd or ["header"])[0])


_FORMS = {"incremental_book_L2": BOOK, "trades": _DEAL, "quotes": _QUOTES, "derivative_ticker": _TICKER}


class BookReader(TardisReader):
    def claims(self, sample: Sample) -> bool:
        return super().claims(sample) or _is_near_miss(sample)


READERS = (
    BookReader("incremental_book_L2", BOOK, Book, Table.BOOK),
    WindowsReader("book_snapshot", BOOK, Windowed, Table.BOOK),
    DealsReader("trades", _DEAL, lambda: trades, Table.TRADES),
    DealsReader("liquidations", _DEAL, lambda: liquidations, Table.LIQUIDATIONS),
    TardisReader("quotes", _QUOTES, lambda: quotes, Table.QUOTES),
    TardisReader("derivative_ticker", _TICKER, Ticker, Table.MARKS, Table.FUNDING),
)
