"""Tardis CSV as blocks of typed columns, each row with its line, each fault with its line and field."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from data.decimals import BadNumberError, Bools, Int64s, exact
from data.readers.protocol import OnBytes
from data.source import fault, line_blocks
from engine.core.errors import DataError, Problem

US = 1_000
_PLAUSIBLE_US = (1_483_228_800_000_000, 4_102_444_800_000_000)  # 2017 to 2100
_TIMES = ("timestamp", "local_timestamp")
_MOST_PROBLEMS = 20

_START = ("exchange", "symbol", *_TIMES)
BOOK = (*_START, "is_snapshot", "side", "price", "amount")
TRADES = (*_START, "id", "side", "price", "amount")
TICKER = (
    *_START,
    "funding_timestamp",
    "funding_rate",
    "predicted_funding_rate",
    "open_interest",
    "last_price",
    "index_price",
    "mark_price",
)


class Block(msgspec.Struct, frozen=True):
    """Some rows of a file: times as integers, the rest as written."""

    path: Path
    rows: pa.Table
    lines: Int64s

    def where(self, mask: pa.ChunkedArray) -> "Block":
        if pc.all(mask).as_py():
            return self
        return Block(self.path, self.rows.filter(mask), self.lines[mask.to_numpy()])

    def slice(self, start: int, stop: int | None = None) -> "Block":
        length = None if stop is None else stop - start
        return Block(self.path, self.rows.slice(start, length), self.lines[start:stop])

    def line(self, mask: Bools) -> int:
        """The line of the first row that a mask shows."""
        return int(self.lines[np.flatnonzero(mask)[0]])

    def times(self, name: str) -> Int64s:
        """A time in nanoseconds. Raises DataError for a unit that it cannot be."""
        us: Int64s = self.rows[name].to_numpy()
        odd = (us < _PLAUSIBLE_US[0]) | (us > _PLAUSIBLE_US[1])
        if odd.any():
            value = us[np.flatnonzero(odd)[0]]
            reason = f"{value} is no time in microseconds between 2017 and 2100: a wrong unit?"
            raise fault(self.path, reason, line=self.line(odd), field=name)
        return us * US

    def words(self, name: str, values: Mapping[str, int]) -> Int64s:
        """A column of few words as what they stand for."""
        encoded = self.rows[name].combine_chunks().dictionary_encode()
        known = encoded.dictionary.to_pylist()
        if odd := [word for word in known if word not in values]:
            mask = pc.equal(self.rows[name], odd[0]).to_numpy()
            reason = f"{odd[0]!r} is none of {', '.join(values)}"
            raise fault(self.path, reason, line=self.line(mask), field=name)
        meanings: Int64s = np.array([values[word] for word in known], np.int64)
        indices: Int64s = encoded.indices.to_numpy()
        return meanings[indices]

    def joined(self, *names: str) -> bytes:
        """The columns' cells, row by row, separated by commas."""
        columns = [self.rows[name].combine_chunks() for name in names]
        for name, column in zip(names, columns, strict=True):
            odd = pc.or_(pc.equal(pc.binary_length(column), 0), pc.match_substring(column, ","))
            if pc.any(odd).as_py():
                mask = odd.to_numpy(zero_copy_only=False)
                cell = column[int(np.flatnonzero(mask)[0])].as_py()
                raise fault(self.path, f"{cell!r} is not a number", line=self.line(mask), field=name)
        cells = pc.binary_join_element_wise(*columns, "", ",")
        start, end = cells.offset, cells.offset + len(cells)
        offsets = np.frombuffer(cells.buffers()[1], np.int32)
        return memoryview(cells.buffers()[2])[offsets[start] : offsets[end] - 1].tobytes()

    def numbers(self, name: str) -> list[Decimal | None]:
        """A sparse column: None where a cell is empty."""
        cells = self.rows[name].to_pylist()
        return [self._number(cell, n, name) if cell else None for n, cell in enumerate(cells)]

    def prices(self, name: str) -> list[Decimal | None]:
        found = self.numbers(name)
        for n, value in enumerate(found):
            if value is not None and value <= 0:
                raise fault(self.path, f"{value} is not a price", line=int(self.lines[n]), field=name)
        return found

    def moments(self, name: str) -> list[int | None]:
        """A sparse column of times in microseconds, as nanoseconds."""
        found = self.numbers(name)
        for n, value in enumerate(found):
            if value is not None and (value % 1 or not _PLAUSIBLE_US[0] <= value <= _PLAUSIBLE_US[1]):
                raise fault(self.path, f"{value} is no time in microseconds", line=int(self.lines[n]), field=name)
        return [None if value is None else int(value) * US for value in found]

    def _number(self, cell: str, row: int, name: str) -> Decimal:
        try:
            return exact(cell)
        except BadNumberError as error:
            raise fault(self.path, error.reason, line=int(self.lines[row]), field=name) from error


