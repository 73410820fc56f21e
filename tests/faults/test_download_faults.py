"""Downloads from a site that cuts, refuses, asks for time and sends other than it said. Nothing leaves loopback."""

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.download.fetch import Became, Fetcher, Got
from data.download.vendors import VENDORS, Order, aws_commands, wanted
from engine.core.errors import ConfigError, DataError
from tests.support.cli import perpmm
from tests.support.ingesting import tree
from tests.support.vendor_site import Site, serving

DAY = date(2024, 8, 1)
BODY = random.Random(1).randbytes(3_000_000)
# Paths of FORMATS, one a vendor and type.
PATHS = {
    ("tardis", "incremental_book_L2", "BTCUSDT"): "/v1/binance-futures/incremental_book_L2/2024/08/01/BTCUSDT.csv.gz",
    ("tardis", "trades", "btc/usd:perp"): "/v1/binance-futures/trades/2024/08/01/BTC-USD-PERP.csv.gz",
    ("binance", "aggTrades", "BTCUSDT"): "/data/futures/um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2024-08-01.zip",
    (
        "binance",
        "fundingRate",
        "BTCUSDT",
    ): "/data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2024-08.zip",
    (
        "binance",
        "markPriceKlines",
        "BTCUSDT",
    ): "/data/futures/um/daily/markPriceKlines/BTCUSDT/1m/BTCUSDT-1m-2024-08-01.zip",
    ("bybit", "orderbook", "BTCUSDT"): "/orderbook/linear/BTCUSDT/2024-08-01_BTCUSDT_ob500.data.zip",
    ("bybit", "trades", "BTCUSDT"): "/trading/BTCUSDT/BTCUSDT2024-08-01.csv.gz",
    ("okx", "orderbook", "BTC-USDT-SWAP"): (
        "/cdn/okx/match/orderbook/L2/400lv/daily/20240801/BTC-USDT-SWAP-L2orderbook-400lv-2024-08-01.tar.gz"
    ),
    ("okx", "trades", "BTC-USDT-SWAP"): (
        "/cdn/okex/traderecords/trades/daily/20240801/BTC-USDT-SWAP-trades-2024-08-01.zip"
    ),
    ("hyperliquid", "l2Book", "BTC"): "/market_data/20240801/0/l2Book/BTC.lz4",
}
BINANCE = PATHS["binance", "aggTrades", "BTCUSDT"]


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(dict.fromkeys(PATHS.values(), BODY)) as made:
        yield made


def got(
    site: Site, folder: Path, vendor: str = "binance", kind: str = "aggTrades", **order: object
) -> tuple[list[Got], list[float]]:
    """What became of each file, and the waits between tries."""
    waits: list[float] = []
    asked = {"symbol": "BTCUSDT", "first": DAY, "last": DAY, "types": (kind,), "base_url": site.url, **order}
    with httpx.Client() as client:
        fetcher = Fetcher(client, folder, "words", waits.append)
        return [fetcher.fetch(each, lambda *_: None) for each in wanted(vendor, Order(**asked))], waits


@pytest.mark.parametrize("which", PATHS)
def test_each_vendors_files_come_from_their_real_paths(site: Site, tmp_path: Path, which: tuple[str, str, str]) -> None:
    vendor, kind, symbol = which
    files, _ = got(site, tmp_path, vendor, kind, symbol=symbol)
    assert files[0].became is Became.FETCHED
    assert PATHS[which] in [path for path, _ in site.seen]
    assert (tmp_path / files[0].name).read_bytes() == BODY


def test_a_cut_download_goes_on_where_it_was_cut(site: Site, tmp_path: Path) -> None:
    site.faults[BINANCE] = ["cut", "cut", "503"]
    (file,), waits = got(site, tmp_path)
    assert (file.became, (tmp_path / file.name).read_bytes() == BODY) == (Became.FETCHED, True)
    starts = [
        int(asked.removeprefix("bytes=").removesuffix("-")) for path, asked in site.seen if path == BINANCE and asked
    ]
    assert starts == sorted(starts)
    assert starts[0] > 0
    assert len(waits) == 3
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_process_that_died_is_taken_up_by_the_next(site: Site, tmp_path: Path) -> None:
    site.faults[BINANCE] = ["cut", *["503"] * 6]
    with pytest.raises(DataError, match="goes on from there"):
        got(site, tmp_path)
    (part,) = tmp_path.glob("*.part")
    have = part.stat().st_size
    assert 0 < have < len(BODY)
    got(site, tmp_path)
    assert site.seen[-1] == (BINANCE, f"bytes={have}-")
    assert (tmp_path / "BTCUSDT-aggTrades-2024-08-01.zip").read_bytes() == BODY


