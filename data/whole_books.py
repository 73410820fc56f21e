"""A book that a venue tells whole each time, as what changed in it.

Each message clears the book and tells the best N levels a side: a row of the catalog for each would put every order at
the end of its queue, twice a second. Where a message is lost the next one tells all; but where none came for longer
than `silent_ns`, or the connection was made anew, nobody knew the book meanwhile.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from data.schema import F_LAST, Piece, Table
from data.window import Moment, Windows


class Whole(NamedTuple):
    """`levels` a side are told at most."""

    levels: int
    silent_ns: int


def as_changes(pieces: Iterator[Piece], whole: Whole, reconnected: Sequence[int]) -> Iterator[Piece]:
    """The pieces, those of the book (whole messages) as changes; it begins anew behind a silence, and behind each of
    the times at which the connection was made anew."""
    windows, last = Windows(whole.levels), 0
    for piece in pieces:
        if piece.table is not Table.BOOK:
            yield piece
            continue
        for moment, bids, asks in _told(piece.rows):
            anew = bisect(reconnected, last) < bisect(reconnected, moment.ts_init)
            if anew or moment.ts_init - last > whole.silent_ns:
                windows.restart()
            windows.add(moment, bids, asks)
            last = moment.ts_init
        yield Piece(Table.BOOK, piece.source, windows.take())


def _told(rows: pa.Table) -> Iterator[tuple[Moment, list[tuple[int, int]], list[tuple[int, int]]]]:
    """Of each message: when it came, bids and asks, best first."""
    event, local, side, price, size, flags, sequence, line = (column.to_numpy() for column in rows.columns)
    ends = np.flatnonzero(flags & F_LAST) + 1
    for start, stop in pairwise((0, *ends.tolist())):
        bids, asks = (
            sorted(zip(price[at].tolist(), size[at].tolist(), strict=True), reverse=sign > 0)
            for sign in (1, -1)
            for at in [start + np.flatnonzero(side[start:stop] == sign)]
        )
        yield Moment(*(int(column[stop - 1]) for column in (event, local, line, sequence))), bids, asks
