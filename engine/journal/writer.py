"""Write a run's journal. Its `record` is what a core Session calls before any command leaves."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

import msgspec

from engine.core.commands import Outcome
from engine.core.errors import BrokenInvariantError, JournalError, Problem
from engine.core.events import AnyEvent
from engine.journal.ahead import (
    AHEAD_FILES,
    Ahead,
    after_a_gap,
    contents_ahead,
    entries_ahead,
    lines_ahead,
    remove_ahead,
)
from engine.journal.chain import Chain, Tail, beginning
from engine.journal.database import file_sha256, fold_log_in, insert, last_of, opened
from engine.journal.entry import CommandsDigest, Entry, Kind, encode, genesis
from engine.journal.folder import JOURNAL_FILE, LOCK_FILE, lock_for_writing, new_folder
from engine.journal.manifest import (
    Manifest,
    Recorded,
    RunFile,
    Seal,
    Status,
    manifest_hash,
    write_run_file,
)

BATCH = 4096
LONG_LOG = 4_000_000  # bytes


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
    process does not lose it, as a line of the write-ahead log; `sync` takes it into the journal and puts that on the
    disk, where a loss of power does not lose it: that is the host's to call, on any one thread.

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
        self._seq = 0 if resumed is None else resumed.seq
        self._chain = Chain(resumed or beginning(self.run))
        self._digest_from_file = resumed is not None
        self._waiting: list[tuple[AnyEvent, tuple[Outcome, ...]]] = []
        self._made: list[Entry] = []
        self._recording, self._taking_in = Lock(), Lock()
        self._closed = False
        with self._naming_the_file():
            self._db = opened(self.path, durable=durable, synced=synced, new=resumed is None)
        self._ahead = Ahead(folder) if durable and not synced else None

    @property
    def path(self) -> Path:
        return self.folder / JOURNAL_FILE

    @property
    def digest(self) -> str:
        """Sha256 (hex) of the commands so far, in order."""
        self.flush()
        if not self._digest_from_file:
            return self._chain.digest.hexdigest()
        digest = CommandsDigest()
        with self._naming_the_file():
            for (payload,) in self._db.execute("select payload from entry where kind = 'command' order by seq"):
                digest.add(payload)
        return digest.hexdigest()

    @property
    def tail(self) -> Tail:
        """Where the journal stands, what waited to be flushed included."""
        self.flush()
        return self._chain.tail

    def record(self, seq: int, event: AnyEvent, outcomes: tuple[Outcome, ...]) -> None:
        """Write an event as entry `seq` and what followed from it as the next ones. Raises JournalError (disk full)
        and BrokenInvariantError if `seq` leaves a gap."""
        if seq != self._seq + 1:
            raise BrokenInvariantError(f"journal entry {seq} follows {self._seq}")
        with self._recording:
            if self._ahead is not None:
                self._ahead.write(seq, event, outcomes)
            self._waiting.append((event, outcomes))
            self._seq += 1 + len(outcomes)
        if self._ahead is None and self._seq - self._chain.seq >= self._batch:
            self.flush()

    def flush(self) -> None:
        """Hand what is waiting to the file, as one transaction."""
        with self._taking_in:
            with self._recording:
                waiting, self._waiting = self._waiting, []
            for event, outcomes in waiting:
                self._made += self._chain.extended((each, encode(each)) for each in (event, *outcomes))
            if self._made:
                with self._naming_the_file():
                    insert(self._db, self._made)
            self._made = []

    def sync(self) -> None:
        """Take what stands in the write-ahead log in, put it on the disk, and fold SQLite's own log that has grown long
        into the file; while records go on. Raises JournalError."""
        if self._ahead is not None:
            with self._recording:
                self._ahead.turn()
        self.flush()
        log = self.path.with_name(f"{JOURNAL_FILE}-wal")
        try:
            with log.open("rb") as file:
                os.fsync(file.fileno())
                long = os.fstat(file.fileno()).st_size > LONG_LOG
        except OSError as error:
            raise JournalError(Problem(str(log), f"cannot be written: {error.strerror}")) from error
        if self._ahead is not None:
            self._ahead.drop()
        if long:
            with self._naming_the_file(), closing(sqlite3.connect(self.path)) as beside:
                beside.execute("pragma wal_checkpoint(passive)")

    def seal(self, status: Status, reason: str = "", market: Recorded | None = None, **notes: Any) -> Seal:
        """Close the journal for good and write how the run ended into the manifest, atomically."""
        digest = self.digest
        if status is Status.ENDED and self._run_file.resumed_after:
            status, reason = Status.CRASHED_RECOVERED, reason or "ended, after it had been resumed from a crash"
        with self._naming_the_file():
            fold_log_in(self._db)
            self._db.close()
        if self._ahead is not None:
            remove_ahead(self.folder)
        tail = self._chain.tail
        seal = Seal(
            status=status,
            reason=reason,
            high_watermark=tail.seq,
            events=tail.counts[Kind.EVENT],
            commands=tail.counts[Kind.COMMAND],
            refusals=tail.counts[Kind.REFUSAL],
            first_ns=tail.first_ns,
            last_ns=tail.last_ns,
            commands_digest=digest,
            chain=tail.chain.hex(),
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

    def _release(self) -> None:
        if not self._closed:
            self._closed = True
            os.close(self._lock)
            if self._ahead is not None:
                self._ahead.close()

    @contextmanager
    def _naming_the_file(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise JournalError(Problem(str(self.path), f"cannot be written: {error}")) from error


def take_in_ahead(folder: Path, run: str) -> None:
    """Take what the write-ahead log of a crashed run holds into its journal; whoever does so has its lock. Raises
    JournalError, also where a line in between is missing: what comes after it was acted on, and is left as it is."""
    lines, _ = lines_ahead(contents_ahead(folder))
    path = folder / JOURNAL_FILE
    try:
        with closing(opened(path, durable=True, synced=True, new=False)) as db:
            last = last_of(db) or (0, genesis(run))
            entries = entries_ahead(lines, *last)
            reached = entries[-1].seq if entries else last[0]
            later = after_a_gap(lines, reached)
            if later is not None:
                message = f"damaged, not to be taken up: goes on with entry {later} after {reached}"
                raise JournalError(Problem(str(folder / AHEAD_FILES[0]), message))
            insert(db, entries)
        remove_ahead(folder)
    except (OSError, sqlite3.Error) as error:
        raise JournalError(Problem(str(path), f"cannot be written: {error}")) from error
