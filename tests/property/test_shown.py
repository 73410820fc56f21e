"""The size that a book showed at a price and time, against a book built row by row."""

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.store import contents
from data.synthetic import generate
from engine.analysis.shown import shown_at
from engine.core.types import Side
from engine.run.ingest import ingest
from tests.support.catalogs import F_SNAPSHOT, Handmade, ns

TENTHS = st.integers(1, 30)
PRICES = st.integers(995, 1005).map(lambda tenths: f"{Decimal(tenths) / 10:.1f}")
changes = st.lists(
    st.tuples(TENTHS, st.sampled_from(Side), PRICES, st.sampled_from(["0", "1", "2.5"])), min_size=1, max_size=25
)
snapshots = st.lists(TENTHS, max_size=2, unique=True)
asked = st.lists(st.tuples(TENTHS, st.sampled_from(Side), PRICES), min_size=1, max_size=20)


@settings(max_examples=30, deadline=None)
@given(changes, snapshots, asked)
def test_a_level_is_what_the_last_change_before_left(rows: list, resets: list[int], queries: list) -> None:
    market, said = Handmade(), []
    market.snapshot(0.05, {"90.0": "7"}, {"110.0": "7"})
    for tenth in resets:
        said.append((tenth / 10, None, "99.5", "3"))
        market.snapshot(tenth / 10, {"99.5": "3"}, {"110.0": "7"})
    for tenth, side, price, size in rows:
        at = tenth / 10 + 0.01
        said.append((at, side, price, size))
        market.levels(at, (side, price, size))
    with TemporaryDirectory() as folder:
        root = market.write(Path(folder) / "catalog", quotes=False)
        files = sorted((root / "data" / "order_book_deltas").glob("*/*.parquet"))
        grid = pl.DataFrame(
            [{"ts": ns(tenth / 10 + 0.05), "side": side.name.lower(), "price": float(p)} for tenth, side, p in queries]
        )
        found = shown_at(files, grid).to_list()
    for (tenth, side, price), size in zip(queries, found, strict=True):
        assert size == expected(said, tenth / 10 + 0.05, side, price)


def expected(said: list, until: float, side: Side, price: str) -> float:
    shown = 0.0
    for at, who, where, size in sorted(said, key=lambda row: row[0]):
        if at >= until:
            break
        if who is None:  # a snapshot: its one bid, and nothing else near
            shown = float(size) if (side, price) == (Side.BUY, where) else 0.0
        elif (who, where) == (side, price):
            shown = float(size)
    return shown


def test_nothing_is_known_before_the_first_snapshot(tmp_path: Path) -> None:
    assert F_SNAPSHOT == 32
    files = ingest(
        generate(seed=2, out_dir=tmp_path / "raw", minutes=0.1), instrument_id="BTCUSDT-PERP.BINANCE",
        catalog=tmp_path / "catalog",
    )  # fmt: skip
    assert files is not None
    held = contents(tmp_path / "catalog", "BTCUSDT-PERP.BINANCE")
    books = [tmp_path / "catalog" / each.tables["order_book_deltas"] for each in held.ingests]
    grid = pl.DataFrame({"ts": [held.start_ns - 1, held.end_ns], "side": ["buy", "buy"], "price": [50_000.0, 1.0]})
    assert shown_at(books, grid).to_list() == [None, 0.0]
    assert shown_at(books, grid.head(0)).to_list() == pytest.approx([])
