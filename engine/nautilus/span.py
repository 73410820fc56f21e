"""What part of a catalog is replayed: its files' rows, without reading a row of market data."""

from pathlib import Path

import msgspec
import polars as pl

from engine.core.errors import DataError, Problem
from engine.core.types import Nanos
from engine.simulation.reference import External, Reference

# What a replay feeds, in the order in which rows of one instant are fed: a trade before the change of depth it caused.
FOLDERS = ("funding_rates", "mark_prices", "trades", "order_book_deltas", "quotes")
BOOK, QUOTES, FUNDING = "order_book_deltas", "quotes", "funding_rates"


class MarketData(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a catalog to replay: rows whose `ts_init` is in [start_ns, end_ns]; None is its beginning or end.

    `depth`: whether the strategy may ask for more of the book than its top. That costs a second book. `reference`:
    whose price the ticks carry beside the market's own; of another instrument its quotes and trades are replayed too.
    `gaps`: [start, end) in which nobody knows the book (ns, in order; an end of None is the data's): the strategy sees
    none, and the venue neither fills nor takes an order.
    """

    catalog: Path
    start_ns: Nanos | None = None
    end_ns: Nanos | None = None
    depth: bool = True
    reference: Reference | None = None
    gaps: tuple[tuple[Nanos, Nanos | None], ...] = ()

    def is_blind(self, now: Nanos) -> bool:
        return any(start <= now and (end is None or now < end) for start, end in self.gaps)


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Rows [from_ns, to_ns] of the folders that have any. The strategy ticks from `first_ns` on; the rows before it
    only build the book: they begin with its latest snapshot. `reference` are rows of the instrument of reference."""

    from_ns: Nanos
    first_ns: Nanos
    to_ns: Nanos
    rows: dict[str, int]
    reference: dict[str, int] = {}

    @property
    def has_depth(self) -> bool:
        return BOOK in self.rows

    @property
    def total(self) -> int:
        return sum(self.rows.values()) + sum(self.reference.values())


def span_of(data: MarketData, instrument_id: str, *, funding: bool) -> Span:
    """The rows to replay; where the catalog has no depth its quotes are the book. Raises DataError where it has neither
    of the instrument, or none in the range."""
    root = data.catalog / "data"
    files = {folder: sorted((root / folder / instrument_id).glob("*.parquet")) for folder in FOLDERS}
    known = files[BOOK] or files[QUOTES]
    if not known:
        raise DataError(
            Problem(source=str(data.catalog), field="instrument", message=f"has no book of {instrument_id}")
        )
    book = pl.scan_parquet(known).with_columns(pl.col("ts_init").cast(pl.Int64))
    first, last = book.select(pl.col("ts_init").min(), pl.col("ts_init").max().alias("last")).collect().row(0)
    first_ns = first if data.start_ns is None else max(first, data.start_ns)
    to_ns = last if data.end_ns is None else min(last, data.end_ns)
    if first_ns > to_ns:
        message = f"has no book of {instrument_id} in the range: it has [{first}, {last}] ns"
        raise DataError(Problem(source=str(data.catalog), field="start, end", message=message))
    begins = pl.col("action").cast(pl.String) == "CLEAR" if files[BOOK] else pl.lit(value=True)
    snapshots = book.filter(begins, pl.col("ts_init") <= first_ns)
    from_ns = snapshots.select(pl.col("ts_init").max()).collect().item()
    from_ns = first if from_ns is None else from_ns
    rows = {folder: _rows(found, from_ns, to_ns) for folder, found in files.items() if funding or folder != FUNDING}
    return Span(
        from_ns=from_ns,
        first_ns=first_ns,
        to_ns=to_ns,
        rows={each: n for each, n in rows.items() if n},
        reference=_reference_rows(data, instrument_id, from_ns, to_ns),
    )


def _reference_rows(data: MarketData, instrument_id: str, from_ns: Nanos, to_ns: Nanos) -> dict[str, int]:
    """Quotes are all that is read, but a simulated venue with books wants the book of every instrument."""
    if not isinstance(data.reference, External):
        return {}
    name = data.reference.instrument_id
    same_venue = name.rpartition(".")[2] == instrument_id.rpartition(".")[2]
    folders = ("trades", BOOK, QUOTES) if same_venue else ("trades", QUOTES)
    files = {each: sorted((data.catalog / "data" / each / name).glob("*.parquet")) for each in folders}
    if not files[QUOTES]:
        raise DataError(
            Problem(source=str(data.catalog), field="data.reference_instrument", message=f"has no quotes of {name}")
        )
    return {each: n for each, found in files.items() if (n := _rows(found, from_ns, to_ns))}


def _rows(files: list[Path], from_ns: Nanos, to_ns: Nanos) -> int:
    if not files:
        return 0
    at = pl.col("ts_init").cast(pl.Int64)
    counted = pl.scan_parquet(files).select(at.is_between(from_ns, to_ns).sum())
    return int(counted.collect().item())
