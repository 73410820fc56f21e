"""A run that was taken up and never got to start stays as it was found; one that went on is sealed."""

from pathlib import Path

import pytest

from engine.core.errors import DataError, Problem
from engine.journal.folder import status_of
from engine.journal.manifest import Status, new_manifest
from engine.journal.writer import create_run
from engine.nautilus.interrupts import Stopped
from engine.run.seals import sealed_as_it_went
from tests.support.builders import LINEAR, a_start, a_tick

UNREACHED = DataError(Problem("venue", "could not be reached"))


def left_by(error: BaseException, runs: Path, *, ticks: bool, taken_up: bool) -> tuple[Status, str]:
    """How a run stands whose second beginning ended with this error, and what its user is told."""
    journal = create_run(runs, new_manifest("live", LINEAR.id, {}, started_ns=1))
    journal.record(1, a_start(), ())
    try:
        with journal, sealed_as_it_went(journal, taken_up=taken_up):
            if ticks:
                journal.record(2, a_tick(1), ())
            raise error
    except type(error) as raised:
        return status_of(journal.folder), str(raised)


@pytest.mark.parametrize("error", [UNREACHED, Stopped()], ids=["unreached", "stopped"])
def test_taken_up_in_vain_it_can_be_taken_up_again(tmp_path: Path, error: BaseException) -> None:
    status, said = left_by(error, tmp_path, ticks=False, taken_up=True)
    assert status is Status.CRASHED
    assert "sealed" not in said


@pytest.mark.parametrize(("ticks", "taken_up"), [(True, True), (False, False)], ids=["it went on", "it is new"])
def test_what_went_on_or_is_new_is_sealed(tmp_path: Path, ticks: bool, taken_up: bool) -> None:
    assert left_by(UNREACHED, tmp_path, ticks=ticks, taken_up=taken_up)[0] is Status.FAILED
    status, said = left_by(Stopped(), tmp_path / "stopped", ticks=ticks, taken_up=taken_up)
    assert status is Status.INTERRUPTED
    assert "sealed as interrupted" in said
