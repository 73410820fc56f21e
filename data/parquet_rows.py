"""Parquet files as batches of columns, each row with its number, each fault with its row and column."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.decimals import BadNumberError, Bools, Int64s
from data.floats import float_units
from data.readers.protocol import OnBytes
from data.source import fault
from engine.core.errors import DataError
from engine.core.types import Instrument

MAGIC = b"PAR1"
_CELLS = 1 << 20  # cells a batch
_EARLIEST_NS, _LATEST_NS = 1_483_228_800_000_000_000, 4_102_444_800_000_000_000  # 2017 to 2100
_ERRORS = (pa.ArrowException, OSError, ValueError)


class Batch(msgspec.Struct, frozen=True):
    path: Path
    table: pa.Table
    lines: Int64s

    def __len__(self) -> int:
        return len(self.table)

    def where(self, mask: Bools) -> "Batch":
        return self if mask.all() else Batch(self.path, self.table.filter(pa.array(mask)), self.lines[mask])

    def fault(self, row: int, field: str, reason: str) -> DataError:
        return fault(self.path, reason, line=int(self.lines[row]), field=field)

    def refuse(self, mask: Bools, field: str, reason: str) -> None:
        """Raises DataError for the first row that a mask shows."""
        if mask.any():
            raise self.fault(int(np.flatnonzero(mask)[0]), field, reason)

    def column(self, name: str) -> pa.Array:
        """Raises DataError for a cell without a value."""
        column = self.table[name].combine_chunks()
        if column.null_count:
            self.refuse(column.is_null().to_numpy(zero_copy_only=False), name, "has no value")
        return column

    def times(self, name: str, *, absent: Int64s | None = None) -> Int64s:
        """Nanoseconds; those of `absent` where there is none or it is 0. Raises DataError for an impossible time."""
        column = self.table[name].combine_chunks()
        if pa.types.is_timestamp(column.type):
            column = pc.cast(column, pa.timestamp("ns", column.type.tz), safe=False).cast(pa.int64())
        elif not pa.types.is_integer(column.type):
            raise self.fault(0, name, f"is no time but {column.type}")
        ns: Int64s = pc.fill_null(column, 0).to_numpy(zero_copy_only=False).astype(np.int64)
        if absent is not None:
            ns = np.where(ns == 0, absent, ns)
        odd = (ns < _EARLIEST_NS) | (ns > _LATEST_NS)
        self.refuse(odd, name, "is no time in nanoseconds between 2017 and 2100: a wrong unit, or none?")
        return ns

    def ticks(self, name: str, instrument: Instrument) -> Int64s:
        return self._units(name, instrument, "tick")

    def prices(self, name: str, instrument: Instrument) -> Int64s:
        prices = self.ticks(name, instrument)
        self.refuse(prices == 0, name, "a price of 0")
        return prices

    def sizes(self, name: str, instrument: Instrument) -> Int64s:
        return self._units(name, instrument, "step")

    def floats(self, name: str) -> npt.NDArray[np.float64]:
        column = self.table[name].combine_chunks()
        if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
            raise self.fault(0, name, f"is no number but {column.type}")
        values: npt.NDArray[np.float64] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return values

    def _units(self, name: str, instrument: Instrument, unit: str) -> Int64s:
        try:
            return float_units(self.floats(name), getattr(instrument, unit))
        except BadNumberError as error:
            raise self.fault(error.index, name, f"{error.reason}, {instrument.id}'s {unit}") from error


def schema_of(path: Path) -> pa.Schema:
    """Raises DataError for a file that is no whole Parquet file."""
    try:
        return pq.read_schema(path)
    except _ERRORS as error:
        raise fault(path, f"damaged or truncated Parquet: {error}") from error


def batches(path: Path, on_bytes: OnBytes, columns: Sequence[str] | None = None) -> Iterator[Batch]:
    """The rows of a file, a bounded number at a time."""
    first, size = 1, path.stat().st_size
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            total = max(file.metadata.num_rows, 1)
            most = max(_CELLS // max(len(columns or file.schema_arrow), 1), 1)
            for batch in file.iter_batches(batch_size=most, columns=columns):
                yield Batch(path, pa.Table.from_batches([batch]), np.arange(first, first + len(batch)))
                on_bytes(size * len(batch) // total)
                first += len(batch)
    except _ERRORS as error:
        raise fault(path, f"damaged Parquet near row {first}: {error}", line=first) from error
