"""The market beside a run, finer than its ticks: the best bid and ask out of the catalog that it was run on, read page
by page, so that a long recording needs no more memory than a short one.

Where that catalog is gone, or holds other data by now, the run's own ticks stand in for it, once a second.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from data import store
from data.decimals import SCALE
from engine.core.errors import DataError
from engine.core.types import SECOND, Nanos
from engine.journal.manifest import RunFile
from engine.journal.market import named_market

type Int64s = npt.NDArray[np.int64]
type Floats = npt.NDArray[np.float64]
type Pages[Page] = Callable[[Nanos, Nanos], Iterator[Page]]

_HIGH_WORD = float(2**64)


class Tops(NamedTuple):
    """Best bids and asks: times in ns as we knew them, in order; prices in quote, NaN where none is known."""

    ts: Int64s
    bid: Floats
    ask: Floats

    @property
    def mid(self) -> Floats:
        return (self.bid + self.ask) / 2


class Prints(NamedTuple):
    """Trades of the market: times in ns, prices in quote, sizes in the instrument's unit, `side` of the taker (+-1)."""

    ts: Int64s
    price: Floats
    size: Floats
    side: Int64s


class Market(NamedTuple):
    """`tops` and `prints` give pages of a range of time (ns, both ends inside; the page before may come too).
    `source`: "quotes" of the catalog, or "ticks" of the journal, which are `step_ns` apart and know no prints. `books`:
    the catalog's files of changes of the book (see engine.analysis.shown), none where it has none."""

    source: str
    step_ns: Nanos
    end_ns: Nanos
    tops: Pages[Tops]
    prints: Pages[Prints] | None
    books: tuple[Path, ...] = ()


def market_of(folder: Path, run_file: RunFile, equity: pl.DataFrame) -> Market:
    """The market that a run saw: its catalog's, if it still holds the very same data, else that of its ticks."""
    named = named_market(folder, run_file)
    if named is not None:
        try:
            held = store.contents(named.catalog, run_file.manifest.instrument)
        except DataError:
            return ticks_of(equity)
        if held.fingerprint == named.fingerprint and (market := _catalogued(named.catalog, held)) is not None:
            return market
    return ticks_of(equity)


def ticks_of(equity: pl.DataFrame) -> Market:
    """What the run's own ticks (schema EQUITY) knew of the market."""
    known = equity.filter(pl.col("bid").is_not_null() & pl.col("ask").is_not_null())
    ts = known["ts"].cast(pl.Int64).to_numpy()
    page = Tops(ts, known["bid"].to_numpy(), known["ask"].to_numpy())
    return Market("ticks", SECOND, int(ts[-1]) if len(ts) else 0, lambda _low, _high: iter((page,)), None)


def tops_at(market: Market, *times: Int64s) -> list[Tops]:
    """For each array of times (any order): the last top known at each, and when it came (-1 and NaN: none yet). Only
    ever backward: nothing that was not known then is looked at. All arrays in one reading of the market; for what was
    known strictly before a time, ask for the nanosecond before it."""
    asked = np.concatenate((np.empty(0, np.int64), *times))
    order = np.argsort(asked, kind="stable")
    wanted = asked[order]
    found = Tops(np.full(len(asked), -1, np.int64), np.full(len(asked), np.nan), np.full(len(asked), np.nan))
    done, last = 0, (-1, np.nan, np.nan)
    for page in market.tops(int(wanted[0]), int(wanted[-1])) if len(asked) else ():
        if not len(page.ts):
            continue
        # A later page may hold another row of this page's last instant: who may see that one waits for it.
        until = max(done, int(np.searchsorted(wanted, page.ts[-1])))
        row = np.searchsorted(page.ts, wanted[done:until], side="right") - 1
        for column, values, earlier in zip(found, page, last, strict=True):
            column[order[done:until]] = np.where(row >= 0, values[row], earlier)
        done, last = until, (int(page.ts[-1]), float(page.bid[-1]), float(page.ask[-1]))
    for column, value in zip(found, last, strict=True):
        column[order[done:]] = value
    if not times:
        return []
    parts = np.cumsum([len(each) for each in times])[:-1]
    return [Tops(*columns) for columns in zip(*(np.split(column, parts) for column in found), strict=True)]


def _catalogued(catalog: Path, held: store.Contents) -> Market | None:
    quotes, trades = _files(catalog, held, "quotes"), _files(catalog, held, "trades")
    if not quotes:
        return None

    def tops(low: Nanos, high: Nanos) -> Iterator[Tops]:
        for rows in _pages(quotes, ("bid_price", "ask_price"), low, high):
            bid, ask = floats(rows["bid_price"]), floats(rows["ask_price"])
            whole = (bid > 0) & (ask > 0)  # a side that the book does not have is written as 0
            yield Tops(_ns(rows)[whole], bid[whole], ask[whole])

    def prints(low: Nanos, high: Nanos) -> Iterator[Prints]:
        for rows in _pages(trades, ("price", "size", "aggressor_side"), low, high):
            words = rows["aggressor_side"].cast(pa.string())
            bought = words.to_numpy(zero_copy_only=False) == "BUY"
            yield Prints(_ns(rows), floats(rows["price"]), floats(rows["size"]), np.where(bought, 1, -1))

    books = tuple(_files(catalog, held, "order_book_deltas"))
    return Market("quotes", 0, held.end_ns, tops, prints if trades else None, books)


def _files(catalog: Path, held: store.Contents, folder: str) -> list[Path]:
    ingests = sorted(held.ingests, key=lambda ingest: ingest.start_ns)
    return [catalog / ingest.tables[folder] for ingest in ingests if folder in ingest.tables]


def _pages(files: list[Path], columns: tuple[str, ...], low: Nanos, high: Nanos) -> Iterator[dict[str, Any]]:
    """Row groups that reach into a range, and for what was known at its start the last one before it."""
    for path in files:
        with pq.ParquetFile(path) as file:
            place = file.schema_arrow.get_field_index("ts_init")
            for group in range(file.metadata.num_row_groups):
                times = file.metadata.row_group(group).column(place).statistics
                if times.min_raw > high:
                    break
                if times.max_raw < low and not _last_before(file, group, place, low):
                    continue
                yield _columns(file, group, columns)


def _last_before(file: pq.ParquetFile, group: int, place: int, low: Nanos) -> bool:
    if group + 1 == file.metadata.num_row_groups:
        return True
    return bool(file.metadata.row_group(group + 1).column(place).statistics.max_raw >= low)


def _columns(file: pq.ParquetFile, group: int, columns: tuple[str, ...]) -> dict[str, Any]:
    rows = file.read_row_group(group, columns=["ts_init", *columns])
    return {name: rows[name].combine_chunks() for name in rows.column_names}


def _ns(rows: dict[str, Any]) -> Int64s:
    times: Int64s = rows["ts_init"].cast(pa.int64()).to_numpy()
    return times


def floats(column: Any) -> Floats:
    """The catalog's decimal128 as floats: the two 64-bit words of each, of values that are not negative."""
    words = np.frombuffer(column.buffers()[1], np.uint64)[2 * column.offset :][: 2 * len(column)]
    return np.asarray((words[1::2] * _HIGH_WORD + words[0::2]) / 10.0**SCALE, np.float64)
