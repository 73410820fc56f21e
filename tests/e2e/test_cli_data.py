"""Looking after market data, as a user does."""

import shutil
from pathlib import Path

from data.holdings import chosen, remove
from data.manifest import load
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


def test_check_says_a_word_keeps_it_and_exits_by_it(tmp_path: Path) -> None:
    raw = write_gz(tmp_path / "a.gz", capture())
    said = perpmm("data", "check", raw, "--instrument", INSTRUMENT, "--page", tmp_path / "page.html")
    assert (said.code, f"{INSTRUMENT}: clean" in said.out) == (0, True)
    assert "<h2>Limits</h2>" in (tmp_path / "page.html").read_text()
    bad = tmp_path / "bad.gz"
    bad.write_bytes(raw.read_bytes()[:-9])
    refused = perpmm("data", "check", bad, "--instrument", INSTRUMENT, "--json")
    assert (refused.code, refused.json["verdict"]) == (2, "unfit")
    found = refused.json["instruments"][INSTRUMENT]
    assert found["found"] == {"refused": 1}
    assert found["findings"][0]["source"] == str(bad)
    ingested(recording(tmp_path), tmp_path / "lake" / "one")
    assert perpmm("data", "list", tmp_path / "lake", "--json").json["holdings"][0]["said"] is None
    strict = perpmm("data", "check", tmp_path / "lake" / "one", "--strict", "--limit", "stale_start_s.usable=0")
    assert strict.code == 0, strict.out
    assert "clean" in perpmm("data", "list", tmp_path / "lake").out


def test_list_show_and_remove(tmp_path: Path) -> None:
    catalog = tmp_path / "lake" / "one"
    first, second = ingested(recording(tmp_path), catalog), ingested(recording(tmp_path, "b", DAY_MS), catalog)
    (held,) = perpmm("data", "list", catalog.parent, "--json").json["holdings"]
    assert (held["ingests"], held["instrument_id"], held["end_ns"]) == (2, INSTRUMENT, second.end_ns)
    shown = perpmm("data", "show", catalog, "--json").json[INSTRUMENT]
    assert [each["files"][0]["name"] for each in shown["ingests"]] == ["a-book.gz", "b-book.gz"]
    before, name = tree(catalog), shown["ingests"][1]["name"]
    unasked = perpmm("data", "remove", catalog, "--ingest", name)
    assert (unasked.code, tree(catalog)) == (2, before)
    assert perpmm("data", "remove", catalog, "--ingest", name, "--yes").code == 0
    left = perpmm("data", "show", catalog, "--json").json[INSTRUMENT]
    assert (len(left["ingests"]), left["fingerprint"]) == (1, first.fingerprint)
    assert perpmm("data", "remove", catalog, "--instrument", "ETHUSDT-PERP.BINANCE", "--yes").code == 2
    assert perpmm("data", "remove", catalog, "--yes").code == 0
    assert not catalog.exists()
    assert perpmm("data", "show", catalog).code == 2


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
