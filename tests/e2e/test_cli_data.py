"""Looking after market data, as a user does."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.holdings import chosen, remove
from data.manifest import load
from engine.cli.main import main
from tests.support.captures import capture, tardis_book, tardis_ticker, tardis_trades, write_gz
from tests.support.cli import INSTRUMENT, perpmm
from tests.support.ingesting import ingested, tree

DAY_MS = 86_400_000


def recording(folder: Path, name: str = "a", shift_ms: int = 0) -> list[Path]:
    """Later by some milliseconds."""
    paths = []
    for kind, rows in (("book", tardis_book(20)), ("trades", tardis_trades(20)), ("ticker", tardis_ticker())):
        later = [_later(row, shift_ms) for row in rows]
        paths.append(write_gz(folder / f"{name}-{kind}.gz", later))
    return paths


def _later(row: str, shift_ms: int) -> str:
    cells = row.split(",")
    moved = (str(int(c) + shift_ms * 1000) if c.isdigit() and len(c) == 16 else c for c in cells)
    return ",".join(moved)


type Say = Callable[..., tuple[int, Any]]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Say:
    """The command in this process: its exit code, and its one object."""

    def say(*arguments: str | Path) -> tuple[int, Any]:
        code = main(["data", *map(str, arguments), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return say


def test_check_says_a_word_keeps_it_and_exits_by_it(tmp_path: Path, said: Say) -> None:
    raw = write_gz(tmp_path / "a.gz", capture())
    told = perpmm("data", "check", raw, "--instrument", INSTRUMENT, "--page", tmp_path / "page.html")
    assert (told.code, f"{INSTRUMENT}: clean" in told.out) == (0, True)
    assert "<h2>Limits</h2>" in (tmp_path / "page.html").read_text()
    bad = tmp_path / "bad.gz"
    bad.write_bytes(raw.read_bytes()[:-9])
    code, refused = said("check", bad, "--instrument", INSTRUMENT)
    assert (code, refused["verdict"]) == (2, "unfit")
    found = refused["instruments"][INSTRUMENT]
    assert found["found"] == {"refused": 1}
    assert found["findings"][0]["source"] == str(bad)
    ingested(recording(tmp_path), tmp_path / "lake" / "one")
    assert said("list", tmp_path / "lake")[1]["holdings"][0]["said"] is None
    assert said("check", tmp_path / "lake" / "one", "--strict", "--limit", "stale_start_s.usable=0")[0] == 0
    assert said("list", tmp_path / "lake")[1]["holdings"][0]["said"]["verdict"] == "clean"


def test_list_show_and_remove(tmp_path: Path, said: Say) -> None:
    catalog = tmp_path / "lake" / "one"
    first, second = ingested(recording(tmp_path), catalog), ingested(recording(tmp_path, "b", DAY_MS), catalog)
    (held,) = said("list", catalog.parent)[1]["holdings"]
    assert (held["ingests"], held["instrument_id"], held["end_ns"]) == (2, INSTRUMENT, second.end_ns)
    shown = said("show", catalog)[1][INSTRUMENT]
    assert [each["files"][0]["name"] for each in shown["ingests"]] == ["a-book.gz", "b-book.gz"]
    before, name = tree(catalog), shown["ingests"][1]["name"]
    assert (said("remove", catalog, "--ingest", name)[0], tree(catalog)) == (2, before)
    assert said("remove", catalog, "--ingest", name, "--yes")[0] == 0
    left = said("show", catalog)[1][INSTRUMENT]
    assert (len(left["ingests"]), left["fingerprint"]) == (1, first.fingerprint)
    assert said("remove", catalog, "--instrument", "ETHUSDT-PERP.BINANCE", "--yes")[0] == 2
    assert said("remove", catalog, "--yes")[0] == 0
    assert not catalog.exists()
    assert said("show", catalog)[0] == 2


def test_a_removal_cut_short_anywhere_is_finished_by_the_next(tmp_path: Path) -> None:
    catalog = tmp_path / "c"
    ingested(recording(tmp_path), catalog)
    first = ingested(recording(tmp_path, "b", DAY_MS), catalog)
    whole = tmp_path / "whole"
    shutil.copytree(catalog, whole)
    (gone,) = [each for each in load(catalog).ingests if each.start_ns < first.start_ns]
    remove(catalog, (gone,))
    after = tree(catalog)
    for cut in range(len(gone.tables) + 1):  # the manifest is written, `cut` of the tables are gone
        shutil.rmtree(catalog)
        shutil.copytree(whole, catalog)
        (catalog / "perpmm.json").write_bytes(after["perpmm.json"])
        for path in list(gone.tables.values())[:cut]:
            (catalog / path).unlink()
        remove(catalog, chosen(catalog, INSTRUMENT, None)[:0])
        assert tree(catalog) == after


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    catalog = tmp_path / "c"
    ingested(recording(tmp_path), catalog)
    (catalog / "notes.txt").write_text("mine")
    remove(catalog, chosen(catalog, None, None))
    assert tree(catalog) == {"notes.txt": b"mine"}


def test_a_market_that_goes_wrong_in_another_vendors_form(tmp_path: Path, said: Say) -> None:
    knobs = ("--set", "feed.outages_per_hour=120", "--set", "feed.outage_s=4", "--minutes", "1")
    _, made = said("synthetic", "--out", tmp_path / "raw", "--form", "okx", *knobs)
    contract = next(path for path in made["truth"] if path.endswith("contract.toml"))
    named = ("--instrument", made["instrument"], "--instrument-file", contract)
    assert said("ingest", *made["files"], *named, "--catalog", tmp_path / "c")[0] == 0
    _, facts = said("facts", tmp_path / "c")
    measured, real = facts["measured"][made["instrument"]], facts["real"]
    assert 0 < measured["ret1s_std_bps"] < 20
    assert all(set(measured) == set(of) for of in real.values())
    assert said("synthetic", "--out", tmp_path / "x", "--form", "nonsense")[0] == 2
    _, inverse = said("synthetic", "--out", tmp_path / "i", "--inverse", "--minutes", "0.2")
    held = ("--instrument", inverse["instrument"], "--catalog", tmp_path / "ci")
    assert said("ingest", *inverse["files"], *held)[0] == 0
