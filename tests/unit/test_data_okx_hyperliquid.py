"""OKX's and Hyperliquid's archives: snapshots that anchor or that are all there is, units, clocks, other files."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support import vendor_small as small
from tests.support.captures import START_MS
from tests.support.vendor_files import HYPERLIQUID, OKX, lines
from tests.support.vendor_reading import Reading, reading, refused
from tests.support.vendor_small import ASKS, BIDS, hyperliquid_line, okx_line

SWAP = "BTC-USDT-SWAP"


def okx(folder: Path, rows: list[str]) -> Reading:
    return reading(folder, lines(rows), OKX, SWAP)


def test_a_snapshot_of_a_known_book_tells_what_differs(tmp_path: Path) -> None:
    rows = small.okx_book(3)
    again = [(price, "9.000" if price == "99.5" else size) for price, size in BIDS if price != "99.7"]
    asks = [(price, "2.002" if price == "100.7" else size) for price, size in ASKS]
    deltas = okx(tmp_path, [*rows, okx_line("snapshot", again, asks, 900)]).table("order_book_deltas")
    assert deltas["action"].to_list().count("CLEAR") == 3  # 90 s of silence: it began anew, and before it a gap
    near = okx(tmp_path, [*rows, okx_line("snapshot", again, asks, 5)]).table("order_book_deltas")
    told = near.filter(near["ts_event"] == near["ts_event"].max()).select("action", "price", "size").rows()
    assert ("DELETE", Decimal("99.7"), Decimal(0)) in told
    assert ("UPDATE", Decimal("99.5"), Decimal(9)) in told
    assert len(told) < 8


def test_a_loss_is_known_where_the_stream_was_recorded_live(tmp_path: Path) -> None:
    def live(action: str, number: int, previous: int, step: int) -> str:
        levels = {"asks": [[p, s, "0", "1"] for p, s in ASKS], "bids": [[p, s, "0", "1"] for p, s in BIDS]}
        data = {**levels, "ts": str(START_MS + step), "checksum": 0, "seqId": number, "prevSeqId": previous}
        return json.dumps({"arg": {"channel": "books", "instId": SWAP}, "action": action, "data": [data]})

    rows = [live("snapshot", 10, -1, 0), *[live("update", 11, 10, 1)] * 2, live("update", 13, 12, 2)]
    found = okx(tmp_path, [*rows, live("update", 14, 13, 3), live("snapshot", 20, -1, 4)])
    assert [top is None for top in found.tops()] == [False, False, True, False]
    assert found.said("file:4: sequence gap: prevSeqId 12")
    assert found.said("a message that was there already was left out")


def test_a_snapshot_of_thousands_of_levels_is_known_for_what_it_is(tmp_path: Path) -> None:
    bids = [(f"{900 - n * 0.1:.1f}", "1.000") for n in range(5_000)]
    asks = [(f"{900.1 + n * 0.1:.1f}", "1.000") for n in range(5_000)]
    rows = [okx_line("snapshot", bids, asks, 0), okx_line("update", [("900.0", "2")], [], 1)]
    assert okx(tmp_path, rows).made.rows_by_table["order_book_deltas"] == 10_002


def test_a_book_without_a_snapshot_and_a_file_of_two_instruments_are_refused(tmp_path: Path) -> None:
    rows = small.okx_book(3)
    assert refused(tmp_path, lines(rows[1:]), OKX, SWAP).field == "action"
    other = rows[2].replace(SWAP, "ETH-USDT-SWAP")
    problem = refused(tmp_path, lines([*rows[:2], other, rows[3]]), OKX, SWAP)
    assert (problem.line, problem.field) == (3, "instId")


def test_sizes_are_contracts(tmp_path: Path) -> None:
    """Of 0.01 BTC each: the catalog's sizes are what the venue counts, and the contract says what one is."""
    row = f"{SWAP},1,buy,36500.1,3,1600000000123"
    found = reading(tmp_path, lines(["instrument_name,trade_id,side,price,size,created_time", row]), OKX)
    assert found.table("trades")["size"].to_list() == [Decimal(3)]


