"""Files of data.binance.vision: trades, aggTrades, bookTicker, fundingRate and klines of the mark or index price.

With or without a header; times in milliseconds, or since 2025 on spot in microseconds, by their digits. They hold no
receive time and no depth: of the book only the best bid and ask is known, and since April 2024 not even that. A file
does not name its symbol: its name does, and a name of another contract is refused. Klines of every kind have the same
columns: `markPriceKlines` or `indexPriceKlines` must stand in the path, as it does in the address they come from.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from data.behind import ahead
from data.csv_blocks import Block, blocks
from data.csv_form import Form
from data.readers.binance_vision_tables import Deals, Kline, Klines, Tickers, funding, unit_ns
from data.readers.protocol import Job, Sample, Survey
from data.schema import Piece, Table
from data.source import fault, ignore_bytes, sample_of
from engine.core.types import Instrument

_NAME = re.compile(r"(?:^|__)([A-Z0-9]+(?:_[A-Z0-9]+)?)-(?:aggTrades|trades|bookTicker|fundingRate|\d+[smhdw])-\d{4}")
_KLINE_FOLDERS = {"markPriceKlines": Kline.MARK, "indexPriceKlines": Kline.INDEX}

_TRADES = ("id", "price", "qty", "quote_qty", "time", "is_buyer_maker")
_AGGREGATED = (
    "agg_trade_id",
    "price",
    "quantity",
    "first_trade_id",
    "last_trade_id",
    "transact_time",
    "is_buyer_maker",
)
_TICKER = (
    "update_id",
    "best_bid_price",
    "best_bid_qty",
    "best_ask_price",
    "best_ask_qty",
    "transaction_time",
    "event_time",
)
_FUNDING = ("calc_time", "funding_interval_hours", "last_funding_rate")
_KLINES = (
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_volume",
    "count",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
)
_NO_BOOK = {
    ("timestamp", "percentage", "depth", "notional"): "bookDepth: sums of depth within some per cent, which is no book",
    ("create_time", "symbol", "sum_open_interest"): "metrics: open interest and ratios, no market data to trade on",
}


class Layout(msgspec.Struct, frozen=True):
    """A type's columns, their types, what a row without header looks like, and which column tells the unit of time."""

    columns: tuple[str, ...]
    whole: frozenset[str]
    numbers: frozenset[str]
    row: re.Pattern[bytes]
    time: str
    truths: frozenset[str] = frozenset()
    more: tuple[str, ...] = ()  # columns that some files have at the end


def _row(*cells: str) -> re.Pattern[bytes]:
    return re.compile(",".join(cells).encode() + rb"\s*")


_INT, _DEC, _TIME, _BOOL = r"\d{1,18}", r"-?\d+(?:\.\d+)?", r"\d{13}(?:\d{3})?", r"(?:[Tt]rue|[Ff]alse|TRUE|FALSE)"
_BEST = f"(?:,{_BOOL})?"

TRADES = Layout(
    _TRADES,
    whole=frozenset({"id", "time"}),
    numbers=frozenset({"price", "qty"}),
    truths=frozenset({"is_buyer_maker", "is_best_match"}),
    row=_row(_INT, _DEC, _DEC, _DEC, _TIME, _BOOL + _BEST),
    time="time",
    more=("is_best_match",),
)
AGGREGATED = Layout(
    _AGGREGATED,
    whole=frozenset({"agg_trade_id", "first_trade_id", "last_trade_id", "transact_time"}),
    numbers=frozenset({"price", "quantity"}),
    truths=frozenset({"is_buyer_maker", "is_best_match"}),
    row=_row(_INT, _DEC, _DEC, _INT, _INT, _TIME, _BOOL + _BEST),
    time="transact_time",
    more=("is_best_match",),
)
TICKER = Layout(
    _TICKER,
    whole=frozenset({"update_id", "transaction_time", "event_time"}),
    numbers=frozenset(_TICKER[1:5]),
    row=_row(_INT, _DEC, _DEC, _DEC, _DEC, _TIME, _TIME),
    time="transaction_time",
)
FUNDING = Layout(
    _FUNDING,
    whole=frozenset({"calc_time", "funding_interval_hours"}),
    numbers=frozenset(),
    row=_row(_TIME, r"\d{1,2}", _DEC),
    time="calc_time",
)
KLINES = Layout(
    _KLINES,
    whole=frozenset({"open_time", "close_time"}),
    numbers=frozenset({"volume"}),
    row=_row(_TIME, *[_DEC] * 5, _TIME, *[_DEC] * 5),
    time="open_time",
)

type Convert = Callable[[Block, Instrument, int], list[Piece]]


