"""A run's folder: its name, its manifest, its seal, and who may write."""

import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from engine.core.errors import BrokenInvariantError, JournalError
from engine.journal.folder import lock_for_writing, status_of
from engine.journal.manifest import Status, manifest_hash, new_manifest, read_run_file
from engine.journal.reader import Journal
from engine.journal.writer import LONG_LOG, create_run
from tests.support.builders import LINEAR, a_start, a_tick
from tests.support.journals import a_manifest, toy_journal, toy_run


def test_same_manifest_twice_makes_two_runs_with_one_hash(tmp_path: Path) -> None:
    first, second = toy_run(tmp_path), toy_run(tmp_path)
    assert first != second
    assert read_run_file(first).run == read_run_file(second).run
    assert read_run_file(first).seal == msgspec.structs.replace(
        read_run_file(second).seal,  # type: ignore[type-var]
        file_sha256=read_run_file(first).seal.file_sha256,  # type: ignore[union-attr]
    )


def test_hash_knows_neither_folder_nor_time_nor_place(tmp_path: Path) -> None:
    one = create_run(tmp_path / "a", a_manifest(), created="2026-01-01", places={"catalog": "/x"}, warnings=("w",))
    other = create_run(tmp_path / "b", a_manifest())
    assert one.run == other.run == manifest_hash(a_manifest())
    one.close()
    other.close()


@pytest.mark.parametrize("change", [{"seed": 2}, {"config": {"a": 1}}, {"started_ns": 5}, {"data_fingerprint": "e"}])
def test_what_decides_a_run_changes_the_hash(change: dict[str, object]) -> None:
    assert manifest_hash(a_manifest(**change)) != manifest_hash(a_manifest())


def test_order_of_keys_and_decimals_do_not_change_the_hash() -> None:
    one = new_manifest("backtest", LINEAR.id, {"a": Decimal("0.10"), "b": 2})
    other = new_manifest("backtest", LINEAR.id, {"b": 2, "a": "0.10"})
    assert manifest_hash(one) == manifest_hash(other)


def test_unsealed_run_does_not_look_whole(tmp_path: Path) -> None:
    writer = toy_journal(tmp_path)
    assert status_of(writer.folder) is Status.RUNNING
    writer.close()
    assert status_of(writer.folder) is Status.CRASHED
    assert Journal(writer.folder).run_file.seal is None


def test_sealed_run_says_how_it_ended(tmp_path: Path) -> None:
    with toy_journal(tmp_path) as writer:
        seal = writer.seal(Status.INTERRUPTED, "Ctrl-C", rows=3)
    assert status_of(writer.folder) is Status.INTERRUPTED
    assert read_run_file(writer.folder).seal == seal
    assert seal.reason == "Ctrl-C"
    assert seal.notes == {"rows": 3}
    assert seal.commands_digest == writer.digest
    assert {p.name for p in writer.folder.iterdir()} == {"journal.sqlite", "manifest.json"}


def test_second_writer_is_refused(tmp_path: Path) -> None:
    with toy_journal(tmp_path) as writer, pytest.raises(JournalError, match="another process"):
        lock_for_writing(writer.folder)


def test_sealed_journal_is_read_where_nothing_can_be_written(tmp_path: Path) -> None:
    folder = toy_run(tmp_path)
    before = {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert sum(1 for _ in Journal(folder).entries()) == Journal(folder).high_watermark()
    assert {p.name: p.stat().st_mtime_ns for p in folder.iterdir()} == before


def test_gap_in_seq_is_our_fault(tmp_path: Path) -> None:
    with create_run(tmp_path, a_manifest()) as writer:
        writer.record(1, a_start(), ())
        with pytest.raises(BrokenInvariantError, match="3 follows 1"):
            writer.record(3, a_tick(), ())


def test_missing_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"nowhere.*no run here"):
        Journal(tmp_path / "nowhere")


def test_other_schema_version_is_refused(tmp_path: Path) -> None:
    path = toy_run(tmp_path) / "manifest.json"
    content = json.loads(path.read_text())
    content["manifest"]["schema_version"] = 99
    path.write_text(json.dumps(content))
    with pytest.raises(JournalError, match="version 99"):
        Journal(path.parent)


def test_runs_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(JournalError, match="runs"):
        create_run(tmp_path / "runs", a_manifest())


def test_a_record_that_was_not_synced_is_there_for_whoever_reads_and_can_be_synced(tmp_path: Path) -> None:
    with create_run(tmp_path, a_manifest(), durable=True, synced=False) as writer:
        writer.record(1, a_start(), ())
        assert [entry.seq for entry in Journal(writer.folder).entries()] == [1]
        writer.sync()
        assert [entry.seq for entry in Journal(writer.folder).entries()] == [1]
        assert writer.seal(Status.ENDED).high_watermark == 1


def test_a_log_that_grew_long_is_folded_in_beside_the_run_and_begun_anew(tmp_path: Path) -> None:
    event = msgspec.structs.replace(a_start(), run="r" * 40_000)  # ten pages an entry
    with create_run(tmp_path, a_manifest(), durable=True, synced=False) as writer:
        log = writer.path.with_name("journal.sqlite-wal")
        for seq in range(1, 151):
            writer.record(seq, event, ())
        writer.flush()
        before = log.stat().st_size
        writer.sync()
        for seq in range(151, 201):
            writer.record(seq, event, ())
        writer.flush()
        assert log.stat().st_size == before > LONG_LOG
        assert writer.path.stat().st_size > LONG_LOG
        assert Journal(writer.folder).high_watermark() == 200
