"""A venue's book messages as JSON writes them, gathered and turned into canonical rows a batch at a time."""

from enum import IntEnum
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from msgspec import Raw

from data.decimals import Int64s
from data.far_levels import Levels
from data.levels import Side, ticks_and_lots
from data.running_book import RunningBook, Stamp
from data.schema import SCHEMAS, Table
from engine.core.types import Instrument

_NOTHING = Raw(b"[]")


class _Say(IntEnum):
    CHANGE = 0
    BEGIN = 1
    CORRECT = 2
    LOSE = 3


class Depth:
    """The book of one instrument through its files. See RunningBook for what can happen to it."""

    def __init__(self, instrument: Instrument, depth: int) -> None:
        """`depth`: levels a side that the venue tells at most."""
        self._instrument = instrument
        self._depth = depth
        self._book = RunningBook(depth)
        self._stamps: list[Stamp] = []
        self._said: list[_Say] = []
        self._sides: list[Side] = []  # two a message: bids, asks

    @property
    def corrected(self) -> int:
        return self._book.corrected

    def change(self, at: Stamp, bids: Raw, asks: Raw) -> None:
        self._say(_Say.CHANGE, at, (bids, asks))

    def begin(self, at: Stamp, bids: Raw, asks: Raw) -> None:
        self._say(_Say.BEGIN, at, (bids, asks))

    def correct(self, at: Stamp, bids: Raw, asks: Raw) -> None:
        self._say(_Say.CORRECT, at, (bids, asks))

    def lose(self, at: Stamp) -> None:
        self._say(_Say.LOSE, at, (_NOTHING, _NOTHING))

    def _say(self, what: _Say, at: Stamp, sides: tuple[Raw, Raw]) -> None:
        self._stamps.append(at)
        self._said.append(what)
        self._sides += (Side(bytes(sides[0]), at.line, "bids"), Side(bytes(sides[1]), at.line, "asks"))

    def take(self, path: Path) -> pa.Table:
        """The rows of the messages since the last call. Raises DataError for levels that cannot be."""
        stamps, said, sides = self._stamps, self._said, self._sides
        self._stamps, self._said, self._sides = [], [], []
        if not said:
            return SCHEMAS[Table.BOOK].empty_table()
        prices, sizes, per_side = ticks_and_lots(path, sides, self._instrument)
        levels = Levels(np.repeat(np.tile(np.array([1, -1], np.int8), len(said)), per_side), prices, sizes)
        counts = per_side[0::2] + per_side[1::2]
        ends = np.append(0, np.cumsum(counts))
        turns = [n for n, what in enumerate(said) if what is not _Say.CHANGE]
        cuts = sorted({0, len(said), *turns, *(n + 1 for n in turns)})
        tables = []
        for start, stop in pairwise(cuts):
            some = Levels(*(column[ends[start] : ends[stop]] for column in levels))
            tables.append(self._rows(said[start], stamps[start:stop], counts[start:stop], some))
        return pa.concat_tables(tables)

    def _rows(self, said: _Say, stamps: list[Stamp], counts: Int64s, levels: Levels) -> pa.Table:
        """Some messages that change levels, or one that does anything else."""
        match said:
            case _Say.CHANGE:
                return self._book.change(np.array(stamps, np.int64), counts, levels)
            case _Say.BEGIN:
                return self._book.begin(stamps[0], levels)
            case _Say.CORRECT:
                return self._book.correct(stamps[0], levels, self._depth)
            case _Say.LOSE:
                return self._book.lose(stamps[0])
