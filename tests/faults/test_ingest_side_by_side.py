"""Files that are read by several processes at once: the catalog is the same, also after a kill."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from data.readers.protocol import TRADED_TWICE
from engine.run import reading
from engine.run.ingest import ingest
from tests.support.captures import START_MS, capture, line, snapshot, tardis_book, tardis_ticker, write_gz
from tests.support.ingesting import tree
from tests.support.tapes import BTCUSDT

KILLED = """
import os, signal, sys
from pathlib import Path
from engine.run import reading
from engine.run.ingest import ingest

reading._WORTH_BYTES = 1
told = 0

def progress(*_):
    global told
    told += 1
    if told == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)

paths = [Path(path) for path in sys.argv[4:]]
ingest(paths, instrument_id=sys.argv[2], catalog=Path(sys.argv[3]), progress=progress, workers=2)
"""


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Of two vendors; the last trade of the first day is the first of the second day too."""
    header, *book = tardis_book(300)
    columns, *trades = bybit_trades(100)
    files = {
        "book-1": [header, *book[:200]],
        "book-2": [header, *book[200:]],
        "trades-1": [columns, *trades[:60]],
        "trades-2": [columns, *trades[59:]],
        "ticker": tardis_ticker(),
    }
    return [write_gz(tmp_path / name, rows) for name, rows in files.items()]


def bybit_trades(count: int) -> list[str]:
    at = START_MS / 1000
    rows = (f"{at + n * 0.1:.4f},BTCUSDT,Sell,0.01,100,MinusTick,id-{n},1,0.01,1" for n in range(1, count + 1))
    return ["timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional", *rows]


@pytest.fixture
def expected(tmp_path: Path, paths: list[Path]) -> dict[str, bytes]:
    """The catalog that one process makes."""
    made = ingest(paths, instrument_id=BTCUSDT, catalog=tmp_path / "one")
    assert made.rows_by_table["trades"] == 100
    assert f"1 {TRADED_TWICE}" in made.warnings
    return tree(tmp_path / "one")


def test_two_processes_make_the_catalog_that_one_makes(
    tmp_path: Path, paths: list[Path], expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_WORTH_BYTES", 1)
    told: dict[str, int] = {}
    ingest(
        paths,
        instrument_id=BTCUSDT,
        catalog=tmp_path / "two",
        workers=2,
        progress=lambda stage, done, _: told.update({stage: done}),
    )
    assert tree(tmp_path / "two") == expected
    assert told["ingest"] == sum(path.stat().st_size for path in paths)


def test_an_ingest_killed_among_its_processes_is_finished_by_the_next(
    tmp_path: Path, paths: list[Path], expected: dict[str, bytes]
) -> None:
    at = os.environ.get("PERPMM_KILL_AT", "3")  # files read of five
    words = [sys.executable, "-c", KILLED, at, BTCUSDT, str(tmp_path / "two"), *map(str, paths)]
    done = subprocess.run(
        words, check=False, capture_output=True, timeout=600
    )  # ends when its processes, which hold the pipes, do
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert not (tmp_path / "two").exists()
    ingest(paths, instrument_id=BTCUSDT, catalog=tmp_path / "two")
    assert tree(tmp_path / "two") == expected
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_capture_cut_anywhere_is_one_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files go on from one to the next: each is read by itself, and what it takes for granted is true."""
    lines = capture(60)
    whole = ingested_tables(tmp_path / "whole", [write_gz(tmp_path / "all", lines)])
    files = [write_gz(tmp_path / name, rows) for name, rows in (("a", lines[:77]), ("b", lines[77:120]))]
    files.append(write_gz(tmp_path / "c", lines[120:]))
    again: list[int] = []
    monkeypatch.setattr(reading, "_fit", lambda *both: again.append(1) or fit(*both))
    assert ingested_tables(tmp_path / "cut", files) == whole
    monkeypatch.setattr(reading, "_WORTH_BYTES", 1)
    assert ingested_tables(tmp_path / "two", files, workers=2) == whole
    assert len(again) == 4


@pytest.mark.parametrize("lost", [70, 78, 79, 80])
def test_a_capture_that_does_not_go_on_is_read_again_in_one_row(tmp_path: Path, lost: int) -> None:
    """Lines are missing where one file ends and the next begins; there is a snapshot later, or none."""
    lines = capture(60)
    for name, rest in (("for-good", []), ("mended", capture(90)[:1])):
        here, there = lines[:lost], [*lines[82:160], *mended(rest), *lines[160:]]
        whole = ingested_tables(tmp_path / f"{name}-whole", [write_gz(tmp_path / f"{name}-all", here + there)])
        files = [write_gz(tmp_path / f"{name}-{n}", rows) for n, rows in enumerate((here, there[:9], there[9:]))]
        assert ingested_tables(tmp_path / f"{name}-cut", files) == whole


def mended(first: list[str]) -> list[str]:
    """A snapshot of the book at line 160 of the capture."""
    at = START_MS + 4_000
    bids, asks = [("99.0", "1.000")], [("101.0", "1.000")]
    return [line(at, snapshot(1390, bids, asks, at))] if first else []


def ingested_tables(catalog: Path, paths: list[Path], workers: int = 1) -> dict[str, bytes]:
    """The tables of a catalog, without the manifest, which names the files."""
    ingest(paths, instrument_id=BTCUSDT, catalog=catalog, workers=workers)
    return {name: content for name, content in tree(catalog).items() if name.endswith(".parquet")}


fit = reading._fit
