"""The folder of a run: its name, its files, and who may write in it."""

import fcntl
import os
from pathlib import Path

from engine.core.errors import JournalError, Problem
from engine.journal.manifest import Manifest, Status, manifest_hash, read_run_file

JOURNAL_FILE = "journal.sqlite"
LOCK_FILE = "writer.lock"


def new_folder(runs: Path, manifest: Manifest) -> Path:
    """Make `runs/<kind>-<hash>-<n>`, n the first that is free: the same manifest twice makes two folders."""
    stem = f"{manifest.kind}-{manifest_hash(manifest)[:8]}"
    n = 1
    try:
        runs.mkdir(parents=True, exist_ok=True)
        while True:
            folder = runs / f"{stem}-{n}"
            try:
                folder.mkdir()
            except FileExistsError:
                n += 1
            else:
                return folder
    except OSError as error:
        raise JournalError(Problem(str(runs), f"no run can be made here: {error.strerror}")) from error


def lock_for_writing(folder: Path) -> int:
    """Become the folder's only writer, until the descriptor is closed or the process dies. Raises JournalError."""
    path = folder / LOCK_FILE
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise JournalError(Problem(str(path), f"cannot be made: {error.strerror}")) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise JournalError(Problem(str(folder), "another process is writing this run")) from error
    return descriptor


def status_of(folder: Path) -> Status:
    """The seal's word, or, where there is no seal, whether somebody still writes. Raises JournalError."""
    seal = read_run_file(folder).seal
    if seal is not None:
        return seal.status
    return Status.RUNNING if _is_locked(folder / LOCK_FILE) else Status.CRASHED


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
