"""What a run has acted on can be read at once, and is taken into its journal beside it: none is lost, none twice."""

import sqlite3
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.errors import JournalError
from engine.journal.ahead import AHEAD_FILES
from engine.journal.folder import JOURNAL_FILE
from engine.journal.manifest import Status
from engine.journal.reader import Journal
from engine.journal.verify import verdict
from engine.journal.writer import JournalWriter, create_run, take_in_ahead
from tests.support.builders import a_start, a_tick
from tests.support.journals import ToyVenue, a_manifest


def begun(runs: Path) -> JournalWriter:
    return create_run(runs, a_manifest(), durable=True, synced=False)


def rows(folder: Path) -> int:
    db = sqlite3.connect(folder / JOURNAL_FILE)
    count = int(db.execute("select count(*) from entry").fetchone()[0])
    db.close()
    return count


def sizes(folder: Path) -> list[int]:
    return [(folder / name).stat().st_size for name in AHEAD_FILES]


def test_a_record_is_read_before_the_journal_has_it_and_after(tmp_path: Path) -> None:
    with begun(tmp_path) as writer:
        ToyVenue(writer.record).play(3, 7)
        whole = list(Journal(writer.folder).entries())
        assert rows(writer.folder) == 0
        writer.sync()
        assert rows(writer.folder) == len(whole) > 3
        assert sizes(writer.folder) == [0, 0]
        assert list(Journal(writer.folder).entries()) == whole


def test_every_way_of_reading_sees_both(tmp_path: Path) -> None:
    with begun(tmp_path) as writer:
        ToyVenue(writer.record).play(3, 7)
        writer.sync()
        for seq in range(writer.tail.seq + 1, writer.tail.seq + 5):
            writer.record(seq, a_tick(seq), ())
        journal = Journal(writer.folder)
        entries = list(journal.entries())
        assert 0 < rows(writer.folder) < len(entries) == journal.high_watermark() == journal.frame().height
        ticks = [entry for entry in entries if entry.type == "Tick"]
        assert list(journal.entries(types=["Tick"])) == ticks
        assert list(journal.backwards(until=len(entries), types=["Tick"])) == ticks[::-1]
        assert list(journal.backwards(until=ticks[-1].seq - 1, types=["Tick"])) == ticks[-2::-1]
        assert [row for page in journal.pages() for row in page] == [entry[:-1] for entry in entries]
        assert list(journal.entries(since=2, until=len(entries) - 1)) == entries[1:-1]


def test_what_is_taken_in_while_one_reads_backwards_is_read_once(tmp_path: Path) -> None:
    with begun(tmp_path) as writer:
        writer.record(1, a_start(), ())
        writer.sync()
        for seq in range(2, 6):
            writer.record(seq, a_tick(seq), ())
        reading = Journal(writer.folder).backwards(until=5, types=["Started", "Tick"])
        first = next(reading)
        writer.sync()
        assert [entry.seq for entry in (first, *reading)] == [5, 4, 3, 2, 1]


@given(st.lists(st.sampled_from(["record", "sync", "flush"]), max_size=30))
def test_whatever_was_taken_in_the_same_is_read(tmp_path_factory: pytest.TempPathFactory, done: list[str]) -> None:
    with begun(tmp_path_factory.mktemp("runs")) as writer:
        writer.record(1, a_start(), ())
        for seq, what in enumerate(done):
            if what == "record":
                writer.record(
                    writer.tail.seq + 1 if seq % 2 else Journal(writer.folder).high_watermark() + 1, a_tick(seq), ()
                )
            else:
                getattr(writer, what)()
        assert [entry.seq for entry in Journal(writer.folder).entries()] == list(range(1, done.count("record") + 2))
        assert verdict(writer.folder).damages == ()
        assert writer.seal(Status.ENDED).high_watermark == done.count("record") + 1
    assert verdict(writer.folder).code == 0
    assert {path.name for path in writer.folder.iterdir()} == {JOURNAL_FILE, "manifest.json"}


def test_a_reader_sees_no_gap_while_records_are_taken_in(tmp_path: Path) -> None:
    with begun(tmp_path) as writer:
        writer.record(1, a_start(), ())

        def write() -> None:
            for seq in range(2, 1500):
                writer.record(seq, a_tick(seq), ())

        writing = Thread(target=write)
        writing.start()
        seen = 0
        while writing.is_alive():
            writer.sync()
            for since in (1, max(1, seen - 20)):
                seqs = [entry.seq for entry in Journal(writer.folder).entries(since=since)]
                assert seqs == list(range(since, since + len(seqs)))
                assert seqs[-1] >= seen
                seen = seqs[-1]
        writing.join()
        assert Journal(writer.folder).high_watermark() == 1499


def test_lines_that_are_missing_are_damage(tmp_path: Path) -> None:
    with begun(tmp_path) as writer:
        ToyVenue(writer.record).play(5, 7)
        log = writer.folder / AHEAD_FILES[0]
        lines = log.read_bytes().splitlines(keepends=True)
    take_away(writer.folder)
    log.write_bytes(b"".join(lines[:2] + lines[3:]))
    checked = verdict(writer.folder)
    assert checked.code == 2
    assert "goes on with entry" in checked.damages[0]
    left = log.read_bytes()
    with pytest.raises(JournalError, match="goes on with entry"):  # else what was acted on would be gone for good
        take_in_ahead(writer.folder, writer.run)
    assert (rows(writer.folder), log.read_bytes()) == (0, left)


def take_away(folder: Path) -> None:
    """What the closed writer took in at its end."""
    db = sqlite3.connect(folder / JOURNAL_FILE)
    db.execute("delete from entry")
    db.commit()
    db.close()


def test_a_crashed_run_is_taken_in_once(tmp_path: Path) -> None:
    with begun(tmp_path) as writer:
        ToyVenue(writer.record).play(5, 7)
        whole = list(Journal(writer.folder).entries())
    take_away(writer.folder)
    assert list(Journal(writer.folder).entries()) == whole
    for _ in range(2):
        take_in_ahead(writer.folder, writer.run)
        assert rows(writer.folder) == len(whole)
        assert list(Journal(writer.folder).entries()) == whole
    assert not any((writer.folder / name).exists() for name in AHEAD_FILES)
