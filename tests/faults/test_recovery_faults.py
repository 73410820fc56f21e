"""What is taken up and what is not: a full disk, two processes, snapshots that cannot be relied on, damage."""

import json
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.core.errors import JournalError
from engine.core.events import AnyEvent
from engine.core.session import Session
from engine.core.state import State
from engine.core.step import step
from engine.journal.folder import status_of
from engine.journal.manifest import Status, read_run_file
from engine.journal.reader import Journal
from engine.journal.snapshot import SNAPSHOT_FILE, read_snapshot
from engine.journal.verify import verdict
from engine.journal.writer import create_run
from engine.run.recover import recovered, resumed, seal_crashed, snapshotting
from engine.run.replay import replay_run
from engine.run.scenario import UNLIMITED
from strategies.perpetual_market_making.own import Own
from tests.support.stories import a_story, manifest_of, parts, played, story_run

STORY = a_story(1, 200)


@pytest.fixture
def snapshotted(tmp_path: Path) -> tuple[Path, State[Any]]:
    """A crashed run with a snapshot on its way, and the state that its process died with."""
    policy: Any = parts(STORY)[1]
    log: list[AnyEvent] = played(STORY, lambda *_: None, "x").log
    state: State[Any] | None = None
    with create_run(tmp_path, manifest_of(policy)) as writer:
        record = snapshotting(writer, lambda: state, every=100)
        for event in log:
            seq = 1 if state is None else state.seq + 1
            state, outcomes = step(policy, UNLIMITED, state, event)
            record(seq, event, outcomes)
    assert state is not None
    return writer.folder, state


def test_recovery_is_the_snapshot_and_its_tail(snapshotted: tuple[Path, State[Any]]) -> None:
    folder, state = snapshotted
    found = recovered(folder)
    assert found.state == state
    assert found.from_snapshot is not None
    assert found.tail.seq - found.from_snapshot < 150


@pytest.mark.parametrize("broken", ["gone", "flipped", "of other code", "of another run", "half"])
def test_a_snapshot_that_cannot_be_relied_on_is_as_good_as_none(
    broken: str, snapshotted: tuple[Path, State[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, state = snapshotted
    path = folder / SNAPSHOT_FILE
    content = path.read_bytes()
    match broken:
        case "gone":
            path.unlink()
        case "flipped":
            path.write_bytes(content.replace(b'"cash":"', b'"cash":"1', 1))
        case "half":
            path.write_bytes(content[: len(content) // 2])
        case "of other code":
            monkeypatch.setattr("engine.journal.snapshot.code_version", lambda: "another")
        case _:
            other = story_run(tmp_path / "other", a_story(15, 200), seal=False)
            shutil.copy(path, other / SNAPSHOT_FILE)
            assert recovered(other).from_snapshot is None
            return
    found = recovered(folder)
    assert found.from_snapshot is None
    assert found.state == state


def test_a_snapshot_comes_back_equal(snapshotted: tuple[Path, State[Any]]) -> None:
    snapshot = read_snapshot(snapshotted[0], Own)
    assert snapshot is not None
    again = recovered(snapshotted[0])
    assert again.from_snapshot == snapshot.seq
    assert type(snapshot.state.own) is Own


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    with create_run(tmp_path, manifest_of(parts(STORY)[1]), durable=True) as writer:
        played(STORY, writer.record, writer.run)
        for again in (resumed, seal_crashed):
            with pytest.raises(JournalError, match="another process is writing this run"):
                again(writer.folder)
        code = (
            f"from pathlib import Path; from engine.run.recover import resumed; resumed(Path({str(writer.folder)!r}))"
        )
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert other.returncode != 0
        assert "another process is writing this run" in other.stderr
    assert verdict(writer.folder).damages == ()


def test_what_is_sealed_or_damaged_is_not_taken_up(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="sealed as Ended already"):
        resumed(story_run(tmp_path, STORY))
    folder = story_run(tmp_path, STORY, seal=False)
    path = folder / "journal.sqlite"
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"maker":true', b'"maker":tru3', 1))
    with pytest.raises(JournalError, match="is not what was written"):
        resumed(folder)
    assert seal_crashed(folder).status is Status.QUARANTINED
    assert status_of(folder) is Status.QUARANTINED


def test_a_process_killed_while_it_sealed_leaves_a_whole_run(tmp_path: Path) -> None:
    """SQLite was about to change the file and kept what was there before beside it: that is what counts."""
    folder = story_run(tmp_path, STORY, seal=False)
    before = list(Journal(folder).entries())
    with closing(sqlite3.connect(folder / "journal.sqlite", isolation_level=None)) as db:
        db.execute("pragma journal_mode = delete")
        db.execute("pragma cache_size = 2")  # so that the change is in the file before it is committed
        db.execute("begin")
        db.execute("update entry set ts_event = ts_event + 1, payload = x'00'")
        cut = Path(shutil.copytree(folder, tmp_path / "cut"))
        db.execute("rollback")
    assert (cut / "journal.sqlite-journal").stat().st_size > 0
    assert verdict(cut).code == 1
    assert list(Journal(cut).entries()) == before
    assert seal_crashed(cut).status is Status.CRASHED_RECOVERED


def test_an_older_schema_is_refused_not_guessed(tmp_path: Path) -> None:
    folder = story_run(tmp_path, STORY, seal=False)
    manifest = folder / "manifest.json"
    file = json.loads(manifest.read_text())
    file["manifest"]["schema_version"] = 0
    manifest.write_text(json.dumps(file))
    for read in (resumed, seal_crashed, recovered, verdict, replay_run):
        with pytest.raises(JournalError, match="written by version 0, this code reads 1"):
            read(folder)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_a_full_disk_stops_before_a_command_leaves_and_the_run_goes_on_later(tmp_path: Path) -> None:
    """What was sent is in the journal; where there is room again, it is taken up and ends like one that had it."""
    policy: Any = parts(STORY)[1]
    sent: list[Any] = []
    with create_run(tmp_path, manifest_of(policy), durable=True) as writer:
        expected = played(STORY, lambda *_: None, writer.run)
        session: Session[Any] = Session(policy, UNLIMITED, writer.record, sent.append)
        with largest_file(400_000), pytest.raises(JournalError, match="cannot be written"):
            _fed(session, expected.log)
    assert status_of(writer.folder) is Status.CRASHED
    journalled = [entry.value for entry in Journal(writer.folder).entries() if entry.kind == "command"]
    assert 0 < len(sent) < len(expected.arrived)
    assert journalled[: len(sent)] == sent
    writer, found = resumed(writer.folder)
    assert len(sent) + len(found.in_doubt) >= len(journalled)
    again: Session[Any] = Session(policy, UNLIMITED, writer.record, sent.append)
    again.state = found.state
    sent.extend(journalled[len(sent) :])
    with writer:
        _fed(again, expected.log[found.events :])
        writer.seal(Status.ENDED)
    assert sent == expected.arrived
    assert verdict(writer.folder).code == 1
    assert read_run_file(writer.folder).resumed_after == (found.tail.seq,)
    assert replay_run(writer.folder).identical


def _fed(session: Session[Any], events: list[AnyEvent]) -> None:
    for event in events:
        session.feed(event)
