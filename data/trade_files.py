"""Readers of vendors' trade files: CSV with a header, a trade a row, the venue's time alone."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.csv_rows import Rows, header_of, rows
from data.decimals import Bools, Int64s
from data.in_order import ascending
from data.readers.protocol import Job, Sample, Survey
from data.schema import MARKET, SCHEMAS, Piece, Table
from data.source import fault, ignore_bytes
from engine.core.types import Instrument

_MOST_ID = 36  # characters of a trade id in the catalog
_SIDES = {"buy": 1, "sell": -1}
_ORDINARY = ("", "0", "false")


class Columns(msgspec.Struct, frozen=True):
    """What a vendor calls its columns. `unit` is the time's; `special` marks a print that fills no resting order."""

    time: str
    unit: str
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
        head = next(rows(path, ignore_bytes), None)
        if head is None or not len(head):
            raise fault(path, "has a header and no rows")
        name = self._columns.symbol
        symbols = frozenset(pc.unique(head.cells(name)).to_pylist()) if name else frozenset()
        return Survey(path, int(self._times(head)[0]), frozenset({Table.TRADES}), symbols, has_receive_time=False)

    def pieces(self, paths: Sequence[Path], job: Job) -> Iterator[Piece]:
        known, twice, found = set[str](), 0, False
        for block in ascending(paths, job.on_bytes, self._times, self._columns.time):
            ours = block.where(self._ours(block, job.instrument))
            if not len(ours):
                continue
            found = True
            times = self._times(ours)
            fresh = _first_times(ours.cells(self._columns.id), known)
            twice += len(ours) - int(fresh.sum())
            known = set(ours.cells(self._columns.id).filter(pa.array(times == times[-1])).to_pylist())
            yield Piece(Table.TRADES, str(ours.path), self._trades(ours.where(fresh), job.instrument))
        if not found:
            raise fault(paths[-1], f"nothing of {job.instrument.raw_symbol} in it", field=self._columns.symbol)
        if twice:
            job.on_warning(f"{twice} trades that were there already were left out")

    def _times(self, block: Rows) -> Int64s:
        return block.times(self._columns.time, self._columns.unit)

    def _ours(self, block: Rows, instrument: Instrument) -> Bools:
        if self._columns.symbol is None:
            return np.ones(len(block), bool)
        ours: Bools = pc.equal(block.cells(self._columns.symbol), instrument.raw_symbol).to_numpy(zero_copy_only=False)
        return ours

    def _trades(self, block: Rows, instrument: Instrument) -> pa.Table:
        columns = self._columns
        self.check(block, instrument)
        ids = block.cells(columns.id)
        block.refuse(pc.equal(ids, "").to_numpy(zero_copy_only=False), columns.id, "a trade without an id")
        times = self._times(block)
        trades = [
            times,
            times,
            block.words(columns.side, _SIDES).astype(np.int8),
            block.prices(columns.price, instrument),
            block.sizes(columns.size, instrument),
            pc.utf8_slice_codeunits(ids, -_MOST_ID),
            self._kinds(block),
            block.lines,
        ]
        return pa.Table.from_arrays([pa.array(each) for each in trades], schema=SCHEMAS[Table.TRADES])

    def _kinds(self, block: Rows) -> pa.Array:
        name = self._columns.special
        if name is None or name not in block.table.column_names:
            return pa.repeat(MARKET, len(block))
        ordinary = pc.is_in(pc.utf8_lower(block.cells(name)), value_set=pa.array(_ORDINARY))
        return pc.if_else(ordinary, MARKET, self._columns.special_kind)

    def check(self, block: Rows, instrument: Instrument) -> None:
        """What a vendor's other columns say against the instrument. Raises DataError."""


def _first_times(ids: pa.Array, known: set[str]) -> Bools:
    """False for an id that was there before."""
    fresh = np.ones(len(ids), bool)
    encoded = ids.dictionary_encode()
    if len(encoded.dictionary) < len(ids):
        fresh[:] = False
        fresh[np.unique(encoded.indices.to_numpy(), return_index=True)[1]] = True
    if known:
        fresh &= ~pc.is_in(ids, value_set=pa.array(sorted(known))).to_numpy(zero_copy_only=False)
    return fresh
