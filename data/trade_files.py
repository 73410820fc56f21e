"""Readers of vendors' trade files: CSV with a header, a trade a row, the venue's time alone."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pyarrow as pa

from data.csv_blocks import Block, blocks
from data.csv_form import Form, header_of
from data.decimals import Bools, Int64s
from data.in_order import ascending
from data.readers.protocol import TRADED_TWICE, Job, OnBytes, Sample, Survey, passed_over
from data.schema import MARKET, SCHEMAS, Piece, Table
from data.source import fault, ignore_bytes, sample_of
from engine.core.types import Instrument

_MOST_ID = 36  # characters of a trade id in the catalog
_SIDES = {"buy": 1, "sell": -1}
_ORDINARY = ("", "0", "false")


class Columns(msgspec.Struct, frozen=True):
    """What a vendor calls its columns. `unit_ns` is the time's; `special` marks a print that fills no resting order."""

    time: str
    unit_ns: int
    side: str
    price: str
    size: str
    id: str
    symbol: str | None = None
    special: str | None = None  # a column that a file need not have: 0, or not
    special_kind: str = MARKET
    telling: tuple[str, ...] = ()  # columns by which a file is known to be meant as one of this kind

    @property
    def needed(self) -> tuple[str, ...]:
        named = (self.symbol, self.time, self.side, self.price, self.size, self.id)
        return tuple(name for name in named if name)


class TradeFiles:
    """Sides are the taker's."""

    def __init__(self, kind: str, columns: Columns) -> None:
        self.kind, self._columns = kind, columns

    def claims(self, sample: Sample) -> bool:
        header, columns = header_of(sample.head), self._columns
        missing = [name for name in columns.needed if name not in header]
        if missing and columns.telling and set(columns.telling) <= set(header):
            raise fault(sample.path, f"a {self.kind} file without {', '.join(missing)}", line=1, field=missing[0])
        return not missing

    def symbol_in_file(self, instrument: Instrument) -> str:
        return instrument.raw_symbol

    def survey(self, path: Path) -> Survey:
        head = next(self._blocks(path, ignore_bytes), None)
        if head is None:
            raise fault(path, "has a header and no rows")
        name = self._columns.symbol
        symbols = frozenset(head.rows[name].unique().to_list()) if name else frozenset()
        first_ns, tables = int(self._times(head)[0]), frozenset({Table.TRADES})
        return Survey(path, first_ns, tables, symbols, has_receive_time=False, is_alone=True)

    def pieces(self, paths: Sequence[Path], job: Job) -> Iterator[Piece]:
        known, twice, found, seen = list[str](), 0, False, set[str]()
        for block in ascending(paths, lambda path: self._blocks(path, job.on_bytes), self._times, self._columns.time):
            ours = block.where(self._ours(block, job.instrument, seen))
            if not len(ours):
                continue
            found = True
            times, ids = self._times(ours), ours.rows[self._columns.id]
            fresh = (ids.is_first_distinct() & ~ids.is_in(known)).to_numpy()
            row = (self._columns.time, self._columns.price, self._columns.size, self._columns.id)
            other = ours.rows.select(pl.struct(row).is_first_distinct() & ~ids.is_first_distinct()).to_series()
            ours.refuse(other.to_numpy(), self._columns.id, "is that of another trade")
            twice += len(ours) - int(fresh.sum())
            known = ids.filter(pl.Series(times == times[-1])).to_list()
            yield Piece(Table.TRADES, str(ours.path), self._trades(ours.where(fresh), job.instrument))
        if not found and not job.alone:
            raise fault(paths[-1], f"nothing of {job.instrument.raw_symbol} in it", field=self._columns.symbol)
        for text in passed_over(seen, job.instrument.raw_symbol):
            job.on_warning(text)
        if twice:
            job.on_warning(f"{twice} {TRADED_TWICE}")

    def _blocks(self, path: Path, on_bytes: OnBytes) -> Iterator[Block]:
        columns, header = self._columns, header_of(sample_of(path).head)
        if twice := [name for name in header if header.count(name) > 1]:
            raise fault(path, "a column is there twice", line=1, field=twice[0])
        return blocks(path, Form(header, numbers=frozenset({columns.time, columns.price, columns.size})), on_bytes)

    def _times(self, block: Block) -> Int64s:
        return block.times(self._columns.time, self._columns.unit_ns)

    def _ours(self, block: Block, instrument: Instrument, seen: set[str]) -> Bools:
        if self._columns.symbol is None:
            return np.ones(len(block), bool)
        seen.update(block.rows[self._columns.symbol].unique().to_list())
        ours: Bools = (block.rows[self._columns.symbol] == instrument.raw_symbol).to_numpy()
        return ours

    def _trades(self, block: Block, instrument: Instrument) -> pa.Table:
        columns = self._columns
        self.check(block, instrument)
        ids = block.rows[columns.id]
        block.refuse((ids == "").to_numpy(), columns.id, "a trade without an id")
        block.refuse(ids.str.contains("\0", literal=True).to_numpy(), columns.id, "has a NUL in it")
        times, price, size = (
            self._times(block),
            block.ticks(columns.price, instrument),
            block.lots(columns.size, instrument),
        )
        block.refuse(price == 0, columns.price, "a price of 0")
        block.refuse(size == 0, columns.size, "a size of 0")
        side = block.words(columns.side, _SIDES).astype(np.int8)
        texts = (each.to_arrow().cast(pa.string()) for each in (ids.str.tail(_MOST_ID), self._kinds(block)))
        trades = [times, times, side, price, size, *texts, block.lines]
        return pa.Table.from_arrays([pa.array(each) for each in trades], schema=SCHEMAS[Table.TRADES])

    def _kinds(self, block: Block) -> pl.Series:
        columns = self._columns
        if columns.special not in block.rows.columns:
            return pl.repeat(MARKET, len(block), eager=True)
        ordinary = pl.col(columns.special).str.strip_chars().str.to_lowercase().is_in(_ORDINARY)
        kinds = pl.when(ordinary).then(pl.lit(MARKET)).otherwise(pl.lit(columns.special_kind))
        return block.rows.select(kinds).to_series()

    def check(self, block: Block, instrument: Instrument) -> None:
        """What a vendor's other columns say against the instrument. Raises DataError."""
