"""A catalog of ours is plain Parquet: polars, DuckDB and NautilusTrader read the same rows from it."""

from pathlib import Path

import duckdb
import polars as pl
import pytest
from nautilus_trader.persistence import ParquetDataCatalog

from data.tables import place
from tests.support.captures import capture, write_gz
from tests.support.ingesting import ingested
from tests.support.tapes import BTCUSDT

QUERIES = {
    "order_book_deltas": "query_order_book_deltas",
    "trades": "query_trade_ticks",
    "quotes": "query_quote_ticks",
    "mark_prices": "query_mark_price_updates",
}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readers")
    rows = capture(40)
    rows[5] = rows[5].replace('"X":"MARKET"', '"X":"INSURANCE_FUND"')
    ingested([write_gz(folder / "capture", rows)], folder / "c")
    return folder / "c"


@pytest.mark.parametrize("folder", [*QUERIES, "index_prices", "funding_rates", "special_trades"])
def test_polars_and_duckdb_read_the_same(catalog: Path, folder: str) -> None:
    files = str(catalog / place(folder) / BTCUSDT / "*.parquet")
    theirs = duckdb.sql(f"select count(*), min(epoch_ns(ts_init)), max(epoch_ns(ts_init)) from '{files}'").fetchall()[0]
    at = pl.col("ts_init").cast(pl.Int64)
    ours = pl.scan_parquet(files).select(pl.len(), at.min().alias("first"), at.max().alias("last")).collect().row(0)
    assert theirs == ours


@pytest.mark.parametrize("folder", QUERIES)
def test_nautilus_reads_as_many(catalog: Path, folder: str) -> None:
    found = getattr(ParquetDataCatalog(str(catalog)), QUERIES[folder])([BTCUSDT])
    assert len(found) == pl.read_parquet(catalog / place(folder) / BTCUSDT / "*.parquet").height
