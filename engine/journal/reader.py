"""Read a run's journal: finished, crashed, or being written by another process, without disturbing any of them."""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import polars as pl

from engine.core.errors import JournalError, Problem
from engine.journal.ahead import after_a_gap, contents_ahead, entries_ahead, lines_ahead
from engine.journal.database import last_of
from engine.journal.entry import Entry, Kind, genesis
from engine.journal.folder import JOURNAL_FILE, lock_for_writing, status_of
from engine.journal.manifest import SCHEMA_VERSION, RunFile, Status, read_run_file

PAGE = 2_000
FEW = 50
_LAST = 2**63 - 1
_UNCHAINED = "seq, kind, type, ts_event, ts_init, payload"
_SCHEMA = {
    "seq": pl.Int64,
    "kind": pl.String,
    "type": pl.String,
    "ts_event": pl.Int64,
    "ts_init": pl.Int64,
    "payload": pl.Binary,
    "hash": pl.Binary,
}


class Journal:
    """A run's folder, opened for reading. Raises JournalError if there is no run, or one of another schema version."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run_file: RunFile = read_run_file(folder)
        self.status: Status = status_of(folder)
        if self.status is Status.CRASHED:
            _take_back_half_a_write(folder)

    def entries(
        self, *, since: int = 1, until: int | None = None, types: Iterable[str] | None = None
    ) -> Iterator[Entry]:
        """Entries with since <= seq <= until, in order, of the given types (all by default), as many as there are."""
        for page in self._pages(since, until, types):
            for row in page:
                yield self._entry(row)

    def pages(self) -> Iterator[list[tuple[Any, ...]]]:
        """All entries as plain tuples of Entry's fields (`kind` as text, no hash), many at a time: for who reads them
        all and needs few of them as values."""
        yield from self._pages(1, None, None, columns=_UNCHAINED)

    def backwards(self, *, until: int, types: Iterable[str]) -> Iterator[Entry]:
        """Entries of the given types with seq <= until, the last one first."""
        names = sorted(types)
        of_types = ",".join("?" * len(names))
        query = f"select * from entry where seq <= ? and type in ({of_types}) order by seq desc limit {FEW}"  # noqa: S608
        _, ahead = self._page("select * from entry limit 0", ())
        yield from (entry for entry in reversed(ahead) if entry.seq <= until and entry.type in names)
        until = min(until, ahead[0].seq - 1) if ahead else until  # the file may have taken them in since
        while True:
            page, _ = self._page(query, (until, *names))
            if not page:
                return
            for row in page:
                yield self._entry(row)
            until = page[-1][0] - 1

    def frame(self, *, types: Iterable[str] | None = None) -> pl.DataFrame:
        """All entries as raw columns: seq, kind, type, ts_event and ts_init (ns), payload (JSON bytes), hash."""
        pages = [pl.DataFrame(page, schema=_SCHEMA, orient="row") for page in self._pages(1, None, types)]
        return pl.concat(pages) if pages else pl.DataFrame(schema=_SCHEMA)

    def high_watermark(self) -> int:
        """The seq of the last entry that can be read now; 0 if there is none."""
        page, ahead = self._page("select * from entry order by seq desc limit 1", ())
        return int([*page, *ahead][-1][0]) if page or ahead else 0

    def _entry(self, row: tuple[Any, ...]) -> Entry:
        seq, kind, *rest = row
        try:
            return Entry(seq, Kind(kind), *rest)
        except ValueError as error:
            raise JournalError(Problem(str(self.folder / JOURNAL_FILE), f"entry {seq} is damaged: {error}")) from error

    def _pages(
        self, since: int, until: int | None, types: Iterable[str] | None, *, columns: str = "*"
    ) -> Iterator[list[tuple[Any, ...]]]:
        """The file is held for a page at a time: a slow reader keeps no writer from tidying or sealing it."""
        names = None if types is None else sorted(types)
        where = "" if names is None else f" and type in ({','.join('?' * len(names))})"
        query = f"select {columns} from entry where seq >= ? and seq <= ?{where} order by seq limit {PAGE}"  # noqa: S608
        last = _LAST if until is None else until
        while True:
            page, ahead = self._page(query, (since, last, *(names or ())))
            if not page:
                break
            yield page
            since = page[-1][0] + 1
        rest = [entry for entry in ahead if since <= entry.seq <= last and (names is None or entry.type in names)]
        if rest:
            yield [tuple(entry) if columns == "*" else entry[:-1] for entry in rest]

    def _page(self, query: str, values: tuple[Any, ...]) -> tuple[list[tuple[Any, ...]], list[Entry]]:
        """What a query gives, and all that the file has not taken in at that moment."""
        while True:
            # Before the file: what leaves the log in between is found there.
            contents = contents_ahead(self.folder) if self.run_file.seal is None else {}
            with self._reading() as db:
                db.execute("begin")
                page, last = db.execute(query, values).fetchall(), last_of(db) or (0, genesis(self.run_file.run))
            lines, _ = lines_ahead(contents)
            ahead = entries_ahead(lines, *last)
            reached = ahead[-1].seq if ahead else last[0]
            if after_a_gap(lines, reached) is None or status_of(self.folder) is not Status.RUNNING:
                return page, ahead

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        path = self.folder / JOURNAL_FILE
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
                version = db.execute("pragma user_version").fetchone()[0]
                if version != SCHEMA_VERSION:
                    message = f"written by schema version {version}, this code reads {SCHEMA_VERSION}"
                    raise JournalError(Problem(str(path), message))
                yield db
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise JournalError(Problem(str(path), f"cannot be read: {error}")) from error


def _take_back_half_a_write(folder: Path) -> None:
    """A process killed while it sealed leaves SQLite's rollback file, and no reader may look past it: the file is put
    back as it was before, as SQLite does for whoever opens it next for writing."""
    path = folder / JOURNAL_FILE
    if not path.with_name(f"{JOURNAL_FILE}-journal").is_file():
        return
    with suppress(JournalError, sqlite3.Error):  # where that cannot be done, reading says so
        lock = lock_for_writing(folder)
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as db:
                db.execute("select count(*) from sqlite_master").fetchone()
        finally:
            os.close(lock)
