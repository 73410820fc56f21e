"""Funding rates of several sources as one: what one lacks the other tells, and what both tell must be the same.

Some tell the rate that is coming, again and again; others the one that was paid, put to a second before. For each
payment the last word counts. Two last words that are less than a minute apart and differ cannot both be true.
"""

import heapq
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import batched
from operator import itemgetter
from typing import NamedTuple

import pyarrow as pa

from data.schema import SCHEMAS, Piece, Table
from engine.core.errors import DataError, Problem

_TOGETHER_NS = 60_000_000_000
_ROWS = 10_000


class _Word(NamedTuple):
    """A row, and whose it is: the number of its stream."""

    ts_init: int
    stream: int
    ts_event: int
    rate: str
    due_ns: int | None
    line: int
    source: str


type _Last = dict[int, dict[int, _Word]]  # of each payment to come, what each stream said last


def merged(streams: Sequence[Iterator[Piece]]) -> Iterator[Piece]:
    """Streams of Table.FUNDING, each in order of ts_init. What only repeats another is left out. Raises DataError where
    two contradict each other."""
    if len(streams) <= 1:
        for stream in streams:
            yield from stream
        return
    words = heapq.merge(*(_words(n, stream) for n, stream in enumerate(streams)), key=itemgetter(0))
    for some in batched(_agreed(words), _ROWS, strict=False):
        columns = zip(*((w.ts_event, w.ts_init, w.rate, w.due_ns, w.line) for w in some), strict=True)
        schema = SCHEMAS[Table.FUNDING]
        rows = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
        yield Piece(Table.FUNDING, some[0].source, pa.Table.from_arrays(rows, schema=schema))


def _words(stream: int, pieces: Iterator[Piece]) -> Iterator[_Word]:
    for piece in pieces:
        names = ("ts_init", "ts_event", "rate", "next_funding_ns", "line")
        for at, event, rate, due, line in zip(*(piece.rows[name].to_pylist() for name in names), strict=True):
            yield _Word(at, stream, event, rate, due, line, piece.source)


def _agreed(words: Iterator[_Word]) -> Iterator[_Word]:
    last: _Last = {}
    said: _Word | None = None
    for word in words:
        for due in [due for due in last if due + _TOGETHER_NS < word.ts_init]:
            _check(last.pop(due))
        if word.due_ns is not None:
            last.setdefault(word.due_ns, {})[word.stream] = word
        repeats = said is not None and said.stream != word.stream and _same(said, word)
        if not repeats:
            said = word
            yield word
    for of_each in last.values():
        _check(of_each)


def _same(one: _Word, other: _Word) -> bool:
    return one.due_ns == other.due_ns and Decimal(one.rate) == Decimal(other.rate)


def _check(of_each: dict[int, _Word]) -> None:
    earlier, *later = sorted(of_each.values())
    for word in later:
        if word.ts_init - earlier.ts_init < _TOGETHER_NS and not _same(earlier, word):
            reason = f"a funding rate of {word.rate}, where {earlier.source}:{earlier.line} says {earlier.rate}"
            raise DataError(Problem(word.source, f"{reason}: give one of them", word.line, "funding rate"))
        earlier = word
