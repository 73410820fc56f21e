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
from data.gaps import with_silences
from data.schema import MARKET, Piece, Table
from data.tables import FOLDERS, TableFile, catalog_rows, quote_rows
from engine.core.types import Instrument

_UNHASHED = "line"


class Written(msgspec.Struct, frozen=True):
    """What was written below a root: files and rows by folder, the times spanned, canonical rows by source."""

    tables: dict[str, str]
    rows: dict[str, int]
    start_ns: int
    end_ns: int
    fingerprint: str
    rows_of: dict[str, int]
    warnings: tuple[str, ...]


class Fingerprint:
    """A digest of rows that does not depend on how they were cut into pieces, on paths or on the machine."""

    def __init__(self) -> None:
        self._columns: dict[tuple[str, str], hashlib._Hash] = {}

    def add(self, table: Table, rows: pa.Table) -> None:
        for name in rows.column_names:
            if name != _UNHASHED:
                column = self._columns.setdefault((table.value, name), hashlib.sha256())
                column.update(_bytes(rows[name]))

    def digest(self) -> str:
        whole = hashlib.sha256()
        for (table, name), column in sorted(self._columns.items()):
            whole.update(f"{table}.{name}={column.hexdigest()}\n".encode())
        return whole.hexdigest()


def _bytes(column: pa.ChunkedArray) -> memoryview | bytes:
    if pa.types.is_integer(column.type) and not column.null_count:
        values = column.to_numpy()
        return np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"), copy=False)).data
    return "".join(f"{value}\n" for value in column.to_pylist()).encode()


def write(pieces: Iterator[Piece], root: Path, instrument: Instrument, shift_ns: int) -> Written:
    """Write canonical pieces as the catalog's tables below `root`, their receive times moved by `shift_ns`.

    Raises DataError for a crossed book.
    """
    files = {folder: TableFile(root, folder, instrument) for folder in FOLDERS}
    book, fingerprint, rows_of, special = Book(instrument), Fingerprint(), dict[str, int](), dict[str, int]()

    def put_away(read: tuple[Piece, pa.Table | None]) -> None:
        piece, tops = read
        rows = _shifted(piece.rows, shift_ns)
        fingerprint.add(piece.table, rows)
        rows_of[piece.source] = rows_of.get(piece.source, 0) + len(rows)
        for folder, table in catalog_rows(piece.table, rows, instrument).items():
            files[folder].write(table)
        if tops is not None:
            files["quotes"].write(quote_rows(_shifted(tops, shift_ns), instrument))

    try:
        with behind(put_away) as put:
            for piece in with_silences(pieces):
                tops = book.apply(piece) if piece.table is Table.BOOK else None
                if piece.table is Table.TRADES:
                    _count_special(piece.rows, special)
                put((piece, tops))
    finally:
        paths = {folder: file.close() for folder, file in files.items()}
    held = {folder: file for folder, file in files.items() if file.rows}
    return Written(
        tables={folder: str(path.relative_to(root)) for folder, path in paths.items() if path},
        rows={folder: file.rows for folder, file in held.items()},
        start_ns=min(file.first_ns for file in held.values() if file.first_ns is not None),
        end_ns=max(file.last_ns for file in held.values()),
        fingerprint=fingerprint.digest(),
        rows_of=rows_of,
        warnings=(*_special_warnings(special), *_locked_warnings(book)),
    )


def _shifted(rows: pa.Table, shift_ns: int) -> pa.Table:
    if not shift_ns:
        return rows
    where = rows.schema.get_field_index("ts_init")
    return rows.set_column(where, rows.schema.field(where), pc.add(rows["ts_init"], shift_ns))


def _count_special(rows: pa.Table, special: dict[str, int]) -> None:
    for count in rows.filter(pc.not_equal(rows["kind"], MARKET))["kind"].value_counts().to_pylist():
        special[count["values"]] = special.get(count["values"], 0) + count["counts"]


def _special_warnings(special: dict[str, int]) -> Iterator[str]:
    for kind, count in sorted(special.items()):
        yield f"{count} {kind} print{'s' if count > 1 else ''} left out: no resting order could have filled against it"


def _locked_warnings(book: Book) -> Iterator[str]:
    if book.locked:
        yield f"the book was locked (best bid = best ask) after {book.locked} messages"
