"""A book that was recorded from a venue that tells its best N levels: what only left the window stays."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from data.decimals import Int64s
from data.far_levels import Levels
from data.running_book import RunningBook, Stamp
from data.schema import F_LAST, Piece, Table

_STAMP = ("ts_event", "ts_init", "sequence", "line")


def windowed(pieces: Iterator[Piece], depth: int) -> Iterator[Piece]:
    """The pieces of one recording, which hold whole messages; a message that clears the book is a snapshot."""
    book = RunningBook(depth)
    for piece in pieces:
        if piece.table is not Table.BOOK or not len(piece.rows):
            yield piece
            continue
        tables = [_said(book, part) for part in _parts(piece.rows)]
        yield Piece(piece.table, piece.source, pa.concat_tables(tables))


def _parts(rows: pa.Table) -> Iterator[pa.Table]:
    """Each snapshot by itself, and all changes between two of them together."""
    ends = np.flatnonzero(rows["flags"].to_numpy() & F_LAST) + 1
    starts = np.append(0, ends[:-1])
    snapshot = rows["side"].to_numpy()[starts] == 0
    cuts = starts[1:][snapshot[1:] | snapshot[:-1]].tolist()
    for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        yield rows.slice(start, end - start)


def _said(book: RunningBook, rows: pa.Table) -> pa.Table:
    side, price, size = (rows[name].to_numpy() for name in ("side", "price", "size"))
    stamps = np.stack([rows[name].to_numpy() for name in _STAMP], axis=1)
    if side[0] == 0:
        return book.begin(Stamp(*stamps[0].tolist()), Levels(side[1:], price[1:], size[1:]))
    ends = np.flatnonzero(rows["flags"].to_numpy() & F_LAST) + 1
    counts: Int64s = np.diff(ends, prepend=0)
    return book.change(stamps[ends - 1], counts, Levels(side, price, size))
