"""What the columns of a CSV file are, and where its messages end."""

from functools import cached_property
from typing import Any

import msgspec
import polars as pl

AS_IS: dict[str, Any] = {
    "has_header": False,
    "quote_char": None,
    "empty_string_is_null": False,
    "encoding": "utf8",
}  # how polars must read lines for nothing to be guessed


class Form(msgspec.Struct, frozen=True, dict=True):
    """A file's columns: `whole` are integers, `numbers` decimals that every row has, `sparse` those that may be empty,
    `truths` true or false; the rest is text, as written. Rows that follow one another with the same cells in the
    columns of `message` are one message."""

    columns: tuple[str, ...]
    whole: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    sparse: frozenset[str] = frozenset()
    truths: frozenset[str] = frozenset()
    message: tuple[str, ...] = ()
    header: bool = True

    @cached_property
    def types(self) -> dict[str, type[pl.DataType]]:
        kinds = ((self.whole, pl.Int64), (self.numbers | self.sparse, pl.Float64), (self.truths, pl.Boolean))
        typed = {name: kind for names, kind in kinds for name in names}
        return {name: typed.get(name, pl.String) for name in self.columns}

    def cut(self, text: bytes) -> int:
        """Where the last message begins of a text that may begin within a line, or end within one; 0 if nobody can say.
        Without messages, where the last line that is not whole begins."""
        end = text.rfind(b"\n") + 1
        if not self.message or not end:
            return end
        places = [self.columns.index(name) for name in self.message]
        last: list[bytes] | None = None
        while (start := text.rfind(b"\n", 0, end - 1) + 1) > 0:
            cells = text[start : end - 1].split(b",")
            key = [cells[n] for n in places if n < len(cells)]
            if last is not None and key != last:
                return end
            last, end = key, start
        return 0


def header_of(head: bytes) -> tuple[str, ...]:
    """The first line's cells. OKX once named its columns twice, `price/<the same in Chinese>`: the first counts."""
    line = head.partition(b"\n")[0].rstrip(b"\r").decode(errors="replace").removeprefix("\ufeff")
    return tuple(cell.partition("/")[0].strip() for cell in line.split(","))
