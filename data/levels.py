"""Levels of book messages as JSON writes them, many messages at once, as whole ticks and lots.

A level is `["price","size"]`, with more numbers behind them on some venues, or `{"px":"..","sz":"..","n":1}`. The text
of a whole batch is checked and turned into numbers in one go. A batch written otherwise than usual (blanks, another
order) is read side by side, which also finds the message at fault.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from data.decimals import BadNumberError, Int64s, in_units, mantissas
from data.source import fault
from engine.core.types import Instrument

_NUMBER = b"0123456789."
_NOT_NUMBERS = bytes(byte for byte in range(256) if byte not in b"0123456789.,")
_FIELDS = ("price", "size")


# What is left of a level without its digits, of every venue that is read. A third number is a count of orders, as is a
# fourth behind one that is no longer used.
_FORMS = frozenset(
    {
        b'["",""]',
        b'["","",""]',
        b'["","",]',
        b'["","","",""]',
        b'{"px":"","sz":""}',
        b'{"px":"","sz":"","n":}',
    }
)


class _Named(msgspec.Struct, frozen=True):
    px: str
    sz: str


_lists = msgspec.json.Decoder(list[list[str | int]])
_objects = msgspec.json.Decoder(list[_Named])


class Side(msgspec.Struct, frozen=True, gc=False):
    """One side of a message as written: a JSON list of levels, and its line."""

    text: bytes
    line: int
    field: str


def ticks_and_lots(path: Path, sides: Sequence[Side], instrument: Instrument) -> tuple[Int64s, Int64s, Int64s]:
    """Prices in ticks and sizes in lots of all levels, side after side, and how many levels each side has.

    Raises DataError for a side that is no list of levels, a number that is none or off the grid, and a price of 0.
    """
    text, counts, width = _numbers(path, sides)
    if not text:
        nothing = np.empty(0, np.int64)
        return nothing, nothing, counts
    at = np.repeat(np.arange(len(sides)), counts)  # the side of each level
    try:
        numbers, places = mantissas(text)
    except BadNumberError as error:
        field = _FIELDS[min(error.index % width, 1)]
        raise fault(path, error.reason, line=sides[at[error.index // width]].line, field=field) from error
    units = []
    for column, (unit, word) in enumerate(((instrument.tick, "tick"), (instrument.step, "step"))):
        try:
            units.append(in_units(numbers[column::width], places[column::width], unit))
        except BadNumberError as error:
            reason = f"{error.reason}, {instrument.id}'s {word}"
            raise fault(path, reason, line=sides[at[error.index]].line, field=_FIELDS[column]) from error
    if not units[0].all():
        line = sides[at[np.flatnonzero(units[0] == 0)[0]]].line
        raise fault(path, "a level at price 0", line=line, field="price")
    return units[0], units[1], counts


def _numbers(path: Path, sides: Sequence[Side]) -> tuple[bytes, Int64s, int]:
    """All levels' numbers with commas between them, how many levels each side has, and how many numbers a level."""
    some = [side.text for side in sides if side.text != b"[]"]
    if not some:
        return b"", np.zeros(len(sides), np.int64), 2
    opening = some[0][1:2]
    first = some[0][1 : some[0].find(b"]" if opening == b"[" else b"}") + 1]
    bare = first.translate(None, _NUMBER)
    counts = np.array([side.text.count(opening) for side in sides], np.int64)
    if opening == b"[":
        counts -= 1
    text = b",".join([each[1:-1] for each in some])
    if bare not in _FORMS or text.translate(None, _NUMBER) != b",".join([bare] * int(counts.sum())):
        return *_rewritten(path, sides), 2
    return text.translate(None, _NOT_NUMBERS), counts, bare.count(b",") + 1


def _rewritten(path: Path, sides: Sequence[Side]) -> tuple[bytes, Int64s]:
    """The numbers of each level alone, price and size, and how many levels each side has."""
    cells, counts, levels = list[str](), list[int](), list[tuple[str | int, str | int]]()
    for side in sides:
        try:
            if b"{" in side.text:
                levels = [(level.px, level.sz) for level in _objects.decode(side.text)]
            else:
                levels = [(level[0], level[1]) for level in _lists.decode(side.text)]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, IndexError) as error:
            raise fault(path, f"is no list of levels: {error}", line=side.line, field=side.field) from error
        for cell in (each for level in levels for each in level):
            if not isinstance(cell, str) or not cell or "," in cell:
                raise fault(path, f"{cell!r} is not a number", line=side.line, field=side.field)
            cells.append(cell)
        counts.append(len(levels))
    return ",".join(cells).encode(), np.array(counts, np.int64)
