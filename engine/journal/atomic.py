"""Files that are either the old one or the new one, whole."""

import os
from pathlib import Path

from engine.core.errors import JournalError, Problem


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside, sync, rename. Raises JournalError naming the file; the old content then still stands."""
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise JournalError(Problem(str(path), f"cannot be written: {error.strerror}")) from error


def sync_folder(folder: Path) -> None:
    """Make renames and new names in a folder survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
