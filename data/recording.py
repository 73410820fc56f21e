"""One recording on its way into the catalog: checked, put right by the clock, fingerprinted, written."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.behind import ahead, behind
from data.book import Book
from data.carried import Carried
from data.clock import Clock, Latencies
from data.gaps import with_silences
from data.joined import joined
from data.readers.protocol import TRADED_TWICE
from data.scale import Scale
from data.schema import F_SNAPSHOT, MARKET, Piece, Table
from data.spool import Spool
from data.tables import ALL, TableFile, catalog_rows, quote_rows
from engine.core.errors import DataError, Problem
from engine.core.types import Instrument

_DAY_NS = 86_400 * 10**9
_UNHASHED = "line"


class Origin(NamedTuple):
    """Of a source: the kind of its file, whether it has a receive time, and how many levels its snapshots tell."""

    kind: str
    timed: bool
    depth: int


class Written(msgspec.Struct, frozen=True):
    """What was written below a root: files and rows by folder, the times spanned, canonical rows by source."""

    tables: dict[str, str]
    rows: dict[str, int]
    start_ns: int
    end_ns: int
    fingerprint: str
    clock: Clock | None
    rows_of: dict[str, int]
    warnings: tuple[str, ...]


class Fingerprint:
    """A digest of rows that does not depend on how they were cut into pieces, on paths or on the machine."""

    def __init__(self) -> None:
        self._columns: dict[tuple[str, str], hashlib._Hash] = {}
        self._notes: list[str] = []

    def note(self, text: str) -> None:
        self._notes.append(text)

    def add(self, table: Table, rows: pa.Table) -> None:
        for name in rows.column_names:
            if name != _UNHASHED:
                column = self._columns.setdefault((table.value, name), hashlib.sha256())
                column.update(_bytes(rows[name]))

    def digest(self) -> str:
        whole = hashlib.sha256("".join(f"{note}\n" for note in self._notes).encode())
        for (table, name), column in sorted(self._columns.items()):
            whole.update(f"{table}.{name}={column.hexdigest()}\n".encode())
        return whole.hexdigest()


def _bytes(column: pa.ChunkedArray) -> memoryview | bytes:
    if pa.types.is_integer(column.type) and not column.null_count:
        values = column.to_numpy()
        return np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"), copy=False)).data
    return "".join(f"{value}\n" for value in column.to_pylist()).encode()


def write(
    spools: Sequence[Spool],
    root: Path,
    instrument: Instrument,
    origins: Mapping[str, Origin],
    on_rows: Callable[[int], None] = lambda _count: None,
) -> Written:
    """Write what was read as the catalog's tables below `root`, receive times put right by the clock's constant.

    `origins` are those of the pieces' sources; what has no receive time is not moved. Raises DataError for a crossed
    book, for one that never begins, where nothing came, and where two sources contradict each other.
    """
    latencies = Latencies()
    for spool in spools:
        latencies.join(spool.latencies())
    clock = latencies.clock()
    if clock and clock.applied_ns > _DAY_NS:
        raise _odd_time(spools, clock)
    shift_ns = clock.applied_ns if clock else 0
    files = {folder: TableFile(root, folder, instrument) for folder in ALL}
    book, fingerprint, special = Book(instrument), Fingerprint(), dict[str, int]()
    early, again, carried = list[int](), list[int](), Carried(book)
    scale = Scale(instrument)

    def put_away(read: tuple[Piece, pa.Table | None]) -> None:
        piece, tops = read
        by_ns = shift_ns if piece.source not in origins or origins[piece.source].timed else 0
        for folder, table in catalog_rows(piece.table, _shifted(piece.rows, by_ns), instrument).items():
            files[folder].write(table)
        if tops is not None:
            files["quotes"].write(quote_rows(_shifted(tops, by_ns), instrument))

    try:
        with behind(put_away) as put:
            for piece in with_silences(_from_snapshot(ahead(joined(_by_kind(spools, origins), again)), early)):
                if piece.table is Table.TRADES:
                    _count_special(piece.rows, special)
                said = carried.over(piece, _depth(piece, origins)) if piece.table is Table.BOOK else piece
                if len(said.rows):
                    fingerprint.add(said.table, said.rows)
                    tops = book.apply(said) if said.table is Table.BOOK else None
                    scale.see(said, tops)
                    put((said, tops))
                on_rows(len(piece.rows))
        scale.check()
    finally:
        paths = {folder: file.close() for folder, file in files.items()}
    held = {folder: file for folder, file in files.items() if file.rows}
    if not held:
        raise DataError(Problem(source="PATHS", message=f"nothing of {instrument.id} in the files"))
    fingerprint.note(f"clock {shift_ns}")
    beaten = sum(spool.read.passed_over for spool in spools)
    return Written(
        tables={folder: str(path.relative_to(root)) for folder, path in paths.items() if path},
        rows={folder: file.rows for folder, file in held.items()},
        start_ns=min(file.first_ns for file in held.values() if file.first_ns is not None),
        end_ns=max(file.last_ns for file in held.values()),
        fingerprint=fingerprint.digest(),
        clock=clock,
        rows_of={source: rows for spool in spools for source, rows in spool.read.rows_of.items()},
        warnings=(
            *_special_warnings(special),
            *_locked_warnings(book),
            *_beaten_warnings(beaten),
            *_early_warnings(early),
            *_again_warnings(again),
        ),
    )


def _by_kind(spools: Sequence[Spool], origins: Mapping[str, Origin]) -> Iterator[tuple[str, Spool]]:
    for spool in spools:
        source = next(iter(spool.read.rows_of), "")
        yield origins[source].kind if source in origins else "", spool


def _depth(piece: Piece, origins: Mapping[str, Origin]) -> int:
    return origins[piece.source].depth if piece.source in origins else 0


def _odd_time(spools: Sequence[Spool], clock: Clock) -> DataError:
    """One of the venue's times lies so far ahead that it cannot be what ours ran behind."""
    reason = f"the venue's time is {clock.applied_ns / 1e9:,.0f} s ahead of ours: a wrong time?"
    for piece in (piece for table in Table for spool in spools for piece in spool.pieces(table)):
        late = piece.rows["ts_init"].to_numpy() - piece.rows["ts_event"].to_numpy() == clock.min_ns
        if late.any():
            line = piece.rows["line"][int(late.argmax())].as_py()
            return DataError(Problem(piece.source, reason, line, "event time"))
    return DataError(Problem("PATHS", reason))