class VisionReader:
    def __init__(self, name: str, layout: Layout, converter: Callable[[Path], Convert], *tables: Table) -> None:
        self.kind = f"binance-vision-{name}"
        self._layout = layout
        self._converter = converter
        self._tables = frozenset(tables)

    def claims(self, sample: Sample) -> bool:
        for columns, what in _NO_BOOK.items():
            if sample.header[: len(columns)] == columns:
                raise fault(sample.path, f"is Binance's {what}", line=1)
        return self._form(sample) is not None

    def symbol_in_file(self, instrument: Instrument) -> str:
        return instrument.raw_symbol

    def survey(self, path: Path) -> Survey:
        sample = sample_of(path)
        head = next(blocks(path, self._form_of(sample), ignore_bytes), None)
        if head is None:
            raise fault(path, "has a header and no rows")
        first_ns = int(head.times(self._layout.time, unit_ns(head, self._layout.time))[0])
        return Survey(
            path,
            first_ns,
            self._tables,
            frozenset(_symbols(sample)),
            is_complete=True,
            has_receive_time=False,
            is_alone=True,
        )

    def pieces(self, paths: Sequence[Path], job: Job) -> Iterator[Piece]:
        convert = self._converter(paths[0])
        for path in paths:
            sample = sample_of(path)
            for symbol in _symbols(sample):
                if symbol != job.instrument.raw_symbol:
                    reason = f"is of {symbol} by its name, not of {job.instrument.raw_symbol}"
                    raise fault(path, reason, field="name")
            for block in ahead(blocks(path, self._form_of(sample), job.on_bytes)):
                unit = unit_ns(block, self._layout.time)
                yield from (piece for piece in convert(block, job.instrument, unit) if len(piece.rows))
        if isinstance(convert, Deals | Tickers | Klines):
            yield from (piece for piece in convert.finish(job.instrument, job.on_warning) if len(piece.rows))

    def _form_of(self, sample: Sample) -> Form:
        form = self._form(sample)
        assert form is not None  # it was claimed
        return form

    def _form(self, sample: Sample) -> Form | None:
        layout, cells = self._layout, sample.header
        for columns in (layout.columns, layout.columns + layout.more):
            has_header = cells == columns or _renamed(cells) == columns
            if has_header or (len(cells) == len(columns) and layout.row.fullmatch(sample.first_line)):
                kinds = (layout.whole, layout.numbers, layout.truths)
                whole, numbers, truths = (kind & set(columns) for kind in kinds)
                return Form(columns, whole=whole, numbers=numbers, truths=truths, header=has_header)
        return None


def _renamed(cells: tuple[str, ...]) -> tuple[str, ...]:
    """COIN-M's columns by USD-M's names."""
    names: Mapping[str, str] = {
        "base_qty": "quote_qty",
        "base_volume": "quote_volume",
        "taker_buy_base_volume": "taker_buy_quote_volume",
    }
    return tuple(names.get(cell, cell) for cell in cells)


def _symbols(sample: Sample) -> list[str]:
    """What the file's name, and its name in the archive, say that it is of."""
    names = (sample.member.rpartition("/")[2], sample.path.name)
    return sorted({found[1] for name in names if (found := _NAME.search(name))})


def _kline_of(path: Path) -> Kline:
    found = {kind for word, kind in _KLINE_FOLDERS.items() if word in str(path)}
    if len(found) != 1:
        reason = "klines of the mark price, the index or of trades look alike: put markPriceKlines or indexPriceKlines"
        raise fault(path, f"{reason} into its path, as in the address it came from; klines of trades are not read")
    return found.pop()


class KlinesReader(VisionReader):
    """Those of the mark price, then those of the index: two tables they become."""

    def survey(self, path: Path) -> Survey:
        _kline_of(path)
        return super().survey(path)

    def pieces(self, paths: Sequence[Path], job: Job) -> Iterator[Piece]:
        for kind in Kline:
            if ours := [path for path in paths if _kline_of(path) is kind]:
                yield from super().pieces(ours, job)


READERS = (
    VisionReader("trades", TRADES, lambda _: Deals("id", "qty", "time"), Table.TRADES),
    VisionReader("aggTrades", AGGREGATED, lambda _: Deals("agg_trade_id", "quantity", "transact_time"), Table.TRADES),
    VisionReader("bookTicker", TICKER, lambda _: Tickers(), Table.QUOTES),
    VisionReader("fundingRate", FUNDING, lambda _: funding, Table.FUNDING),
    KlinesReader("klines", KLINES, lambda path: Klines(_kline_of(path)), Table.MARKS),
)
