"""Binance's public files: headers or none, units by digits, order, names and checksums."""

import hashlib
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from engine.config.read import read_config
from engine.run.simulate import planned
from tests.support.captures import START_MS as T
from tests.support.cli import run_file
from tests.support.ingesting import ingested, refusal
from tests.support.shared import TAPES, needs_tapes
from tests.support.tapes import table

TRADES = "id,price,qty,quote_qty,time,is_buyer_maker"
TICKER = "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time"
KLINES = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)


def zipped(folder: Path, name: str, rows: list[str]) -> Path:
    """As it is published: one CSV of the same name in a zip."""
    path = folder / f"{name}.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{Path(name).name}.csv", "".join(f"{row}\n" for row in rows))
    return path


def trades(count: int = 5, *, per_ms: int = 1) -> list[str]:
    return [f"{n + 7},100.{n},0.5{n},50.1,{(T + n * 100) * per_ms},{str(n % 2 == 0).lower()}" for n in range(count)]


def tickers(count: int = 6) -> list[str]:
    return [f"{n + 5},100.0,0.{n + 1},100.1,2,{T + n * 100},{T + n * 100 + 3}" for n in range(count)]


@pytest.mark.parametrize("header", [[TRADES], []])
def test_trades_with_or_without_a_header(tmp_path: Path, header: list[str]) -> None:
    made = ingested([zipped(tmp_path, "BTCUSDT-trades-2023-11-14", header + trades())], tmp_path / "c")
    rows = table(tmp_path / "c", "trades")
    assert rows["aggressor_side"].to_list() == ["SELL", "BUY", "SELL", "BUY", "SELL"]
    assert rows["price"].to_list()[:2] == [Decimal(100), Decimal("100.1")]
    assert (rows["ts_event"] == rows["ts_init"]).all()
    assert made.start_ns == T * 1_000_000
    assert any("no receive time" in warning for warning in made.warnings)


def test_aggregated_trades_and_microseconds(tmp_path: Path) -> None:
    rows = [f"{n},100.0,0.5,{n * 2},{n * 2 + 1},{T * 1000 + n},True,True" for n in range(3)]
    made = ingested([zipped(tmp_path, "BTCUSDT-aggTrades-2023-11-14", rows)], tmp_path / "c")
    assert made.end_ns == T * 1_000_000 + 2_000
    assert made.rows_by_table == {"trades": 3}


def test_a_ticker_out_of_order_is_sorted_by_its_ids(tmp_path: Path) -> None:
    rows = tickers()
    mixed = [rows[1], rows[0], *rows[3:], rows[2]]
    straight = ingested([zipped(tmp_path, "BTCUSDT-bookTicker-2023-11-14", [TICKER, *rows])], tmp_path / "1")
    made = ingested([zipped(tmp_path / "b", "BTCUSDT-bookTicker-2023-11-14", [TICKER, *mixed])], tmp_path / "2")
    assert made.fingerprint == straight.fingerprint
    assert any("sorted by update_id" in warning for warning in made.warnings)


def test_funding_is_told_before_it_is_paid_and_due_at_the_hour(tmp_path: Path) -> None:
    hour = T // 3_600_000 * 3_600_000
    rows = [
        "calc_time,funding_interval_hours,last_funding_rate",
        f"{hour + 1},8,0.00010000",
        f"{hour + 28_800_000},8,-0.00002",
    ]
    ingested([zipped(tmp_path, "BTCUSDT-fundingRate-2023-11", rows)], tmp_path / "c")
    rates = table(tmp_path / "c", "funding_rates")
    assert rates["rate"].to_list() == ["0.00010000", "-0.00002"]
    assert rates["next_funding_ns"].dt.timestamp("ms").to_list() == [hour, hour + 28_800_000]
    assert (rates["ts_init"] < rates["next_funding_ns"]).all()


def test_klines_are_of_what_their_path_says(tmp_path: Path) -> None:
    rows = [f"{T + n * 60_000},1,2,1,100.{n},0,{T + n * 60_000 + 59_999},0,60,0,0,0" for n in range(3)]
    unsaid = zipped(tmp_path, "BTCUSDT-1m-2023-11-14", [KLINES, *rows])
    assert "look alike" in refusal([unsaid], tmp_path / "c").message
    made = ingested([zipped(tmp_path, "markPriceKlines/BTCUSDT-1m-2023-11-14", rows)], tmp_path / "c")
    assert table(tmp_path / "c", "mark_prices")["value"].to_list() == [Decimal(f"100.{n}") for n in range(3)]
    assert any("every 60 s" in warning for warning in made.warnings)
    traded = [row.replace(",0,", ",5,", 1) for row in rows]
    path = zipped(tmp_path, "indexPriceKlines/BTCUSDT-1m-2023-11-14", traded)
    assert refusal([path], tmp_path / "d").field == "volume"


def test_a_name_of_another_contract_is_refused(tmp_path: Path) -> None:
    problem = refusal([zipped(tmp_path, "ETHUSDT-trades-2023-11-14", trades())], tmp_path / "c")
    assert "is of ETHUSDT by its name" in problem.message


def test_a_checksum_beside_a_file_must_be_its_own(tmp_path: Path) -> None:
    path = zipped(tmp_path, "BTCUSDT-trades-2023-11-14", trades())
    beside = path.with_name(path.name + ".CHECKSUM")
    beside.write_text(f"{'0' * 64}  {path.name}\n")
    assert "is not the file of BTCUSDT-trades" in refusal([path], tmp_path / "c").message
    beside.write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
    ingested([path], tmp_path / "c")


@pytest.mark.parametrize(
    ("rows", "line", "field"),
    [
        ([TRADES, *trades(3), "x,1"], 5, None),
        ([*trades(3), trades(1)[0]], 4, "id"),
        ([*trades(3), f"99,100.0,0.5,1,{T - 5_000},true"], 4, "time"),
        ([*trades(3), f"99,100.05,0.5,1,{T + 900},true"], 4, "price"),
        ([*trades(3), f"99,100.0,0.5,1,{(T + 900) * 1000},true"], 4, "time"),
        ([*trades(3), f"99,100.0,0,1,{T + 900},true"], 4, "price or qty"),
        (["timestamp,percentage,depth,notional", "2023-11-14 00:00:00,-5,1,1"], 1, None),
    ],
)
def test_bad_files_are_refused_with_their_place(tmp_path: Path, rows: list[str], line: int, field: str | None) -> None:
    problem = refusal([zipped(tmp_path, "BTCUSDT-trades-2023-11-14", rows)], tmp_path / "c")
    assert (problem.line, problem.field if field else None) == (line, field)


@needs_tapes
def test_the_tape_as_public_files_has_the_venues_trades_and_top(tmp_path: Path) -> None:
    paths = sorted((TAPES / "derived").glob("binance_vision__*"))
    made = ingested(paths, tmp_path / "c")
    assert made.rows_by_table["trades"] == 12_935
    assert made.rows_by_table["quotes"] > 44_000


def test_a_run_on_the_best_bid_and_ask_says_what_cannot_be_known(tmp_path: Path) -> None:
    ingested([zipped(tmp_path, "BTCUSDT-bookTicker-2023-11-14", [TICKER, *tickers()])], tmp_path / "c")
    plan = planned(read_config(run_file(tmp_path, catalog=tmp_path / "c"), []))
    assert any(note.startswith("the data are best bid and ask only") for note in plan.notes)
