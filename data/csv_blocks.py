"""CSV as blocks of typed columns, each row with its line, each fault with its line and field.

Numbers are read as the nearest float64, and counted in whole units from there. That is exact for every decimal of at
most 15 digits: no other decimal of 15 digits has the same float, and what lies off the grid by its last digit is
further from it than the bound. Where the bound says no, or a number is too large for it, the text is parsed again,
digit by digit.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from data.decimals import BadNumberError, Bools, Int64s, exact, grid_of_floats, whole_units
from data.readers.protocol import OnBytes
from data.source import fault, line_blocks
from engine.core.errors import DataError, Problem

NAMES_NS = {1: "nanoseconds", 1_000: "microseconds", 1_000_000: "milliseconds", 1_000_000_000: "seconds"}
_PLAUSIBLE_S = (1_483_228_800, 4_102_444_800)  # 2017 to 2100
_MOST_PROBLEMS = 20


class Form(msgspec.Struct, frozen=True):
    """A file's columns: `whole` are integers, `numbers` decimals that every row has, `sparse` those that may be empty,
    `truths` true or false; the rest is text, as written."""

    columns: tuple[str, ...]
    whole: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    sparse: frozenset[str] = frozenset()
    truths: frozenset[str] = frozenset()
    header: bool = True

    def types(self) -> dict[str, type[pl.DataType]]:
        kinds = ((self.whole, pl.Int64), (self.numbers | self.sparse, pl.Float64), (self.truths, pl.Boolean))
        typed = {name: kind for names, kind in kinds for name in names}
        return {name: typed.get(name, pl.String) for name in self.columns}


class Block(msgspec.Struct, frozen=True):
    """Some rows of a file, and where they stand in it."""

    path: Path
    form: Form
    rows: pl.DataFrame
    lines: Int64s
    texts: tuple[tuple[int, bytes], ...]  # first line, and the text from there: for a second look at a number

    def where(self, mask: Bools) -> "Block":
        if mask.all():
            return self
        return msgspec.structs.replace(self, rows=self.rows.filter(pl.Series(mask)), lines=self.lines[mask])

    def line(self, mask: Bools) -> int:
        """The line of the first row that a mask shows."""
        return int(self.lines[np.flatnonzero(mask)[0]])

    def whole(self, name: str) -> Int64s:
        values: Int64s = self.rows[name].to_numpy()
        return values

    def times(self, name: str, unit_ns: int) -> Int64s:
        """A time in nanoseconds. Raises DataError for a unit that it cannot be."""
        values = self.whole(name)
        odd = (values < _PLAUSIBLE_S[0] * (10**9 // unit_ns)) | (values > _PLAUSIBLE_S[1] * (10**9 // unit_ns))
        if odd.any():
            value = values[np.flatnonzero(odd)[0]]
            reason = f"{value} is no time in {NAMES_NS[unit_ns]} between 2017 and 2100: a wrong unit?"
            raise fault(self.path, reason, line=self.line(odd), field=name)
        return values * unit_ns

    def words(self, name: str, values: Mapping[str, int]) -> Int64s:
        """A column of few words as what they stand for."""
        column = self.rows[name]
        if odd := sorted(set(column.unique().to_list()) - values.keys()):
            reason = f"{odd[0]!r} is none of {', '.join(values)}"
            raise fault(self.path, reason, line=self.line((column == odd[0]).to_numpy()), field=name)
        meanings: Int64s = column.replace_strict(values, return_dtype=pl.Int64).to_numpy()
        return meanings

    def grid(self, name: str, unit: Decimal, word: str) -> Int64s:
        """A number in whole units, 0 where it is empty; `word` names the unit. Raises DataError for one that is off."""
        units = grid_of_floats(self.rows[name].fill_null(0).to_numpy(), unit)
        if units is not None:
            return units
        cells = self._cells(name)
        try:
            return whole_units(b",".join(cells), unit)
        except BadNumberError as error:
            reason = f"{error.reason}, {word}" if "whole number of" in error.reason else error.reason
            raise fault(self.path, reason, line=int(self.lines[error.index]), field=name) from error

    def _cells(self, name: str) -> list[bytes]:
        """A column as it is written."""
        at, first = self.form.columns.index(name), self.texts[0][0]
        written = [line for _, text in self.texts for line in text.splitlines()]
        return [written[line - first].split(b",")[at] or b"0" for line in self.lines.tolist()]

    def numbers(self, name: str) -> list[Decimal | None]:
        """A sparse column of text as numbers: None where a cell is empty."""
        return [self._number(cell, n, name) if cell else None for n, cell in enumerate(self.rows[name].to_list())]

    def prices(self, name: str) -> list[Decimal | None]:
        found = self.numbers(name)
        for n, value in enumerate(found):
            if value is not None and value <= 0:
                raise fault(self.path, f"{value} is not a price", line=int(self.lines[n]), field=name)
        return found

    def moments(self, name: str, unit_ns: int) -> list[int | None]:
        """A sparse column of times, in nanoseconds."""
        found, low, high = self.numbers(name), *(edge * (10**9 // unit_ns) for edge in _PLAUSIBLE_S)
        for n, value in enumerate(found):
            if value is not None and (value % 1 or not low <= value <= high):
                reason = f"{value} is no time in {NAMES_NS[unit_ns]}"
                raise fault(self.path, reason, line=int(self.lines[n]), field=name)
        return [None if value is None else int(value) * unit_ns for value in found]

    def _number(self, cell: str, row: int, name: str) -> Decimal:
        try:
            return exact(cell)
        except BadNumberError as error:
            raise fault(self.path, error.reason, line=int(self.lines[row]), field=name) from error


def blocks(path: Path, form: Form, on_bytes: OnBytes) -> Iterator[Block]:
    """The file's rows, some megabytes of text at a time."""
    first = 1
    for number, block in enumerate(line_blocks(path, on_bytes)):
        text = block
        if number == 0 and form.header:
            text, first = block[block.index(b"\n") + 1 :], 2
        body = text.rstrip() + b"\n" if not text or text.endswith((b"\n\n", b"\n\r\n")) else text
        lines = text.count(b"\n")
        if not body.isspace():
            yield parsed(path, form, body, first, lines if body is text else body.count(b"\n"))
        first += lines


