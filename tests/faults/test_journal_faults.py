"""A full disk, a killed process: an error that names the file, and a run that does not look whole."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.core.errors import JournalError
from engine.journal.folder import status_of
from engine.journal.manifest import Status
from engine.journal.reader import Journal
from engine.journal.verify import damages
from engine.journal.writer import JournalWriter, create_run
from tests.support.builders import a_start, a_tick
from tests.support.journals import a_manifest

KILLED = """
import sys
from pathlib import Path
from engine.journal.writer import JournalWriter, create_run
from tests.support.builders import a_start, a_tick
from tests.support.journals import a_manifest

writer = create_run(Path(sys.argv[1]), a_manifest(), durable=True, synced=sys.argv[2] == "True")
writer.record(1, a_start(), ())
seq = 1
while True:
    seq += 1
    writer.record(seq, a_tick(seq), ())
    if seq % 10 == 0:
        writer.sync()
    sys.stdout.write(f"{seq}\\n")  # as a command leaving
    sys.stdout.flush()
"""


@pytest.mark.parametrize(("synced", "file"), [(True, r"journal\.sqlite"), (False, r"journal\.ahead-0")])
def test_full_disk_names_the_file(tmp_path: Path, synced: bool, file: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    writer = create_run(tmp_path, a_manifest(), durable=True, synced=synced)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
        writer.record(1, a_start(), ())
        with pytest.raises(JournalError, match=rf"{file}: cannot be written"):
            _write_ticks(writer, 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
        writer.close()
    assert status_of(writer.folder) is Status.CRASHED
    assert damages(writer.folder) == []


def _write_ticks(writer: JournalWriter, until: int) -> None:
    for seq in range(2, until):
        writer.record(seq, a_tick(seq), ())


@pytest.mark.parametrize("synced", [True, False])
@pytest.mark.parametrize("after", [1, 20, 77])
def test_kill_loses_nothing_that_was_acted_on(tmp_path: Path, after: int, synced: bool) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path), str(synced)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": "."},
        text=True,
    )
    assert child.stdout is not None
    with child.stdout as lines:
        acted_on = [int(next(lines)) for _ in range(after)][-1]
        folder = next(tmp_path.iterdir())
        assert status_of(folder) is Status.RUNNING
        child.kill()
        child.wait()
        acted_on = max([acted_on, *(int(line) for line in lines if line.endswith("\n"))])
    assert status_of(folder) is Status.CRASHED
    assert Journal(folder).high_watermark() >= acted_on
    assert damages(folder) == []
