"""Write a run's journal. Its `record` is what a core Session calls before any command leaves."""

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from engine.core.commands import Outcome
from engine.core.errors import BrokenInvariantError, JournalError, Problem
from engine.core.events import AnyEvent
from engine.journal.entry import CommandsDigest, Kind, chained, encode, genesis, kind_of
from engine.journal.folder import JOURNAL_FILE, LOCK_FILE, lock_for_writing, new_folder
from engine.journal.manifest import (
    SCHEMA_VERSION,
    Manifest,
    Recorded,
    RunFile,
    Seal,
    Status,
    manifest_hash,
    write_run_file,
)

BATCH = 4096
SEAL_TRIES, SEAL_WAIT_S = 200, 0.05
LONG_LOG = 4_000_000  # bytes
LOG_TOO_LONG = 10_000  # pages, at which a record folds the log in itself: nobody did it beside
_TABLE = """create table entry (
    seq integer primary key, kind text not null, type text not null,
    ts_event integer not null, ts_init integer not null, payload blob not null, hash blob not null) strict"""
_INSERT = "insert into entry values (?, ?, ?, ?, ?, ?, ?)"
type Row = tuple[int, str, str, int, int, bytes, bytes]


def create_run(  # noqa: PLR0913  one keyword a fact
    runs: Path,
    manifest: Manifest,
    *,
    durable: bool = False,
    synced: bool = True,
    created: str | None = None,
    places: dict[str, str] | None = None,
    warnings: tuple[str, ...] = (),
) -> "JournalWriter":
    """Make a run's folder and open its journal. `durable`: every record is on disk before `record` returns; otherwise
    entries are written in batches. A durable record that is not `synced` has been handed to the system, where a killed
    process does not lose it; `sync` puts it on the disk, where a loss of power does not: that is the host's to call.

    Raises JournalError if the place cannot be written.
    """
    folder = new_folder(runs, manifest)
    run_file = RunFile(
        run_id=folder.name,
        run=manifest_hash(manifest),
        manifest=manifest,
        created=created,
        places=places or {},
        warnings=warnings,
    )
    lock = lock_for_writing(folder)
    # The manifest last: a folder with one has a journal, whenever the process dies.
    writer = JournalWriter(folder, run_file, lock, durable=durable, synced=synced)
    try:
        write_run_file(folder, run_file)
    except JournalError:
        writer.close()
        raise
    return writer


class Tail(msgspec.Struct, frozen=True, kw_only=True):
    """Where a journal stands: its last entry's seq and hash, how many of each kind, the times of first and last."""

    seq: int
    chain: bytes
    counts: dict[Kind, int]
    first_ns: int | None
    last_ns: int | None