def blocks(path: Path, columns: tuple[str, ...], on_bytes: OnBytes, *, messages: bool = False) -> Iterator[Block]:
    """The file's rows, some megabytes of text at a time; with `messages`, no message is cut by a block's end."""
    first, waiting = 1, None
    for number, text in enumerate(line_blocks(path, on_bytes)):
        body = text
        if number == 0:
            body, first = text[text.index(b"\n") + 1 :], 2
        if not body.strip():
            continue
        blank_end = body.endswith((b"\n\n", b"\n\r\n"))
        block = _parsed(path, body.rstrip() + b"\n" if blank_end else body, columns, first)
        first += body.count(b"\n")
        if not messages:
            yield block
            continue
        if waiting is not None:
            rows = pa.concat_tables([waiting.rows, block.rows])
            block = Block(path, rows, np.concatenate([waiting.lines, block.lines]))
        cut = _last_message(block)
        if cut:
            yield block.slice(0, cut)
        waiting = block.slice(cut)
    if waiting is not None:
        yield waiting


def _last_message(block: Block) -> int:
    """The row at which the last message of a block begins."""
    change = np.zeros(len(block.rows) - 1, bool)
    for name in _TIMES:
        change |= np.diff(block.rows[name].to_numpy()) != 0
    change |= np.diff(pc.equal(block.rows["is_snapshot"], "true").to_numpy().astype(np.int8)) != 0
    found = np.flatnonzero(change)
    return int(found[-1]) + 1 if len(found) else 0


def _parsed(path: Path, text: bytes, columns: tuple[str, ...], first_line: int) -> Block:
    types = {name: pa.int64() if name in _TIMES else pa.string() for name in columns}
    try:
        rows = pcsv.read_csv(
            pa.BufferReader(text),
            read_options=pcsv.ReadOptions(column_names=columns, block_size=len(text) + 1, use_threads=False),
            parse_options=pcsv.ParseOptions(quote_char=False, ignore_empty_lines=False),
            convert_options=pcsv.ConvertOptions(column_types=types, strings_can_be_null=False, null_values=[]),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise _misread(path, text, columns, first_line, error) from error
    return Block(path, rows, np.arange(first_line, first_line + len(rows)))


def _misread(path: Path, text: bytes, columns: tuple[str, ...], first_line: int, error: Exception) -> DataError:
    """Which lines and fields it was that could not be read."""
    problems: list[Problem] = []
    for line, row in enumerate(text.rstrip(b"\n").split(b"\n"), first_line):
        cells = row.rstrip(b"\r").split(b",")
        if len(cells) != len(columns):
            problems.append(Problem(str(path), f"{len(cells)} columns instead of {len(columns)}", line))
        else:
            named = dict(zip(columns, cells, strict=True))
            for name in _TIMES:
                if not named[name].isdigit() or len(named[name]) > 18:
                    shown = named[name].decode(errors="replace")
                    reason = f"{shown!r} is no time in microseconds"
                    problems.append(Problem(str(path), reason, line, name))
        if len(problems) >= _MOST_PROBLEMS:
            break
    return DataError(*problems) if problems else fault(path, f"cannot be read near line {first_line}: {error}")
