"""Several contracts with one command: each takes what holds it, none is mixed with another, what failed is told."""

from pathlib import Path

import pytest

from data import store
from engine.core.errors import DataError
from engine.run.ingest import Ingested, no_progress
from engine.run.ingest_each import ingest_each
from engine.run.sources import Terms
from tests.support.captures import capture, tardis_book, tardis_ticker, tardis_trades, write_gz
from tests.support.ingesting import tree
from tests.support.tapes import BTCUSDT
from tests.support.vendor_small import events, hftbacktest_rows, vision_trades

ETHUSDT = "ETHUSDT-PERP.BINANCE"
BOTH = (BTCUSDT, ETHUSDT)


def each(folder: Path, paths: list[Path], names: tuple[str, ...] = BOTH) -> list[Ingested]:
    found = ingest_each(paths, names, folder / "catalog", Terms(), progress=no_progress, workers=1)
    return list(found)


def refused(folder: Path, paths: list[Path], names: tuple[str, ...] = BOTH) -> str:
    with pytest.raises(DataError) as caught:
        each(folder, paths, names)
    return str(caught.value)


def grouped(folder: Path, name: str, rows: list[str]) -> Path:
    """Both contracts in one file, row by row."""
    head, *ours = rows
    pairs = (row.replace("BTCUSDT", symbol) for row in ours for symbol in ("BTCUSDT", "ETHUSDT"))
    return write_gz(folder / f"{name}.csv.gz", [head, *pairs])


def test_a_file_of_several_symbols_is_read_for_each_asked_for(tmp_path: Path) -> None:
    paths = [
        grouped(tmp_path, name, rows)
        for name, rows in (("book", tardis_book()), ("trades", tardis_trades()), ("ticker", tardis_ticker()))
    ]
    first = each(tmp_path, paths)
    assert [made.instrument_id for made in first] == [*BOTH]
    assert first[0].rows_by_table == first[1].rows_by_table
    alone = each(tmp_path / "alone", [write_gz(tmp_path / "a.csv.gz", tardis_trades())], (BTCUSDT,))
    assert alone[0].rows_by_table["trades"] == first[0].rows_by_table["trades"]
    assert [made.unchanged for made in each(tmp_path, paths)] == [True, True]
    assert store.instrument_ids(tmp_path / "catalog") == BOTH


def test_files_of_one_symbol_each_go_to_theirs(tmp_path: Path) -> None:
    raw = [write_gz(tmp_path / "btc.gz", capture())]
    eth = [row.replace("BTCUSDT", "ETHUSDT").replace("btcusdt", "ethusdt") for row in capture(15)]
    raw.append(write_gz(tmp_path / "eth.gz", eth))
    made = each(tmp_path, raw)
    assert [[file.name for file in one.files] for one in made] == [["btc.gz"], ["eth.gz"]]
    vision = [
        write_gz(tmp_path / f"{symbol}-trades-2023-11-14.csv.gz", vision_trades()) for symbol in ("BTCUSDT", "ETHUSDT")
    ]
    made = each(tmp_path / "vision", vision)
    assert [[file.name for file in one.files] for one in made] == [[path.name] for path in vision]


def test_one_that_fails_leaves_the_others_and_is_told(tmp_path: Path) -> None:
    rows = [row for row in tardis_book() if not row.startswith("binance-futures,BTCUSDT,1700000000000000,")]
    mixed = [*tardis_book(), *(row.replace("BTCUSDT", "ETHUSDT") for row in rows[1:])]
    head, *body = mixed
    path = write_gz(tmp_path / "book.csv.gz", [head, *sorted(body, key=lambda row: row.split(",")[3])])
    told = refused(tmp_path, [path])
    assert "no snapshot" in told
    assert ETHUSDT in told
    assert BTCUSDT not in told
    assert store.instrument_ids(tmp_path / "catalog") == (BTCUSDT,)


def test_what_cannot_be_shared_out_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    book = write_gz(tmp_path / "book.csv.gz", tardis_book())
    nameless = tmp_path / "events.npy"
    nameless.write_bytes(events(hftbacktest_rows()))
    other = write_gz(tmp_path / "SOLUSDT-trades-2023-11-14.csv.gz", vision_trades())
    told = refused(tmp_path, [book, nameless, other])
    assert "events.npy: instrument: does not say of which contract" in told
    assert "is of SOLUSDT, of none of the contracts asked for" in told
    assert "BTCUSDT" in refused(tmp_path, [book], ())
    assert "NOSUCH-PERP.BINANCE" in refused(tmp_path, [book], (BTCUSDT, "NOSUCH-PERP.BINANCE"))
    eth = [row.replace("BTCUSDT", "ETHUSDT") for row in capture()]
    assert f"{BTCUSDT} is in none" in refused(tmp_path, [write_gz(tmp_path / "eth.gz", eth)])
    assert not (tmp_path / "catalog").exists()


def test_a_file_of_several_symbols_is_read_once_for_all(tmp_path: Path) -> None:
    paths = [grouped(tmp_path, name, rows) for name, rows in (("book", tardis_book()), ("trades", tardis_trades()))]
    told: dict[str, tuple[int, int]] = {}
    found = ingest_each(
        paths, BOTH, tmp_path / "both", Terms(), progress=lambda *said: told.update({said[0]: said[1:]}), workers=1
    )
    assert [one.instrument_id for one in found] == [*BOTH]
    assert told["ingest"] == (size := sum(path.stat().st_size for path in paths), size)
    for name in BOTH:
        each(tmp_path / name, paths, (name,))
        alone = tree(tmp_path / name / "catalog")
        both = tree(tmp_path / "both")
        assert all(both[table] == rows for table, rows in alone.items() if table.endswith(".parquet"))
