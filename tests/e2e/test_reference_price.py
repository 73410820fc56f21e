"""A number of one's own as the reference price of a backtest, from the run file to the orders."""

import csv
from decimal import Decimal
from pathlib import Path

import polars as pl

from tests.support.cli import perpmm, run_file, sample

POLLED = ("strategy.price_source=custom_api", "strategy.price_source_custom_api=http://localhost:8000/price")


def told(folder: Path, *changes: str) -> list[str | Path]:
    words = ["backtest", run_file(folder), "--runs", folder / "runs", "--json"]
    return [*words, *(word for change in changes for word in ("--set", change))]


def test_quotes_are_centred_on_the_csv(tmp_path: Path) -> None:
    catalog = sample()
    book = pl.read_parquet(catalog / "data" / "quotes" / "*" / "*.parquet").select(pl.col("ts_init").cast(pl.Int64))
    first = book.item(0, 0)
    with (tmp_path / "prices.csv").open("w") as file:
        csv.writer(file).writerows([("ts_ns", "price"), (first, 20_000), (first + 10**10, 30_000)])
    changes = (*POLLED, "strategy.bid_spread=1", "strategy.ask_spread=1")
    done = perpmm(*told(tmp_path, *changes, "data.reference_csv=prices.csv"), cwd=tmp_path)
    assert done.code == 0, done.err
    orders = pl.read_parquet(Path(done.json["run_dir"]) / "frames" / "orders.parquet")
    prices = {Decimal(str(price)) for price in orders.filter(pl.col("purpose") == "quote")["price"]}
    assert prices <= {Decimal(19_800), Decimal(29_700)}  # the sells would cross a market far above
    assert Decimal(29_700) in prices


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    done = perpmm(*told(tmp_path, *POLLED), cwd=tmp_path)
    assert done.code == 2
    assert "data.reference_csv" in done.err + done.out
    external = ("strategy.price_source=external_market", "strategy.price_source_market=ETH-USDT")
    for connector, said in (("binance_perpetual", "no ETHUSDT-PERP.BINANCE"), ("binance", "data.reference_instrument")):
        named = f"strategy.price_source_derivative={connector}"
        done = perpmm(*told(tmp_path, *external, named), cwd=tmp_path)
        assert done.code == 2
        assert said in done.err + done.out
