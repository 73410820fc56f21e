"""A flipped bit is found anywhere in a sealed file, and in any entry of an unsealed one, its log included."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import suppress
from itertools import islice
from pathlib import Path
from random import Random

import msgspec
import pytest

from engine.core.errors import JournalError
from engine.journal.entry import Entry
from engine.journal.manifest import read_run_file, write_run_file
from engine.journal.reader import Journal
from engine.journal.verify import verdict
from engine.journal.wal import FRAME_HEADER, HEADER, wal_end
from tests.support.journals import toy_run

FLIPS = 150
LEFT_OPEN = """
import os, sys
from pathlib import Path
from engine.journal.writer import create_run
from tests.support.journals import ToyVenue, a_manifest
writer = create_run(Path(sys.argv[1]), a_manifest(), durable=True, synced=sys.argv[2] != "ahead")
if sys.argv[2] == "both":  # a part of the entries in the file itself, the rest in the log
    writer._db.execute("pragma wal_autocheckpoint = 150")
ToyVenue(writer.record).play(120, 7)
os.kill(os.getpid(), 9)
"""


@pytest.fixture(scope="module")
def in_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A killed run all of whose entries stand in the log."""
    return _killed(tmp_path_factory.mktemp("runs"), "log")


@pytest.fixture(scope="module")
def ahead(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A killed run all of whose entries stand in the write-ahead log."""
    return _killed(tmp_path_factory.mktemp("runs"), "ahead")


@pytest.fixture(scope="module", params=["log", "both"])
def crashed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _killed(tmp_path_factory.mktemp("runs"), request.param)


def _killed(runs: Path, where: str) -> Path:
    environment = {**os.environ, "PYTHONPATH": "."}
    killed = subprocess.run([sys.executable, "-c", LEFT_OPEN, str(runs), where], env=environment, check=False)
    assert killed.returncode == -9
    return next(runs.iterdir())


def flipped(path: Path, place: int, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)


def entries(folder: Path) -> list[Entry]:
    return list(Journal(folder).entries())


def copied(folder: Path, to: Path) -> Path:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to)
    (to / "journal.sqlite-shm").unlink(missing_ok=True)  # an index of the log, made anew
    return to


def test_flips_of_a_sealed_file(tmp_path: Path) -> None:
    random = Random(4711)
    path = toy_run(tmp_path, seconds=60) / "journal.sqlite"
    whole = path.read_bytes()
    for _ in range(FLIPS):
        flipped(path, random.randrange(len(whole)), random.randrange(8))
        assert verdict(path.parent).code == 2
        path.write_bytes(whole)
    assert verdict(path.parent).code == 0


def test_flips_of_a_manifest(tmp_path: Path) -> None:
    """Found, or what is read is the same: a blank between two values may be another."""
    random = Random(99)
    path = toy_run(tmp_path, seconds=60) / "manifest.json"
    whole, before = path.read_bytes(), read_run_file(path.parent)
    for _ in range(FLIPS * 6):
        flipped(path, random.randrange(len(whole)), random.randrange(8))
        with suppress(JournalError):  # it is no manifest any more: exit code 2 as well
            assert verdict(path.parent).code == 2 or read_run_file(path.parent) == before
        path.write_bytes(whole)


@pytest.mark.parametrize("name", ["journal.sqlite", "journal.sqlite-wal"])
def test_flips_of_an_unsealed_run(crashed: Path, name: str, tmp_path: Path) -> None:
    """Either it is found, or every entry is what it was: the bit lay in space that holds none."""
    random = Random(name)
    assert verdict(copied(crashed, tmp_path / "run")).code == 1
    before, found = entries(tmp_path / "run"), 0
    size = (crashed / name).stat().st_size
    for _ in range(FLIPS):
        folder = copied(crashed, tmp_path / "run")
        place = random.randrange(size)
        flipped(folder / name, place, random.randrange(8))
        checked = verdict(folder)
        found += checked.code == 2
        if checked.code != 2:
            assert entries(folder) == before, f"byte {place} of {name} changed what is read, unnoticed"
        else:
            assert checked.damages
            assert _readable(folder, checked.readable) == before[: checked.readable]
    assert found or size <= 8192  # of the file itself, nearly nothing is read while all stands in the log


def test_flips_of_the_write_ahead_log(ahead: Path, tmp_path: Path) -> None:
    """No bit of it is without meaning."""
    random, before = Random(5), entries(copied(ahead, tmp_path / "run"))
    assert verdict(tmp_path / "run").code == 1
    log = tmp_path / "run" / "journal.ahead-0"
    content = log.read_bytes()
    for place in [*random.sample(range(len(content)), FLIPS), len(content) - 1]:
        flipped(log, place, random.randrange(8))
        checked = verdict(log.parent)
        assert checked.code == 2, f"byte {place}"
        assert entries(log.parent) == before[: checked.readable]
        log.write_bytes(content)


@pytest.mark.parametrize("zeros", [0, 17])
@pytest.mark.parametrize("cut", [1, 7, 300])
def test_a_torn_last_line_is_no_damage(ahead: Path, cut: int, zeros: int, tmp_path: Path) -> None:
    before = entries(copied(ahead, tmp_path / "run"))
    log = tmp_path / "run" / "journal.ahead-0"
    log.write_bytes(log.read_bytes()[:-cut] + b"\0" * zeros)
    checked = verdict(log.parent)
    assert (checked.code, checked.torn) == (1, "journal.ahead-0: the last line is torn")
    assert entries(log.parent) == before[: checked.readable]
    assert len(before) - checked.readable <= 12


def _readable(folder: Path, count: int) -> list[Entry]:
    """What the verdict says can be read, can be."""
    return list(islice(Journal(folder).entries(), count))


@pytest.mark.parametrize("cut", [1, 7, 24, 500, 4095, 4121, 9000])
def test_a_torn_last_write_is_no_damage(in_log: Path, cut: int, tmp_path: Path) -> None:
    folder = copied(in_log, tmp_path / "run")
    before = entries(copied(in_log, tmp_path / "whole"))
    log = folder / "journal.sqlite-wal"
    log.write_bytes(log.read_bytes()[:-cut])
    checked = verdict(folder)
    assert checked.code == 1
    assert checked.torn is not None or cut % (4096 + FRAME_HEADER) == 0
    assert entries(folder) == before[: checked.readable]
    assert len(before) - checked.readable <= 12


def test_sectors_that_were_never_written_are_a_torn_write(in_log: Path, tmp_path: Path) -> None:
    """After a loss of power: the file has its length, its last sectors are zeros."""
    log = copied(in_log, tmp_path / "run") / "journal.sqlite-wal"
    log.write_bytes(log.read_bytes()[:-1024] + b"\0" * 1024)
    assert verdict(log.parent).code == 1
    assert verdict(log.parent).torn is not None


def test_every_field_of_the_last_frame_is_looked_at(in_log: Path, tmp_path: Path) -> None:
    """The newest entries stand there, and SQLite would leave them out without a word."""
    log = copied(in_log, tmp_path / "run") / "journal.sqlite-wal"
    content = log.read_bytes()
    page = int.from_bytes(content[8:12], "big")
    last = HEADER + ((len(content) - HEADER) // (page + FRAME_HEADER) - 1) * (page + FRAME_HEADER)
    for place in [*range(HEADER), *range(last, last + FRAME_HEADER), len(content) - 1]:
        flipped(log, place, place % 8)
        assert wal_end(log).damage is not None, f"byte {place}"
        log.write_bytes(content)


def test_a_page_that_swallows_entries_is_found(tmp_path: Path) -> None:
    """No gap and a whole chain, but the last leaf of the tree says that it holds fewer entries than it does."""
    folder = toy_run(tmp_path, seconds=60)
    write_run_file(folder, msgspec.structs.replace(read_run_file(folder), seal=None))
    assert verdict(folder).code == 1
    path = folder / "journal.sqlite"
    content = bytearray(path.read_bytes())
    with sqlite3.connect(path) as db:
        size = db.execute("pragma page_size").fetchone()[0]
    db.close()
    leaves = [at for at in range(size, len(content), size) if content[at] == 0x0D]
    last = max(leaves)
    count = int.from_bytes(content[last + 3 : last + 5], "big")
    content[last + 3 : last + 5] = (count - 1).to_bytes(2, "big")
    path.write_bytes(content)
    assert verdict(folder).code == 2


@pytest.mark.parametrize("sealed", [True, False])
def test_a_column_s_name_that_is_no_text_is_damage(sealed: bool, tmp_path: Path) -> None:
    """SQLite's driver raises what is no error of SQLite's."""
    path = toy_run(tmp_path, seconds=60) / "journal.sqlite"
    if not sealed:
        write_run_file(path.parent, msgspec.structs.replace(read_run_file(path.parent), seal=None))
    content = path.read_bytes()
    path.write_bytes(content.replace(b"ts_init", b"ts_in\xe9t", 1))
    assert verdict(path.parent).code == 2
    with pytest.raises(JournalError, match="cannot be read"):
        entries(path.parent)


def test_quarantined_and_older_runs_are_not_read_as_whole(tmp_path: Path) -> None:
    folder = toy_run(tmp_path, seconds=60)
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"schema_version": 1', '"schema_version": 0'))
    with pytest.raises(JournalError, match="written by version 0"):
        verdict(folder)
