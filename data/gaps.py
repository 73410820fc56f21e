"""Times at which nobody knows the book: how they are marked at ingest, and read from a catalog.

A gap begins with a row that clears the book and is no snapshot's, and ends with the next snapshot. Where a feed was
silent for longer than SILENCE_NS and then began anew, the book was not known either: the clearing row is put where the
silence became too long. Silence alone is no gap: a market can be quiet.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pyarrow as pa

from data.decimals import Int64s
from data.schema import F_LAST, F_SNAPSHOT, SCHEMAS, Piece, Table

SILENCE_NS = 10_000_000_000
BOOK = "order_book_deltas"


class Gap(msgspec.Struct, frozen=True):
    """The book is unknown in [start_ns, end_ns) of our clock; without a snapshot that ends it, end_ns is None."""

    start_ns: int
    end_ns: int | None

    def seconds(self, last_ns: int) -> float:
        return ((last_ns if self.end_ns is None else self.end_ns) - self.start_ns) / 1e9


def with_silences(pieces: Iterator[Piece], silence_ns: int = SILENCE_NS) -> Iterator[Piece]:
    """The pieces, the book cleared in each silence after which it begins anew."""
    last: tuple[int, int] | None = None  # our time and the venue's
    for piece in pieces:
        if piece.table is not Table.BOOK or not len(piece.rows):
            yield piece
            continue
        event, local, side = (piece.rows[name].to_numpy() for name in ("ts_event", "ts_init", "side"))
        before = np.append(local[0] if last is None else last[0], local[:-1])
        at = np.flatnonzero((side == 0) & (local - before > silence_ns))
        events_before = np.append(event[0] if last is None else last[1], event[:-1])
        last = int(local[-1]), int(event[-1])
        yield piece if not len(at) else _cleared(piece, at, before[at] + silence_ns, events_before[at] + silence_ns)


def _cleared(piece: Piece, at: Int64s, local: Int64s, event: Int64s) -> Piece:
    rows = piece.rows
    clears = {
        "ts_event": event,
        "ts_init": local,
        "flags": np.full(len(at), F_LAST, np.uint8),
        "sequence": rows["sequence"].to_numpy()[at],
        "line": rows["line"].to_numpy()[at],
    }
    schema = SCHEMAS[Table.BOOK]
    zeros = {name: pa.array([0] * len(at), schema.field(name).type) for name in ("side", "price", "size")}
    parts, start = [], 0
    table = pa.table({name: {**clears, **zeros}[name] for name in schema.names}, schema=schema)
    for n, row in enumerate(at.tolist()):
        parts += [rows.slice(start, row - start), table.slice(n, 1)]
        start = row
    return Piece(piece.table, piece.source, pa.concat_tables([*parts, rows.slice(start)]))


def gaps_of(files: Sequence[Path], spans: Sequence[tuple[int, int]] = ()) -> tuple[Gap, ...]:
    """The gaps in files of the catalog's book, in order. `spans`: first and last time of each ingest; more than
    SILENCE_NS between two of them is a gap too."""
    if not files:
        return ()
    flags, at = pl.col("flags"), pl.col("ts_init").cast(pl.Int64)
    snapshot = (flags & F_SNAPSHOT) != 0
    clears = pl.col("action").cast(pl.String) == "CLEAR"
    marks = pl.scan_parquet(list(files)).filter(clears).select(at.alias("at"), snapshot.alias("known")).collect()
    ordered = sorted(spans)
    starts = [end + SILENCE_NS for (_, end), (start, _) in pairwise(ordered) if start - end > SILENCE_NS]
    silences = pl.DataFrame({"at": starts, "known": [False] * len(starts)}, {"at": pl.Int64, "known": pl.Boolean})
    changes = pl.concat([marks, silences]).sort("at", "known", maintain_order=True)
    return tuple(_between(changes))


def _between(changes: pl.DataFrame) -> Iterator[Gap]:
    start: int | None = None
    for at, known in changes.iter_rows():
        if not known and start is None:
            start = at
        elif known and start is not None:
            yield Gap(start, at)
            start = None
    if start is not None:
        yield Gap(start, None)