def test_a_file_that_changed_meanwhile_begins_anew(site: Site, tmp_path: Path) -> None:
    site.faults[BINANCE] = ["cut", *["503"] * 6]
    with pytest.raises(DataError):
        got(site, tmp_path)
    site.files[BINANCE] = BODY[::-1]
    got(site, tmp_path)
    assert (tmp_path / "BTCUSDT-aggTrades-2024-08-01.zip").read_bytes() == BODY[::-1]


def test_a_site_without_ranges_begins_anew(site: Site, tmp_path: Path) -> None:
    site.faults[BINANCE] = ["cut", "no-range"]
    (file,), _ = got(site, tmp_path)
    assert (tmp_path / file.name).read_bytes() == BODY


def test_a_site_that_asks_for_time_gets_it(site: Site, tmp_path: Path) -> None:
    site.faults[BINANCE] = ["429", "429-date"]
    _, waits = got(site, tmp_path)
    assert waits == [3.0, 7.0]


def test_a_wrong_checksum_is_tried_twice_and_leaves_nothing(site: Site, tmp_path: Path) -> None:
    site.sums[BINANCE] = "0" * 64
    with pytest.raises(DataError, match="SHA-256"):
        got(site, tmp_path)
    assert not list(tmp_path.iterdir())
    assert len([path for path, _ in site.seen if path == BINANCE]) == 2


def test_what_is_there_is_not_fetched_again_unless_the_vendors_has_changed(site: Site, tmp_path: Path) -> None:
    got(site, tmp_path)
    (again,), _ = got(site, tmp_path)
    assert again.became is Became.THERE
    site.files[BINANCE] = BODY[::-1]
    (changed,), _ = got(site, tmp_path)
    assert changed.became is Became.REPLACED
    assert (tmp_path / changed.name).read_bytes() == BODY[::-1]


def test_days_that_are_not_there_are_said(site: Site, tmp_path: Path) -> None:
    files, _ = got(site, tmp_path, last=date(2024, 8, 3))
    assert [file.became for file in files] == [Became.FETCHED, Became.MISSING, Became.MISSING]


def test_a_depth_that_is_not_there_is_looked_for_in_another(site: Site, tmp_path: Path) -> None:
    path = PATHS["bybit", "orderbook", "BTCUSDT"]
    site.files[path.replace("ob500", "ob200")] = site.files.pop(path)
    (file,), _ = got(site, tmp_path, "bybit", "orderbook")
    assert file.became is Became.FETCHED


def test_refused_access_is_said_with_what_it_costs(site: Site, tmp_path: Path) -> None:
    site.faults[PATHS["tardis", "incremental_book_L2", "BTCUSDT"]] = ["401"]
    with pytest.raises(DataError, match=r"access refused \(HTTP 401\)\. words"):
        got(site, tmp_path, "tardis", "incremental_book_L2")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["cut", "429", "503", "no-range"]), max_size=5))
def test_whatever_goes_wrong_what_comes_is_the_file(site: Site, tmp_path: Path, faults: list[str]) -> None:
    site.faults[BINANCE] = list(faults)
    for left in list(tmp_path.iterdir()):
        left.unlink()
    (file,), _ = got(site, tmp_path)
    assert tree(tmp_path) == {file.name: BODY}


def test_the_command_fetches_says_and_exits(site: Site, tmp_path: Path) -> None:
    base = ("--from", "2024-08-01", "--base-url", site.url, "--out", tmp_path)
    said = perpmm("data", "download", "bybit", "BTCUSDT", *base, "--json")
    assert (said.code, {file["became"] for file in said.json["files"]}) == (0, {"fetched"})
    assert "free, no key" in said.err
    none = perpmm("data", "download", "bybit", "NONE", *base)
    assert (none.code, "has none of the 2 files" in none.err) == (2, True)
    key = perpmm("data", "download", "tardis", "BTCUSDT", *base, "--to", "2024-08-02", TARDIS_API_KEY="")
    assert (key.code, "TARDIS_API_KEY" in key.err, "first day of each month is free" in key.err) == (2, True, True)
    amazon = perpmm("data", "download", "hyperliquid", "BTC", "--from", "2024-08-01", "--out", tmp_path)
    assert (amazon.code, "--request-payer requester" in amazon.err) == (2, True)
    wrong = perpmm("data", "download", "okx", "X", "--from", "yesterday", "--json")
    assert (wrong.code, wrong.json["problems"][0]["source"]) == (2, "--from")


def test_what_no_vendor_has_is_refused_at_once() -> None:
    for vendor, changes in {
        "binance": {"types": ("depth",)},
        "okx": {"market": "um"},
        "bybit": {"last": date(2024, 7, 1)},
    }.items():
        with pytest.raises(ConfigError):
            wanted(vendor, Order(**{"symbol": "X", "first": DAY, "last": DAY, **changes}))
    assert set(VENDORS) == {"tardis", "binance", "bybit", "okx", "hyperliquid"}
    assert "20240801/$h/l2Book/BTC.lz4" in next(aws_commands(Order(symbol="BTC", first=DAY, last=DAY), "d"))
