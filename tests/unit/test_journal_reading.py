"""What is written can be read: while it is written, after a crash, typed and as a frame."""

from pathlib import Path

import pytest

from engine.core.commands import Submit
from engine.core.events import AnyEvent, OrderFilled
from engine.journal.entry import CommandsDigest, Kind, encode
from engine.journal.reader import Journal
from engine.journal.writer import create_run
from tests.support.builders import a_start, a_tick
from tests.support.journals import a_manifest, toy_journal, toy_run


def test_entries_come_in_order_without_gaps(tmp_path: Path) -> None:
    entries = list(Journal(toy_run(tmp_path)).entries())
    assert [e.seq for e in entries] == list(range(1, len(entries) + 1))
    assert entries[0].type == "Started"
    assert entries[0].kind is Kind.EVENT


def test_digest_on_reading_is_the_seal_s(tmp_path: Path) -> None:
    journal = Journal(toy_run(tmp_path))
    digest = CommandsDigest()
    for entry in journal.entries():
        if entry.kind is Kind.COMMAND:
            digest.add(encode(entry.value))
    assert journal.run_file.seal is not None
    assert digest.hexdigest() == journal.run_file.seal.commands_digest


def test_types_and_range_select(tmp_path: Path) -> None:
    journal = Journal(toy_run(tmp_path))
    chosen = list(journal.entries(types=["Submit", "OrderFilled"], since=10, until=400))
    assert {type(e.value) for e in chosen} == {Submit, OrderFilled}
    assert all(10 <= e.seq <= 400 for e in chosen)


def test_frame_has_the_same_rows(tmp_path: Path) -> None:
    journal = Journal(toy_run(tmp_path))
    assert journal.frame().rows() == [tuple(e) for e in journal.entries()]
    assert journal.frame(types=["None of these"]).height == 0


def test_pages_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(toy_run(tmp_path))
    whole = list(journal.entries())
    monkeypatch.setattr("engine.journal.reader.PAGE", 7)
    assert list(journal.entries()) == whole


def test_durable_records_are_seen_at_once_by_a_reader(tmp_path: Path) -> None:
    with create_run(tmp_path, a_manifest(), durable=True) as writer:
        events: list[AnyEvent] = [a_start(), a_tick(1), a_tick(2)]
        for seq, event in enumerate(events, 1):
            writer.record(seq, event, ())
            assert Journal(writer.folder).high_watermark() == seq


def test_reader_between_pages_does_not_stop_the_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.journal.reader.PAGE", 1)
    with create_run(tmp_path, a_manifest(), durable=True) as writer:
        writer.record(1, a_start(), ())
        writer.record(2, a_tick(1), ())
        reading = Journal(writer.folder).entries()
        next(reading)
        writer.record(3, a_tick(2), ())
        assert [e.seq for e in reading] == [2, 3]


def test_closed_unsealed_journal_keeps_everything(tmp_path: Path) -> None:
    with toy_journal(tmp_path) as writer:
        pass
    assert list(Journal(writer.folder).entries(types=["Stopping"]))