def test_okx_names_its_columns_twice_and_marks_hidden_orders(tmp_path: Path) -> None:
    header = (
        "instrument_name/交易品种名,trade_id/撮合id,side/交易方向,size/数量,price/价格,created_time/成交时间,source"
    )
    rows = [f"{SWAP},{n},BUY,0.01,100.1,{START_MS + n},{n % 2}" for n in range(4)]
    found = okx(tmp_path, [header, *rows])
    assert len(found.table("trades")) == 2
    assert found.said("2 ELP prints kept apart")


def test_funding_is_paid_at_its_time(tmp_path: Path) -> None:
    header, *rows = small.okx_funding(3)
    found = reading(tmp_path, lines([header, rows[2], rows[0], rows[1], rows[0]]), OKX)
    funding = found.table("funding_rates")
    assert funding["rate"].to_list() == ["0.0001", "0.0002", "0.0003"]
    assert (funding["next_funding_ns"].cast(int) % 28_800_000_000_000 == 0).all()
    assert (funding["ts_init"] < funding["next_funding_ns"]).all()
    other = rows[0].replace("0.0001", "0.0009")
    assert refused(tmp_path, lines([header, *rows, other]), OKX).field == "funding_rate"


def test_a_level_that_leaves_the_window_is_no_cancel(tmp_path: Path) -> None:
    def window(best: int) -> list[tuple[str, str]]:
        return [(f"{best - n}.0", "1.5") for n in range(20)]

    asks = [(f"{200 + n}.0", "1.5") for n in range(20)]
    moves = [100, 103, 95]
    rows = [hyperliquid_line(window(best), asks, n) for n, best in enumerate(moves)]
    deltas = reading(tmp_path, lines(rows), HYPERLIQUID).table("order_book_deltas")
    deltas = deltas.with_columns(deltas["ts_event"].rank("dense").alias("message"))
    up, down = (deltas.filter(deltas["message"] == n) for n in (2, 3))
    assert up["action"].unique().to_list() == ["UPDATE"]  # 81, 82 and 83 left the window
    gone = down.filter(down["action"] == "DELETE")["price"].to_list()
    assert sorted(gone) == [Decimal(price) for price in range(96, 104)]
    back = down.filter(down["action"] == "UPDATE")["price"].to_list()
    assert sorted(back) == [Decimal(price) for price in range(76, 81)]  # 81 and above are as they were


def test_a_recorder_whose_clock_steps_back_a_little_is_held(tmp_path: Path) -> None:
    rows = small.hyperliquid_book(4)
    back = [*rows[:2], hyperliquid_line(*small.hyperliquid_window(2), 2).replace("21.007", "20.407"), rows[3]]
    assert back != rows
    found = reading(tmp_path, lines(back), HYPERLIQUID)
    assert found.said("held")
    assert found.table("order_book_deltas")["ts_init"].is_sorted()


def test_nodes_trades_of_other_coins_are_passed_over(tmp_path: Path) -> None:
    rows = small.node_trades(6)
    mixed = [row.replace('"coin":"BTC"', '"coin":"ETH"') if n % 3 == 0 else row for n, row in enumerate(rows)]
    trades = reading(tmp_path, lines(mixed), HYPERLIQUID).table("trades")
    assert trades["aggressor_side"].to_list() == ["BUY", "SELL", "SELL", "BUY"]  # B bought, A sold


def test_the_context_of_a_minute_tells_prices_and_the_funding_of_the_hour(tmp_path: Path) -> None:
    found = reading(tmp_path, lines(small.asset_contexts(3)), HYPERLIQUID)
    assert {len(found.table(name)) for name in ("mark_prices", "index_prices", "funding_rates")} == {3}
    due = found.table("funding_rates")["next_funding_ns"].cast(int)
    assert (due % 3_600_000_000_000 == 0).all()


@pytest.mark.parametrize("times", ["Z", "+00:00", ""])
def test_a_time_is_utc_with_or_without_its_z(tmp_path: Path, times: str) -> None:
    rows = [
        row.replace('"time":"2023-11-14T22:13:20.000"', f'"time":"2023-11-14T22:13:20.000{times}"')
        for row in small.node_trades(2)
    ]
    if times == "+00:00":
        assert refused(tmp_path, lines(rows), HYPERLIQUID).field == "time"
    else:
        assert len(reading(tmp_path, lines(rows), HYPERLIQUID).table("trades")) == 2
