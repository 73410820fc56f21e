"""CSV as blocks of typed columns, each row with its line, each fault with its line and field.

Numbers are read as the nearest float64, and counted in whole units from there. That is exact for every decimal of at
most 15 digits: no other decimal of 15 digits has the same float, and what lies off the grid by its last digit is
further from it than the bound. Where the bound says no, or a number is too large for it, the text is read again, digit
by digit. More digits than a float holds are the noise of a vendor's own floats: 0.30000000000000004 is 0.3.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from data.csv_faults import misread
from data.csv_form import AS_IS, Form
from data.decimals import BadNumberError, Bools, Int64s, exact, grid_of_floats, whole_units
from data.readers.protocol import OnBytes
from data.source import fault, line_blocks
from engine.core.errors import DataError
from engine.core.types import Instrument

NAMES_NS = {1: "nanoseconds", 1_000: "microseconds", 1_000_000: "milliseconds", 1_000_000_000: "seconds"}
_PLAUSIBLE_S = (1_483_228_800, 4_102_444_800)  # 2017 to 2100
_COARSE_NS = 10_000  # in which times of seconds or milliseconds have 15 digits at most


class Block(msgspec.Struct, frozen=True):
    """Some rows of a file, and where they stand in it. `text` begins with the line `first`."""

    path: Path
    form: Form
    rows: pl.DataFrame
    lines: Int64s
    first: int
    text: bytes

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, mask: Bools) -> "Block":
        if mask.all():
            return self
        return msgspec.structs.replace(self, rows=self.rows.filter(pl.Series(mask)), lines=self.lines[mask])

    def backwards(self) -> "Block":
        return msgspec.structs.replace(self, rows=self.rows.reverse(), lines=self.lines[::-1])

    def fault(self, row: int, field: str, reason: str) -> DataError:
        return fault(self.path, reason, line=int(self.lines[row]), field=field)

    def refuse(self, mask: Bools, field: str, reason: str) -> None:
        """Raises DataError for the first row that a mask shows."""
        if mask.any():
            raise self.fault(int(mask.argmax()), field, reason)

    def whole(self, name: str) -> Int64s:
        values: Int64s = self.rows[name].to_numpy()
        return values

    def times(self, name: str, unit_ns: int) -> Int64s:
        """A time in nanoseconds. Raises DataError for a unit that it cannot be."""
        if self.rows[name].dtype == pl.Int64:
            whole, unit = self.whole(name), unit_ns
        else:
            whole, unit = self._decimal_times(name, unit_ns)
        odd = (whole < _PLAUSIBLE_S[0] * (10**9 // unit)) | (whole > _PLAUSIBLE_S[1] * (10**9 // unit))
        if odd.any():
            value = self.rows[name][int(odd.argmax())]
            self.refuse(odd, name, f"{value} is no time in {NAMES_NS[unit_ns]} between 2017 and 2100: a wrong unit?")
        return whole * unit

    def _decimal_times(self, name: str, unit_ns: int) -> tuple[Int64s, int]:
        """Whole numbers, and of how many nanoseconds."""
        coarse = grid_of_floats(self.whole(name), Decimal(_COARSE_NS) / unit_ns)
        if coarse is not None:
            return coarse, _COARSE_NS
        return self._exactly(name, Decimal(1) / unit_ns, f"a time in {NAMES_NS[unit_ns]}"), 1

    def words(self, name: str, values: Mapping[str, int]) -> Int64s:
        """A column of few words, in whatever case, as what they stand for."""
        column = self.rows[name]
        known = column.unique().to_list()
        if odd := sorted(word for word in known if word.lower() not in values):
            self.refuse((column == odd[0]).to_numpy(), name, f"{odd[0]!r} is none of {', '.join(values)}")
        meanings = {word: values[word.lower()] for word in known}
        found: Int64s = column.replace_strict(meanings, return_dtype=pl.Int64).to_numpy()
        return found

    def ticks(self, name: str, instrument: Instrument) -> Int64s:
        return self.grid(name, instrument.tick, f"{instrument.id}'s tick")

    def lots(self, name: str, instrument: Instrument) -> Int64s:
        return self.grid(name, instrument.step, f"{instrument.id}'s step")

    def grid(self, name: str, unit: Decimal, word: str) -> Int64s:
        """A number in whole units, 0 where it is empty; `word` names the unit. Raises DataError for one that is off."""
        units = grid_of_floats(self.rows[name].fill_null(0).to_numpy(), unit)
        return self._exactly(name, unit, word) if units is None else units

    def _exactly(self, name: str, unit: Decimal, word: str) -> Int64s:
        try:
            return whole_units(",".join(cell or "0" for cell in self.cells(name)).encode(), unit)
        except BadNumberError as error:
            reason = f"{error.reason}, {word}" if "whole number of" in error.reason else error.reason
            raise self.fault(error.index, name, reason) from error

    def cells(self, name: str) -> list[str]:
        """A column as it is written."""
        at, texts = self.form.columns.index(name), dict.fromkeys(self.form.columns, pl.String)
        written = pl.read_csv(self.text, columns=[at], schema=texts, **AS_IS).to_series()
        return written.gather(self.lines - self.first).to_list()

    def numbers(self, name: str) -> list[Decimal | None]:
        """A sparse column of text as numbers: None where a cell is empty."""
        return [self._number(cell, n, name) if cell else None for n, cell in enumerate(self.rows[name].to_list())]

    def prices(self, name: str) -> list[Decimal | None]:
        found = self.numbers(name)
        for n, value in enumerate(found):
            if value is not None and value <= 0:
                raise self.fault(n, name, f"{value} is not a price")
        return found

    def moments(self, name: str, unit_ns: int) -> list[int | None]:
        """A sparse column of times, in nanoseconds."""
        found, low, high = self.numbers(name), *(edge * (10**9 // unit_ns) for edge in _PLAUSIBLE_S)
        for n, value in enumerate(found):
            if value is not None and (value % 1 or not low <= value <= high):
                raise self.fault(n, name, f"{value} is no time in {NAMES_NS[unit_ns]}")
        return [None if value is None else int(value) * unit_ns for value in found]

    def _number(self, cell: str, row: int, name: str) -> Decimal:
        try:
            return exact(cell)
        except BadNumberError as error:
            raise self.fault(row, name, error.reason) from error


def blocks(path: Path, form: Form, on_bytes: OnBytes) -> Iterator[Block]:
    """The file's rows, some megabytes of text at a time, never a part of a message."""
    first = 1
    for number, block in enumerate(line_blocks(path, on_bytes, form.cut)):
        text = block
        if number == 0 and form.header:
            text, first = block[block.index(b"\n") + 1 :], 2
        if text and not text.isspace():
            yield parsed(path, form, text, first)
        first += _lines_of(text)


def parsed(path: Path, form: Form, text: bytes, first: int) -> Block:
    """Lines of a file, of which the first is of this number. Blank lines may stand at their end."""
    body = text.rstrip() + b"\n" if text.endswith((b"\n\n", b"\n\r\n")) else text
    if b"\0" in body:
        raise misread(path, form, body, first, "has NUL in it")
    try:
        rows = pl.read_csv(body, schema=form.types, **AS_IS)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise misread(path, form, body, first, str(error).partition("\n")[0]) from error
    odd = any(rows[name].null_count() for name in form.columns if name not in form.sparse)
    cut = _count(body, b",") != len(rows) * (len(form.columns) - 1)  # the parser takes what is missing for empty
    if odd or cut or len(rows) != _lines_of(body):
        raise misread(path, form, body, first, "a cell is empty, or missing")
    return Block(path, form, rows, np.arange(first, first + len(rows)), first, body)


def _lines_of(text: bytes) -> int:
    return _count(text, b"\n")


def _count(text: bytes, byte: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord(byte)))
