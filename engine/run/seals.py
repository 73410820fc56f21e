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
from engine.journal.market import MARKET
from engine.journal.writer import JournalWriter
from engine.nautilus.interrupts import Stopped, stopped_by
from engine.run.recording import kept


class Ended(Protocol):
    def __call__(self, status: Status = Status.ENDED, reason: str = "", **notes: Any) -> Seal: ...


@contextmanager
def sealed_as_it_went(journal: JournalWriter, *, taken_up: bool = False) -> Iterator[Ended]:
    """Yields what seals the run once its replay has ended; its results are written after that.

    Left by an exception before the seal, the run is sealed as interrupted or failed, and one whose journal could not
    be written stays unsealed, which readers take for crashed. Left by one after it, the results are taken away and the
    run is sealed anew, as interrupted or failed. One that was `taken_up` and to which nothing was added is left as it
    was found: it can be taken up again, and what became of its orders is not known yet.
    """
    sealed, begun_at = False, journal.tail.seq

    def ended(status: Status = Status.ENDED, reason: str = "", **notes: Any) -> Seal:
        nonlocal sealed
        seal = journal.seal(status, reason, market=kept(journal.folder), **notes)
        sealed = True
        return seal

    try:
        yield ended
    except BaseException as error:
        as_found = taken_up and journal.tail.seq == begun_at
        if sealed:
            _take_results_away(journal.folder)
            _seal_anew(journal.folder, error)
        elif not as_found and not isinstance(error, JournalError):
            with suppress(JournalError):  # what went wrong first is what its user must hear of
                journal.seal(*_verdict(error), market=kept(journal.folder))
        if isinstance(error, KeyboardInterrupt):
            how = "left as it was found" if as_found else "sealed as interrupted"
            where = f"; what was done until then is in {journal.folder}, {how}"
            raise Stopped(stopped_by(error).number, where) from None
        raise


def _take_results_away(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name not in (JOURNAL_FILE, MANIFEST_FILE, MARKET):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


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
        return Status.INTERRUPTED, str(stopped_by(error))
    return Status.FAILED, f"{type(error).__name__}: {error}"