def _from_snapshot(pieces: Iterator[Piece], early: list[int]) -> Iterator[Piece]:
    """Without the rows of a book before its first snapshot, which are counted: from them nobody knows it."""
    first: Piece | None = None
    started = False
    for piece in pieces:
        if piece.table is not Table.BOOK or started:
            yield piece
            continue
        first = first or piece
        begins = (piece.rows["side"].to_numpy() == 0) & (piece.rows["flags"].to_numpy() & F_SNAPSHOT != 0)
        start = int(begins.argmax()) if begins.any() else len(begins)
        started = bool(begins.any())
        early.append(start)
        if started:
            yield Piece(piece.table, piece.source, piece.rows.slice(start))
    if first is not None and not started:
        raise DataError(Problem(first.source, "no snapshot in the files: the book is unknown", field="is_snapshot"))


def _early_warnings(early: list[int]) -> Iterator[str]:
    if count := sum(early):
        yield f"{count} rows before the first snapshot were left out"


def _again_warnings(again: list[int]) -> Iterator[str]:
    if count := sum(again):
        yield f"{count} {TRADED_TWICE}"


def _shifted(rows: pa.Table, by_ns: int) -> pa.Table:
    if not by_ns:
        return rows
    where = rows.schema.get_field_index("ts_init")
    return rows.set_column(where, rows.schema.field(where), pc.add(rows["ts_init"], by_ns))


def _count_special(rows: pa.Table, special: dict[str, int]) -> None:
    for count in rows.filter(pc.not_equal(rows["kind"], MARKET))["kind"].value_counts().to_pylist():
        special[count["values"]] = special.get(count["values"], 0) + count["counts"]


def _special_warnings(special: dict[str, int]) -> Iterator[str]:
    for kind, count in sorted(special.items()):
        plural = "s" if count > 1 else ""
        yield f"{count} {kind} print{plural} kept apart: no resting order could have filled against it"


def _locked_warnings(book: Book) -> Iterator[str]:
    if book.locked:
        yield f"the book was locked (best bid = best ask) after {book.locked} messages"


def _beaten_warnings(beaten: int) -> Iterator[str]:
    if beaten:
        yield f"{beaten} quotes of the vendor left out: those of the book are used"
