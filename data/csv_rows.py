"""CSV with a header as blocks of columns, each row with its line, each fault with its line and field."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from data.decimals import BadNumberError, Bools, Int64s, exact, in_units, mantissas
from data.readers.protocol import OnBytes
from data.source import fault, line_blocks
from engine.core.errors import DataError, Problem
from engine.core.types import Instrument

_EARLIEST_NS, _LATEST_NS = 1_483_228_800_000_000_000, 4_102_444_800_000_000_000  # 2017 to 2100
_MOST_PROBLEMS = 20


class Rows(msgspec.Struct, frozen=True):
    """Some rows of a file, all cells as written."""

    path: Path
    table: pa.Table
    lines: Int64s

    def __len__(self) -> int:
        return len(self.table)

    def where(self, mask: Bools) -> "Rows":
        return self if mask.all() else Rows(self.path, self.table.filter(pa.array(mask)), self.lines[mask])

    def backwards(self) -> "Rows":
        return Rows(self.path, self.table.take(pa.array(np.arange(len(self))[::-1])), self.lines[::-1])

    def fault(self, row: int, field: str, reason: str) -> DataError:
        return fault(self.path, reason, line=int(self.lines[row]), field=field)

    def refuse(self, mask: Bools, field: str, reason: str) -> None:
        """Raises DataError for the first row that a mask shows."""
        if mask.any():
            raise self.fault(int(np.flatnonzero(mask)[0]), field, reason)

    def cells(self, name: str) -> pa.Array:
        return self.table[name].combine_chunks()

    def whole(self, name: str, unit: Decimal, what: str) -> Int64s:
        """A column as whole numbers of `unit`, which is called `what`."""
        cells = self.cells(name)
        odd = pc.or_(pc.equal(pc.binary_length(cells), 0), pc.match_substring(cells, ","))
        if pc.any(odd).as_py():
            row = int(np.flatnonzero(odd.to_numpy(zero_copy_only=False))[0])
            raise self.fault(row, name, f"{cells[row].as_py()!r} is not a number")
        try:
            return in_units(*mantissas(",".join(cells.to_pylist()).encode()), unit)
        except BadNumberError as error:
            raise self.fault(error.index, name, f"{error.reason}, {what}") from error

    def prices(self, name: str, instrument: Instrument) -> Int64s:
        prices = self.whole(name, instrument.tick, f"{instrument.id}'s tick")
        self.refuse(prices == 0, name, "a price of 0")
        return prices

    def sizes(self, name: str, instrument: Instrument) -> Int64s:
        sizes = self.whole(name, instrument.step, f"{instrument.id}'s step")
        self.refuse(sizes == 0, name, "a size of 0")
        return sizes

    def times(self, name: str, unit: str) -> Int64s:
        """A time as nanoseconds; `unit` is s (a decimal), ms, us or ns. Raises DataError for one that it cannot be."""
        places = {"s": 9, "ms": 6, "us": 3, "ns": 0}[unit]
        ns = self.whole(name, Decimal(1).scaleb(-places), f"a time in {unit}")
        odd = (ns < _EARLIEST_NS) | (ns > _LATEST_NS)
        self.refuse(odd, name, f"is no time in {unit} between 2017 and 2100: a wrong unit?")
        return ns

    def words(self, name: str, values: Mapping[str, int]) -> Int64s:
        """A column of few words, in whatever case, as what they stand for."""
        encoded = self.cells(name).dictionary_encode()
        known = encoded.dictionary.to_pylist()
        indices: Int64s = encoded.indices.to_numpy()
        for n, word in enumerate(known):
            if word.lower() not in values:
                self.refuse(indices == n, name, f"{word!r} is none of {', '.join(values)}")
        return np.array([values[word.lower()] for word in known], np.int64)[indices]

    def decimals(self, name: str) -> list[Decimal | None]:
        """A sparse column: None where a cell is empty."""
        return [self._decimal(cell, n, name) if cell else None for n, cell in enumerate(self.cells(name).to_pylist())]

    def _decimal(self, cell: str, row: int, name: str) -> Decimal:
        try:
            return exact(cell)
        except BadNumberError as error:
            raise self.fault(row, name, error.reason) from error


def header_of(head: bytes) -> tuple[str, ...]:
    """The first line's cells. OKX once named its columns twice, `price/<the same in Chinese>`: the first counts."""
    line = head.partition(b"\n")[0].rstrip(b"\r").decode(errors="replace").removeprefix("\ufeff")
    return tuple(cell.partition("/")[0].strip() for cell in line.split(","))


def rows(path: Path, on_bytes: OnBytes) -> Iterator[Rows]:
    """The file's rows, some megabytes of text at a time. The first line names the columns."""
    columns: tuple[str, ...] = ()
    line = 2
    for block in line_blocks(path, on_bytes):
        body = block
        if not columns:
            columns, body = header_of(block), block.partition(b"\n")[2]
        if not body.strip():
            continue
        body = body.rstrip() + b"\n" if body.endswith((b"\n\n", b"\n\r\n")) else body
        yield _parsed(path, body, columns, line)
        line += body.count(b"\n")


def _parsed(path: Path, text: bytes, columns: tuple[str, ...], first_line: int) -> Rows:
    try:
        table = pcsv.read_csv(
            pa.BufferReader(text),
            read_options=pcsv.ReadOptions(column_names=columns, block_size=len(text) + 1, use_threads=False),
            parse_options=pcsv.ParseOptions(quote_char=False, ignore_empty_lines=False),
            convert_options=pcsv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False, null_values=[]
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise _misread(path, text, columns, first_line, error) from error
    return Rows(path, table, np.arange(first_line, first_line + len(table)))


def _misread(path: Path, text: bytes, columns: tuple[str, ...], first_line: int, error: Exception) -> DataError:
    problems = [
        Problem(str(path), f"{row.count(b',') + 1} columns instead of {len(columns)}", line)
        for line, row in enumerate(text.rstrip(b"\n").split(b"\n"), first_line)
        if row.count(b",") + 1 != len(columns)
    ]
    return DataError(*problems[:_MOST_PROBLEMS]) if problems else fault(path, f"near line {first_line}: {error}")
