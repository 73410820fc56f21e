"""One recording on its way into the catalog: checked, put right by the clock, fingerprinted, written."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.behind import behind
from data.book import Book
from data.clock import Clock, Latencies
from data.gaps import with_silences
from data.schema import MARKET, Piece, Table
from data.tables import ALL, TableFile, catalog_rows, quote_rows
from engine.core.errors import DataError, Problem
from engine.core.types import Instrument

_UNHASHED = "line"

# folder -> the canonical table that it is made of, where there is a book
_SOURCES = {
    "order_book_deltas": Table.BOOK,
    "quotes": Table.BOOK,
    "trades": Table.TRADES,
    "special_trades": Table.TRADES,
    "mark_prices": Table.MARKS,
    "index_prices": Table.MARKS,
    "funding_rates": Table.FUNDING,
    "liquidations": Table.LIQUIDATIONS,
}


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


class Plan(msgspec.Struct, frozen=True):
    """How a recording is to be written: `untimed` tables have no receive time and are not moved by the clock's
    constant; `quotes_of_vendor`: there is no book whose top could be taken."""

    instrument: Instrument
    latencies: Latencies
    untimed: frozenset[Table] = frozenset()
    quotes_of_vendor: bool = False


def write(pieces: Iterator[Piece], root: Path, plan: Plan) -> Written:
    """Write canonical pieces as the catalog's tables below `root`, receive times put right by the clock's constant.

    Raises DataError for a crossed book, and where nothing came.
    """
    instrument = plan.instrument
    files = {folder: TableFile(root, folder, instrument) for folder in ALL}
    book, fingerprint, rows_of, special = Book(instrument), Fingerprint(), dict[str, int](), dict[str, int]()
    beaten = 0

    def put_away(read: tuple[Piece, pa.Table | None]) -> None:
        piece, tops = read
        fingerprint.add(piece.table, piece.rows)
        rows_of[piece.source] = rows_of.get(piece.source, 0) + len(piece.rows)
        for folder, table in catalog_rows(piece.table, piece.rows, instrument).items():
            files[folder].write(table)
        if tops is not None:
            files["quotes"].write(quote_rows(tops, instrument))

    shift_ns = dict.fromkeys(ALL, 0)
    try:
        with behind(put_away) as put:
            for piece in with_silences(pieces):
                if piece.table is Table.QUOTES and not plan.quotes_of_vendor:
                    beaten += len(piece.rows)
                    continue
                if piece.table is Table.TRADES:
                    _count_special(piece.rows, special)
                put((piece, book.apply(piece) if piece.table is Table.BOOK else None))
        clock = plan.latencies.clock()
        sources = _SOURCES | ({"quotes": Table.QUOTES} if plan.quotes_of_vendor else {})
        moved = [folder for folder, table in sources.items() if table not in plan.untimed]
        shift_ns |= dict.fromkeys(moved, clock.applied_ns if clock else 0)
    finally:
        paths = {folder: file.close(shift_ns[folder]) for folder, file in files.items()}
    held = {folder: file for folder, file in files.items() if file.rows}
    if not held:
        raise DataError(Problem(source="PATHS", message=f"nothing of {instrument.id} in the files"))
    fingerprint.note(f"clock {clock.applied_ns if clock else 0}")
    return Written(
        tables={folder: str(path.relative_to(root)) for folder, path in paths.items() if path},
        rows={folder: file.rows for folder, file in held.items()},
        start_ns=min(file.first_ns for file in held.values() if file.first_ns is not None),
        end_ns=max(file.last_ns for file in held.values()),
        fingerprint=fingerprint.digest(),
        clock=clock,
        rows_of=rows_of,
        warnings=(*_special_warnings(special), *_locked_warnings(book), *_beaten_warnings(beaten)),
    )


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
