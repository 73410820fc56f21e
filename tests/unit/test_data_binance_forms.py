"""Raw Binance captures in every container, of every market: the same messages make the same data."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from engine.run.ingest import Ingested, ingest
from tests.support.captures import START_MS, SYMBOL, capture, depth, line, snapshot, ticker, trade, write_gz
from tests.support.ingesting import ingested, refusal
from tests.support.shared import TAPES, needs_tapes
from tests.support.tapes import table, tops

T = START_MS
BIDS, ASKS = [("100.0", "1.000")], [("100.1", "1.000")]


def parts(rows: list[str]) -> list[tuple[int, dict]]:
    """(local µs, message, out of its envelope)."""
    found = []
    for row in rows:
        stamp, _, body = row.partition(" ")
        message = json.loads(body)
        found.append((int(stamp), message.get("data", message)))
    return found


def cryptofeed(at_us: int, message: dict) -> str:
    stamp = f"{at_us // 10**6}.{at_us % 10**6:06}"
    if "lastUpdateId" in message:
        return f"https://fapi.binance.com/fapi/v1/depth?symbol={SYMBOL}&limit=1000 -> {stamp}: {json.dumps(message)}"
    return f"{stamp}: {json.dumps({'stream': 'x', 'data': message})}"


CONTAINERS: dict[str, Callable[[int, dict], str]] = {
    "hftbacktest, ns": lambda at, message: f"{at}000 {json.dumps(message)}",
    "cryptofeed": cryptofeed,
    "flat JSON lines": lambda at, message: json.dumps({"recv_ts": at, **message}),
    "JSON lines, ns": lambda at, message: json.dumps({"recv_ts": at * 1000, "data": message}),
    "JSON lines, seconds": lambda at, message: json.dumps({"recv_ts": f"{at / 1e6:.6f}", "msg": message}),
    "JSON lines of the stream": lambda at, message: json.dumps({"recv_ts": at, "stream": "x", "data": message}),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_says_the_same(tmp_path: Path, container: str) -> None:
    expected = ingested([write_gz(tmp_path / "a", capture())], tmp_path / "1").fingerprint
    rows = [CONTAINERS[container](*part) for part in parts(capture())]
    if container == "cryptofeed":
        rows = ["configuration: {}", "wss://fstream.binance.com/stream?streams=x <-> 1700000000.1", *rows]
    assert ingested([write_gz(tmp_path / "b", rows)], tmp_path / "2").fingerprint == expected


def test_bare_messages_without_receive_time_have_the_venues(tmp_path: Path) -> None:
    rows = [json.dumps(message) for _, message in parts(capture())]
    made = ingested([write_gz(tmp_path / "a", rows)], tmp_path / "c")
    assert made.clock is None
    assert any("no receive time" in warning for warning in made.warnings)
    book = table(tmp_path / "c", "order_book_deltas")
    assert (book["ts_event"] == book["ts_init"]).all()


def test_cryptofeeds_snapshots_in_a_file_of_their_own_are_merged_by_time(tmp_path: Path) -> None:
    rows = [cryptofeed(*part) for part in parts(capture())]
    together = ingested([write_gz(tmp_path / "a", rows)], tmp_path / "1").fingerprint
    rest = write_gz(tmp_path / "http", [row for row in rows if row.startswith("https")])
    socket = write_gz(tmp_path / "ws", [row for row in rows if not row.startswith("https")])
    assert ingested([socket, rest], tmp_path / "2").fingerprint == together


def contract(folder: Path, name: str, symbol: str, **changes: str) -> Path:
    terms = {
        "id": f'"{name}"',
        "raw_symbol": f'"{symbol}"',
        "base": '"BTC"',
        "quote": '"USDT"',
        "settlement": '"USDT"',
        "tick": '"0.1"',
        "step": '"0.001"',
        "min_size": '"0.001"',
        "maker_fee": '"0"',
        "taker_fee": '"0"',
        "margin_init": '"0.1"',
        "margin_maint": '"0.05"',
        **changes,
    }
    path = folder / "contract.toml"
    path.write_text("[[contract]]\n" + "".join(f"{key} = {value}\n" for key, value in terms.items()))
    return path


def of_terms(path: Path, catalog: Path, name: str, terms: Path) -> Ingested:
    return ingest([path], instrument_id=name, catalog=catalog, instrument_file=terms)


def spot_depth(ids: tuple[int, int], bids: list, asks: list, at_ms: int) -> dict:
    """Spot names no predecessor and no matching time."""
    message = depth((*ids, 0), bids, asks, at_ms)
    return {key: value for key, value in message.items() if key not in ("pu", "T")}


def test_spot_has_no_predecessor_and_its_chain_is_without_a_hole(tmp_path: Path) -> None:
    rest = {"lastUpdateId": 10, "bids": BIDS, "asks": ASKS}
    rows = [
        line(T, spot_depth((8, 9), [("90.0", "9.000")], [], T)),
        line(T + 1, spot_depth((10, 12), [("100.0", "2.000")], [], T + 1)),
        line(T + 2, spot_depth((13, 13), [("100.0", "3.000")], [], T + 2)),
        line(T + 3, rest),  # it came after diffs that are newer
        line(T + 4, spot_depth((14, 15), [], [("100.1", "4.000")], T + 4)),
    ]
    terms = contract(tmp_path, "BTCUSDT.BINANCE", "BTCUSDT")
    of_terms(write_gz(tmp_path / "a", rows), tmp_path / "c", "BTCUSDT.BINANCE", terms)
    seen = [(row["sequence"], top.bid_size, top.ask_size) for row, top in tops(tmp_path / "c", "BTCUSDT.BINANCE")]
    assert seen == [(10, 1, 1), (12, 2, 1), (13, 3, 1), (15, 3, 4)]


def test_coin_margined_sizes_are_contracts(tmp_path: Path) -> None:
    name, symbol = "BTCUSD_PERP-PERP.BINANCE", "BTCUSD_PERP"
    rows = [
        row.replace(SYMBOL, symbol)
        for row in (
            line(T, {**snapshot(10, [("100.0", "7")], [("100.1", "9")], T), "symbol": symbol, "pair": "BTCUSD"}),
            line(T + 1, {**depth((9, 12, 8), [("100.0", "5")], [], T + 1), "ps": "BTCUSD"}),
            line(T + 2, trade(1, "100.0", "3", T + 2)),
        )
    ]
    ingested([write_gz(tmp_path / "a", rows)], tmp_path / "c", name)
    assert table(tmp_path / "c", "order_book_deltas", name)["size"].to_list() == [0, 7, 9, 5]
    assert table(tmp_path / "c", "trades", name)["size"].to_list() == [3]


def test_a_capture_of_the_best_bid_and_ask_alone_makes_quotes(tmp_path: Path) -> None:
    spot = {key: value for key, value in ticker(7, T).items() if key in ("u", "s", "b", "B", "a", "A")}
    rows = [line(T, ticker(5, T)), line(T + 1, ticker(4, T + 1)), f"{(T + 2) * 1000} {json.dumps(spot)}"]
    made = ingested([write_gz(tmp_path / "a", [*rows, line(T + 3, trade(1, "100.0", "0.5", T + 3))])], tmp_path / "c")
    assert made.rows_by_table == {"trades": 1, "quotes": 2}
    assert any("older than the one before" in warning for warning in made.warnings)


def test_liquidations_are_kept_beside(tmp_path: Path) -> None:
    order = {
        "s": SYMBOL,
        "S": "SELL",
        "o": "LIMIT",
        "q": "0.014",
        "p": "99.9",
        "ap": "99.912345",
        "X": "FILLED",
        "T": T,
    }
    rows = [*capture(), line(T + 9_000, {"e": "forceOrder", "E": T + 9_000, "o": order})]
    ingested([write_gz(tmp_path / "a", rows)], tmp_path / "c")
    kept = table(tmp_path / "c", "liquidations").row(0, named=True)
    assert (kept["side"], kept["price"], kept["size"]) == ("SELL", Decimal("99.9"), Decimal("0.014"))


def test_a_stream_of_the_best_levels_is_no_book(tmp_path: Path) -> None:
    rows = [row.replace("btcusdt@depthUpdate", "btcusdt@depth20@100ms") for row in capture()]
    assert "best levels only" in refusal([write_gz(tmp_path / "a", rows)], tmp_path / "c").message


@needs_tapes
@pytest.mark.parametrize(
    ("symbol", "tick", "step"), [("SUSHIUSDT", "0.001", "1"), ("AKROUSDT", "0.00001", "1"), ("CTKUSDT", "0.00001", "1")]
)
def test_cryptofeeds_capture_of_ten_contracts_is_read_one_by_one(
    tmp_path: Path, symbol: str, tick: str, step: str
) -> None:
    name = f"{symbol}-PERP.BINANCE"
    terms = contract(tmp_path, name, symbol, tick=f'"{tick}"', step=f'"{step}"', min_size='"1"')
    paths = sorted((TAPES / "cryptofeed").glob("BINANCE_FUTURES*.gz"))
    made = ingest(paths, instrument_id=name, catalog=tmp_path / "c", instrument_file=terms)
    assert not [warning for warning in made.warnings if "gap" in warning]
    tickers = {"quotes", "trades", "order_book_deltas"}
    assert tickers <= made.rows_by_table.keys()


def test_without_receive_time_a_trade_stands_before_the_depth_change_that_it_caused(tmp_path: Path) -> None:
    messages = [
        snapshot(10, BIDS, ASKS, T),
        depth((8, 12, 7), [("100.0", "0.400")], [], T + 1) | {"E": T + 3},
        depth((13, 14, 12), [("100.0", "0.300")], [], T + 5) | {"E": T + 6},
        trade(1, "100.0", "0.600", T + 1),
        trade(2, "100.0", "0.100", T + 5),
    ]
    ingested([write_gz(tmp_path / "a", [json.dumps(message) for message in messages])], tmp_path / "c")
    at = {folder: table(tmp_path / "c", folder)["ts_init"].to_list() for folder in ("trades", "order_book_deltas")}
    changed = sorted(set(at["order_book_deltas"]))[1:]
    assert [made < seen for made, seen in zip(at["trades"], changed, strict=True)] == [True, True]
