"""How a run ends, so that none that was cut short looks whole."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import msgspec

from engine.core.errors import JournalError
from engine.journal.folder import JOURNAL_FILE
from engine.journal.manifest import MANIFEST_FILE, Seal, Status, read_run_file, write_run_file
from engine.journal.writer import JournalWriter


class Ended(Protocol):
    def __call__(self, **notes: Any) -> Seal: ...


@contextmanager
def sealed_if_cut_short(journal: JournalWriter) -> Iterator[Ended]:
    """Yields what seals the run as ended. Left by an exception before, the run is sealed as interrupted or failed; one
    whose journal could not be written stays unsealed, which readers take for crashed."""

    def ended(**notes: Any) -> Seal:
        return journal.seal(Status.ENDED, **notes)

    try:
        yield ended
    except JournalError:
        raise
    except BaseException as error:
        status, reason = _verdict(error)
        with suppress(JournalError):  # what went wrong first is what its user must hear of
            journal.seal(status, reason)
        if isinstance(error, KeyboardInterrupt):
            raise _told(journal.folder) from None
        raise


@contextmanager
def spoiled_unless_finished(folder: Path) -> Iterator[None]:
    """A sealed run whose results could not be written is sealed anew, as failed or interrupted, without them."""
    try:
        yield
    except BaseException as error:
        for path in folder.iterdir():
            if path.name not in (JOURNAL_FILE, MANIFEST_FILE):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        _seal_anew(folder, error)
        if isinstance(error, KeyboardInterrupt):
            raise _told(folder) from None
        raise


def _seal_anew(folder: Path, error: BaseException) -> None:
    status, reason = _verdict(error)
    run_file = read_run_file(folder)
    assert run_file.seal is not None
    seal = msgspec.structs.replace(run_file.seal, status=status, reason=f"after the replay: {reason}")
    try:
        write_run_file(folder, msgspec.structs.replace(run_file, seal=seal))
    except JournalError:  # it would look whole
        shutil.rmtree(folder, ignore_errors=True)


def _verdict(error: BaseException) -> tuple[Status, str]:
    if isinstance(error, KeyboardInterrupt):
        return Status.INTERRUPTED, "stopped by Ctrl-C"
    return Status.FAILED, f"{type(error).__name__}: {error}"


def _told(folder: Path) -> KeyboardInterrupt:
    return KeyboardInterrupt(f"stopped by Ctrl-C; what was done until then is in {folder}, sealed as interrupted")