class JournalWriter:
    """Appends entries to a run's folder; seals it once. As a context manager it closes without sealing."""

    def __init__(
        self,
        folder: Path,
        run_file: RunFile,
        lock: int,
        *,
        durable: bool,
        synced: bool = True,
        resumed: Tail | None = None,
    ) -> None:
        """`resumed`: the journal is there already and stands as this says. The rest as `create_run`."""
        self.folder, self.run_id, self.run = folder, run_file.run_id, run_file.run
        self._run_file, self._lock = run_file, lock
        self._batch = 1 if durable else BATCH
        self._rows: list[Row] = []
        self._digest = CommandsDigest() if resumed is None else None  # None: read from the file when it is wanted
        tail = resumed or Tail(
            seq=0, chain=genesis(self.run), counts=dict.fromkeys(Kind, 0), first_ns=None, last_ns=None
        )
        self._seq, self._chain, self._counts = tail.seq, tail.chain, dict(tail.counts)
        self._first_ns, self._last_ns = tail.first_ns, tail.last_ns
        self._closed = False
        with self._naming_the_file():
            self._db = _database(self.path, durable=durable, synced=synced, new=resumed is None)

    @property
    def path(self) -> Path:
        return self.folder / JOURNAL_FILE

    @property
    def digest(self) -> str:
        """Sha256 (hex) of the commands so far, in order."""
        if self._digest is None:
            self._digest = self._digest_of_file()
        return self._digest.hexdigest()

    @property
    def tail(self) -> Tail:
        """Where the journal stands, what waits to be flushed included."""
        return Tail(
            seq=self._seq,
            chain=self._chain,
            counts=dict(self._counts),
            first_ns=self._first_ns,
            last_ns=self._last_ns,
        )

    def record(self, seq: int, event: AnyEvent, outcomes: tuple[Outcome, ...]) -> None:
        """Write an event as entry `seq` and what followed from it as the next ones. Raises JournalError (disk full)
        and BrokenInvariantError if `seq` leaves a gap."""
        if seq != self._seq + 1:
            raise BrokenInvariantError(f"journal entry {seq} follows {self._seq}")
        ts = (event.ts_event, event.ts_init)
        self._append(Kind.EVENT, event, ts)
        for outcome in outcomes:
            self._append(kind_of(outcome), outcome, ts)
        self._first_ns = ts[1] if self._first_ns is None else self._first_ns
        self._last_ns = ts[1]
        if len(self._rows) >= self._batch:
            self.flush()

    def flush(self) -> None:
        """Hand what is waiting to the file, as one transaction."""
        rows, self._rows = self._rows, []
        with self._naming_the_file(), self._db:
            self._db.executemany(_INSERT, rows)

    def sync(self) -> None:
        """Put on the disk what was handed to the system, and fold a log that has grown long into the file; on any
        thread, while records go on. Raises JournalError."""
        log = self.path.with_name(f"{JOURNAL_FILE}-wal")
        try:
            with log.open("rb") as file:
                os.fsync(file.fileno())
                long = os.fstat(file.fileno()).st_size > LONG_LOG
        except OSError as error:
            raise JournalError(Problem(str(log), f"cannot be written: {error.strerror}")) from error
        if long:
            with self._naming_the_file(), closing(sqlite3.connect(self.path)) as beside:
                beside.execute("pragma wal_checkpoint(passive)")

    def seal(self, status: Status, reason: str = "", market: Recorded | None = None, **notes: Any) -> Seal:
        """Close the journal for good and write how the run ended into the manifest, atomically."""
        self.flush()
        digest = self.digest
        if status is Status.ENDED and self._run_file.resumed_after:
            status, reason = Status.CRASHED_RECOVERED, reason or "ended, after it had been resumed from a crash"
        with self._naming_the_file():
            _fold_log_in(self._db)
            self._db.close()
        seal = Seal(
            status=status,
            reason=reason,
            high_watermark=self._seq,
            events=self._counts[Kind.EVENT],
            commands=self._counts[Kind.COMMAND],
            refusals=self._counts[Kind.REFUSAL],
            first_ns=self._first_ns,
            last_ns=self._last_ns,
            commands_digest=digest,
            chain=self._chain.hex(),
            file_sha256=file_sha256(self.path),
            notes=notes,
            market=market or msgspec.UNSET,
        )
        write_run_file(self.folder, msgspec.structs.replace(self._run_file, seal=seal))
        self._release()
        (self.folder / LOCK_FILE).unlink(missing_ok=True)
        return seal

    def close(self) -> None:
        """Let go of the folder. An unsealed run keeps what was flushed, and does not look whole."""
        if self._closed:
            return
        try:
            self.flush()
        finally:
            with suppress(sqlite3.Error):
                self._db.close()
            self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self.close()
        except JournalError:
            if error is None:  # what went wrong first is what the user must hear of
                raise

    def _append(self, kind: Kind, value: AnyEvent | Outcome, ts: tuple[int, int]) -> None:
        payload = encode(value)
        self._seq += 1
        row = (self._seq, kind.value, type(value).__name__, *ts, payload)
        self._chain = chained(self._chain, row)
        self._counts[kind] += 1
        if kind is Kind.COMMAND and self._digest is not None:
            self._digest.add(payload)
        self._rows.append((*row, self._chain))

    def _digest_of_file(self) -> CommandsDigest:
        self.flush()
        digest = CommandsDigest()
        with self._naming_the_file():
            for (payload,) in self._db.execute("select payload from entry where kind = 'command' order by seq"):
                digest.add(payload)
        return digest

    def _release(self) -> None:
        if not self._closed:
            self._closed = True
            os.close(self._lock)

    @contextmanager
    def _naming_the_file(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise JournalError(Problem(str(self.path), f"cannot be written: {error}")) from error


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fold_log_in(db: sqlite3.Connection) -> None:
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


def _database(path: Path, *, durable: bool, synced: bool, new: bool) -> sqlite3.Connection:
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
