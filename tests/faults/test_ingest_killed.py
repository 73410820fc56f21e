"""An ingest that is killed at any moment: the next one finishes it, and reads again only what it must."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from data import spool
from tests.support.captures import tardis_book, tardis_ticker, tardis_trades, write_gz
from tests.support.ingesting import ingested, tree

KILLED = """
import os, signal, sys
from pathlib import Path
from data import spool, staging, recording
from engine.run import ingest as module
from tests.support.ingesting import ingested

calls, at = 0, int(sys.argv[1])

def counted(function):
    def wrapper(*args, **kwargs):
        global calls
        calls += 1
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)
    return wrapper

spool.spooled_each = counted(spool.spooled_each)
module.write = counted(module.write)
module.publish = counted(module.publish)
module.write_instrument = counted(module.write_instrument)
os.rename, os.replace, os.unlink = counted(os.rename), counted(os.replace), counted(os.unlink)
ingested([Path(path) for path in sys.argv[3:]], Path(sys.argv[2]))
"""


def files(folder: Path) -> list[Path]:
    rows = {"book": tardis_book(), "trades": tardis_trades(), "ticker": tardis_ticker()}
    return [write_gz(folder / name, each) for name, each in rows.items()]


def killed(folder: Path, paths: list[Path], at: int) -> bool:
    """Whether an ingest was killed at its n-th step."""
    words = [sys.executable, "-c", KILLED, str(at), str(folder / "c"), *map(str, paths)]
    done = subprocess.run(words, check=False, capture_output=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()
    return done.returncode != 0


@pytest.mark.parametrize("at", [1, 3, 5, 8, 12, int(os.environ.get("PERPMM_KILL_AT", "16"))])
def test_the_next_ingest_finishes_what_was_killed(tmp_path: Path, at: int) -> None:
    paths = files(tmp_path)
    (tmp_path / "whole").mkdir()
    expected = ingested(paths, tmp_path / "whole" / "c")
    if not killed(tmp_path, paths, at):
        return
    made = ingested(paths, tmp_path / "c")
    assert made.fingerprint == expected.fingerprint
    assert sorted(tree(tmp_path / "c")) == sorted(tree(tmp_path / "whole" / "c"))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_what_was_read_to_its_end_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = files(tmp_path)
    assert killed(tmp_path, paths, 5)  # while the third kind is about to be read
    assert len(list(tmp_path.glob(".c.read-*"))) >= 2
    read: list[Path] = []
    whole = spool.spooled_each

    def watched(*args: object, **kwargs: object) -> object:
        read.append(args[1][0])  # type: ignore[index]
        return whole(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(spool, "spooled_each", watched)
    ingested(paths, tmp_path / "c")
    assert len(read) == 1
