"""The SQLite file of a journal: one row an entry."""

import hashlib
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

from engine.journal.entry import Entry
from engine.journal.manifest import SCHEMA_VERSION

SEAL_TRIES, SEAL_WAIT_S = 200, 0.05
LOG_TOO_LONG = 10_000  # pages, at which a record folds the log in itself: nobody did it beside
_TABLE = """create table entry (
    seq integer primary key, kind text not null, type text not null,
    ts_event integer not null, ts_init integer not null, payload blob not null, hash blob not null) strict"""


def fold_log_in(db: sqlite3.Connection) -> None:
    """A sealed journal is one plain file: it can be copied, and read where nothing can be written. Readers hold it for
    a page at a time: wait for a moment without one."""
    for left in reversed(range(SEAL_TRIES)):
        try:
            busy = db.execute("pragma wal_checkpoint(truncate)").fetchone()[0]
            if not busy and db.execute("pragma journal_mode = delete").fetchone()[0] == "delete":
                return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or not left:
                raise
        time.sleep(SEAL_WAIT_S)
    raise sqlite3.OperationalError("somebody has been reading it for too long to seal it")


def opened(path: Path, *, durable: bool, synced: bool, new: bool) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level="DEFERRED", check_same_thread=False)
    db.execute("pragma journal_mode = wal")
    db.execute(f"pragma synchronous = {('full' if synced else 'normal') if durable else 'off'}")
    if durable and not synced:
        db.execute(f"pragma wal_autocheckpoint = {LOG_TOO_LONG}")
    db.execute(f"pragma fullfsync = {'on' if durable else 'off'}")  # macOS: to the platter, not to its cache
    if new:
        db.execute(f"pragma user_version = {SCHEMA_VERSION}")
        db.execute(_TABLE)
        db.commit()
    return db


def insert(db: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """As one transaction."""
    with db:
        db.executemany("insert into entry values (?, ?, ?, ?, ?, ?, ?)", entries)


def last_of(db: sqlite3.Connection) -> tuple[int, bytes] | None:
    """Seq and hash of the last entry."""
    row: tuple[int, bytes] | None = db.execute("select seq, hash from entry order by seq desc limit 1").fetchone()
    return row


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
