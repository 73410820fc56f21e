"""The book in the catalog against the venue's own best bid and ask."""

from pathlib import Path

import pytest

from data import store
from engine.run.ingest import Ingested, ingest
from tests.support.shared import needs_tapes
from tests.support.tapes import BTCUSDT, TAPE_2023, TAPE_2024, Top, table, tops, venue_tops

pytestmark = needs_tapes

type Case = tuple[tuple[Path, ...], int, Path, Ingested]  # files, depth messages, catalog, result
type Tops = list[tuple[dict, Top | None]]


@pytest.fixture(scope="module", params=[(TAPE_2023, 16_110), (TAPE_2024, 6_547)], ids=["2023", "2024"])
def ingested(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    paths, depths = request.param
    catalog = tmp_path_factory.mktemp("tape") / "catalog"
    return paths, depths, catalog, ingest(paths, instrument_id=BTCUSDT, catalog=catalog)


@pytest.fixture(scope="module")
def book(ingested: Case) -> Tops:
    return list(tops(ingested[2]))


def test_the_book_agrees_with_every_book_ticker(ingested: Case, book: Tops) -> None:
    paths, depths, _, _ = ingested
    venue = venue_tops(paths)
    assert len(venue) == depths
    ours = {row["sequence"]: top for row, top in book}
    wrong = [(u, ours.get(u), top) for u, top in venue if ours.get(u) != top]
    assert not wrong


def test_the_book_is_never_crossed_or_locked(book: Tops) -> None:
    assert all(top is not None and top.bid < top.ask for _, top in book)


def test_receive_times_are_in_order_and_never_before_their_event(ingested: Case) -> None:
    _, _, catalog, made = ingested
    for folder in made.rows_by_table:
        frame = table(catalog, folder)
        assert frame["ts_init"].is_sorted()
        assert (frame["ts_init"] >= frame["ts_event"]).all()
    assert made.clock.min_ns + made.clock.applied_ns == 0


def test_the_clock_is_as_the_tapes_readme_says(ingested: Case) -> None:
    paths, _, _, made = ingested
    in_ms = (round(made.clock.min_ns / 1e6), round(made.clock.median_ns / 1e6))
    assert in_ms == ((-31, -3) if paths == TAPE_2023 else (-1272, -1270))


def test_no_special_print_is_in_the_trades(ingested: Case) -> None:
    _, _, catalog, made = ingested
    trades = table(catalog, "trades")
    market = 12_934 if len(made.files) == 2 else 21_313
    assert len(trades) == market
    assert "3535191080" not in set(trades["trade_id"])


def test_the_same_files_again_change_nothing(ingested: Case) -> None:
    paths, _, catalog, made = ingested
    before = {path: path.stat().st_mtime_ns for path in catalog.rglob("*")}
    again = ingest(paths, instrument_id=BTCUSDT, catalog=catalog)
    assert again.unchanged
    assert again.fingerprint == made.fingerprint == store.fingerprint(catalog, BTCUSDT)
    assert {path: path.stat().st_mtime_ns for path in catalog.rglob("*")} == before


def test_the_fingerprint_knows_no_paths(ingested: Case, tmp_path: Path) -> None:
    paths, _, _, made = ingested
    copies = [tmp_path / f"renamed{n}" for n, _ in enumerate(paths)]
    for copy, path in zip(copies, paths, strict=True):
        copy.write_bytes(path.read_bytes())
    elsewhere = ingest(copies[::-1], instrument_id=BTCUSDT, catalog=tmp_path / "deep" / "catalog")
    assert elsewhere.fingerprint == made.fingerprint


def test_the_quotes_are_the_changes_of_the_book_s_top(ingested: Case, book: Tops) -> None:
    _, _, catalog, _ = ingested
    names = ("bid_price", "bid_size", "ask_price", "ask_size")
    quotes = [
        (row["ts_init"], *(row[name] for name in names)) for row in table(catalog, "quotes").iter_rows(named=True)
    ]
    changes = [(row["ts_init"], *top) for row, top in book if top is not None]
    kept = [
        each for before, each in zip([None, *changes], changes, strict=False) if not before or before[1:] != each[1:]
    ]
    assert quotes == kept