def parsed(path: Path, form: Form, text: bytes, first_line: int, lines: int) -> Block:
    try:
        rows = pl.read_csv(
            text, has_header=False, schema=form.types(), quote_char=None, empty_string_is_null=False, encoding="utf8"
        )
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise _misread(path, form, text, first_line, str(error).partition("\n")[0]) from error
    nulls = rows.null_count().row(0, named=True)
    if any(count for name, count in nulls.items() if name not in form.sparse) or len(rows) != lines:
        raise _misread(path, form, text, first_line, "a cell is empty, or missing")
    return Block(path, form, rows, np.arange(first_line, first_line + len(rows)), ((first_line, text),))


def _misread(path: Path, form: Form, text: bytes, first_line: int, said: str) -> DataError:
    """Which lines and fields it was that could not be read."""
    problems: list[Problem] = []
    for line, row in enumerate(text.rstrip(b"\n").split(b"\n"), first_line):
        cells = row.rstrip(b"\r").decode(errors="replace").split(",")
        if len(cells) != len(form.columns):
            problems.append(Problem(str(path), f"{len(cells)} columns instead of {len(form.columns)}", line))
        else:
            named = zip(form.columns, cells, strict=True)
            problems += (Problem(str(path), why, line, name) for name, cell in named if (why := _why(form, name, cell)))
        if len(problems) >= _MOST_PROBLEMS:
            break
    return DataError(*problems) if problems else fault(path, f"cannot be read: {said}", line=first_line)


def _why(form: Form, name: str, cell: str) -> str | None:
    """What is wrong with a cell."""
    if name in form.whole and not (cell.isascii() and cell.isdigit() and len(cell) <= 18):
        return f"{cell!r} is no whole number of at most 18 digits"
    if name in form.truths and cell.lower() not in {"true", "false"}:
        return f"{cell!r} is none of true, false"
    if name in form.numbers or (name in form.sparse and cell):
        try:
            exact(cell)
        except BadNumberError as error:
            return error.reason
    return "is no UTF-8 text" if "\ufffd" in cell else None


def whole_messages(found: Iterator[Block], keys: Sequence[str]) -> Iterator[Block]:
    """Blocks cut where the keys change: a message is rows that follow one another with the same ones."""
    waiting: Block | None = None
    for block in found:
        joined = block if waiting is None else _joined(waiting, block)
        cut = _last_message(joined, keys)
        if cut:
            yield _slice(joined, 0, cut)
        waiting = _slice(joined, cut, len(joined.rows))
    if waiting is not None:
        yield waiting


def _joined(first: Block, second: Block) -> Block:
    rows, lines = pl.concat([first.rows, second.rows]), np.concatenate([first.lines, second.lines])
    texts = tuple(each for each in first.texts if each[0] + each[1].count(b"\n") > lines[0])
    return Block(second.path, second.form, rows, lines, texts + second.texts)


def _slice(block: Block, start: int, stop: int) -> Block:
    return msgspec.structs.replace(block, rows=block.rows[start:stop], lines=block.lines[start:stop])


def _last_message(block: Block, keys: Sequence[str]) -> int:
    """The row at which the last message of a block begins."""
    found = np.flatnonzero(changes(block, keys))
    return int(found[-1]) + 1 if len(found) else 0


def changes(block: Block, keys: Sequence[str]) -> Bools:
    """For each row but the first, whether it is of another message than the row before."""
    change = np.zeros(len(block.rows) - 1, bool)
    for name in keys:
        values = block.rows[name].to_numpy()
        change |= values[1:] != values[:-1]
    return change
