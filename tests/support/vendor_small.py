"""Small files of vendors' archives, for tests that read them and tests that break them."""

import datetime as dt
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import databento_dbn as dbn
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data.readers.hftbacktest_events import BUY, CLEAR, DEPTH, EXCH, LOCAL, SELL, SNAPSHOT, TRADE
from tests.support.captures import START_MS

NS = 1_000_000
BIDS = [(f"{100 - n * 0.1:.1f}", "1.000") for n in range(10)]
ASKS = [(f"{100.1 + n * 0.1:.1f}", "1.000") for n in range(10)]

type Level = tuple[str, str]


def bybit_line(u: int, bids: Sequence[Level], asks: Sequence[Level], *, snapshot: bool = False, step: int = 0) -> str:
    """One message; `step` is its place in time, 100 ms each."""
    at = START_MS + 100 * step
    data = {"s": "BTCUSDT", "b": list(bids), "a": list(asks), "u": u, "seq": u * 7}
    kind = "snapshot" if snapshot else "delta"
    body = {"topic": "orderbook.500.BTCUSDT", "type": kind, "ts": at + 3, "data": data, "cts": at}
    return json.dumps(body, separators=(",", ":"))


def moved(n: int) -> tuple[list[Level], list[Level]]:
    """The n-th change: a bid's size or its end, an ask's size."""
    return [(f"{99 + n % 10 * 0.1:.1f}", f"{n % 3}.500" if n % 3 else "0")], [
        (f"{100.5 + n % 5 * 0.1:.1f}", f"2.{n:03}")
    ]


def bybit_book(messages: int = 20) -> list[str]:
    deltas = [bybit_line(1001 + n, *moved(n), step=n + 1) for n in range(messages)]
    return [bybit_line(1000, BIDS, ASKS, snapshot=True), *deltas]


def bybit_skipping(jumps: int) -> list[str]:
    """A file whose u jumps, and whose levels fit together."""
    numbers = [1001 + n + min(n, jumps) for n in range(9)]
    return [bybit_book()[0], *(bybit_line(u, [("99.9", f"{n + 2}")], [], step=n + 1) for n, u in enumerate(numbers))]


BYBIT_TRADES_HEADER = (
    "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional"
)


def bybit_trades(count: int = 20) -> list[str]:
    rows = [
        f"{START_MS / 1000 + n * 0.1:.4f},BTCUSDT,{'Buy' if n % 2 else 'Sell'},0.{n + 1:03},100.1,ZeroPlusTick,"
        f"00000000-0000-0000-0000-{n:012},1e+07,0.{n + 1:03},{100.1 * (n + 1) / 1000:.4f}"
        for n in range(count)
    ]
    return [BYBIT_TRADES_HEADER, *rows]


def bybit_spot_trades(count: int = 20) -> list[str]:
    rows = [f"{n + 1},{START_MS + n * 100},100.1,0.{n + 1:03},{'buy' if n % 2 else 'sell'},0" for n in range(count)]
    return ["id,timestamp,price,volume,side,rpi", *rows]


def okx_line(action: str, bids: Sequence[Level], asks: Sequence[Level], step: int) -> str:
    levels = {side: [[*level, "1"] for level in rows] for side, rows in (("asks", asks), ("bids", bids))}
    body = {"instId": "BTC-USDT-SWAP", "action": action, "ts": str(START_MS + 100 * step), **levels}
    return json.dumps(body, separators=(",", ":"))


def okx_book(messages: int = 20) -> list[str]:
    return [okx_line("snapshot", BIDS, ASKS, 0), *(okx_line("update", *moved(n), n + 1) for n in range(messages))]


def okx_trades(count: int = 20) -> list[str]:
    sides = ("sell", "buy")
    rows = [f"BTC-USDT-SWAP,{n + 1},{sides[n % 2]},100.1,0.{n + 1:03},{START_MS + n * 100}" for n in range(count)]
    return ["instrument_name,trade_id,side,price,size,created_time", *rows]


def okx_funding(count: int = 10) -> list[str]:
    first = START_MS // 28_800_000 * 28_800_000
    rows = [f"BTC-USDT-SWAP,0.000{n + 1},{first + n * 28_800_000}" for n in range(count)]
    return ["instrument_name,funding_rate,funding_time", *rows]


def iso(ms: int, extra: str = "") -> str:
    return str(np.datetime64(ms, "ms")) + extra


def hyperliquid_line(bids: Sequence[Level], asks: Sequence[Level], step: int) -> str:
    at = START_MS + 500 * step
    levels = [[{"px": price, "sz": size, "n": 1} for price, size in side] for side in (bids, asks)]
    raw = {"channel": "l2Book", "data": {"coin": "BTC", "time": at, "levels": levels}}
    return json.dumps({"time": iso(at + 7, "514755"), "ver_num": 1, "raw": raw}, separators=(",", ":"))


def hyperliquid_window(n: int) -> tuple[list[Level], list[Level]]:
    bids = [(f"{100 - (i + n % 4) * 0.1:.1f}", f"{1 + (i * n) % 5}.5") for i in range(20)]
    return bids, [(f"{100.1 + (i - n % 4 + 3) * 0.1:.1f}", f"{1 + (i + n) % 5}.25") for i in range(20)]


def hyperliquid_book(messages: int = 20) -> list[str]:
    return [hyperliquid_line(*hyperliquid_window(n), n) for n in range(messages)]


def node_trades(count: int = 20) -> list[str]:
    return [
        json.dumps(
            {
                "coin": "BTC",
                "side": "AB"[n % 2],
                "time": iso(START_MS + n * 100),
                "px": "100.1",
                "sz": f"0.{n + 1:03}",
                "hash": f"0x{n:064x}",
                "trade_dir_override": "Na",
                "side_info": [{"user": "0x1", "oid": n}, {"user": "0x2", "oid": n}],
            },
            separators=(",", ":"),
        )
        for n in range(count)
    ]


def asset_contexts(count: int = 20) -> list[str]:
    rows = [
        f"{iso(START_MS + n * 60_000, 'Z')},BTC,0.0000{n + 1:02},1,100,1,0,100.05,100.1{n},100.1,100,100.2"
        for n in range(count)
    ]
    names = "time,coin,funding,open_interest,prev_day_px,day_ntl_vlm,premium,oracle_px,mark_px,mid_px"
    return [f"{names},impact_bid_px,impact_ask_px", *rows]


EVENT = np.dtype(
    [(name, kind) for name, kind in zip(
        ("ev", "exch_ts", "local_ts", "px", "qty", "order_id", "ival", "fval"),
        ("<u8", "<i8", "<i8", "<f8", "<f8", "<u8", "<i8", "<f8"),
        strict=True,
    )]
)  # fmt: skip


def events(rows: Sequence[tuple[int, int, int, float, float]]) -> bytes:
    """An array of (kind and flags, exchange's ms, latency in ms, price, size), as NumPy writes it."""
    array = np.array([(ev, at * NS, (at + late) * NS, px, qty, 0, 0, 0.0) for ev, at, late, px, qty in rows], EVENT)
    file = io.BytesIO()
    np.lib.format.write_array(file, array)
    return file.getvalue()


def hftbacktest_rows(messages: int = 20) -> list[tuple[int, int, int, float, float]]:
    both = EXCH | LOCAL
    rows = [(both | BUY | CLEAR, START_MS, 5, 99.1, 0.0), (both | SELL | CLEAR, START_MS, 5, 101.0, 0.0)]
    rows += [(both | BUY | SNAPSHOT, START_MS, 5, float(px), float(qty)) for px, qty in BIDS]
    rows += [(both | SELL | SNAPSHOT, START_MS, 5, float(px), float(qty)) for px, qty in ASKS]
    for n in range(messages):
        at = START_MS + 100 * (n + 1)
        (bid,), (ask,) = moved(n)
        rows.append((both | SELL | TRADE, at, 5, 100.0, 0.001 * (n + 1)))
        rows.append((both | BUY | DEPTH, at, 5, float(bid[0]), float(bid[1])))
        rows.append((both | SELL | DEPTH, at, 5, float(ask[0]), float(ask[1])))
    return rows


ORDER = np.dtype(dbn.MBOMsg._dtypes)
F_LAST, F_SNAPSHOT = 128, 32

type Order = tuple[str, str, int, float, int, int]  # action, side, order id, price, size, flags


def dbn_file(schema: str, records: np.ndarray) -> bytes:
    day = SimpleNamespace(start_date=dt.date(2023, 11, 14), end_date=dt.date(2023, 11, 15), symbol="7")
    metadata = dbn.Metadata(
        dataset="GLBX.MDP3",
        start=START_MS * NS,
        stype_in=dbn.SType.RAW_SYMBOL,
        stype_out=dbn.SType.INSTRUMENT_ID,
        schema=dbn.Schema.from_str(schema),
        symbols=["BTCUSDT"],
        mappings=[SimpleNamespace(raw_symbol="BTCUSDT", intervals=[day])],
        limit=None,
    )
    return bytes(metadata.encode()) + records.tobytes()


def dbn_orders(rows: Sequence[Order]) -> bytes:
    """mbo: a record each, a millisecond apart."""
    records = np.zeros(len(rows), ORDER)
    for n, (action, side, order, price, size, flags) in enumerate(rows):
        records[n]["length"], records[n]["rtype"], records[n]["instrument_id"] = ORDER.itemsize // 4, 160, 7
        records[n]["ts_event"], records[n]["ts_recv"] = (START_MS + n) * NS - 50_000, (START_MS + n) * NS
        records[n]["action"], records[n]["side"], records[n]["order_id"] = action.encode(), side.encode(), order
        records[n]["price"], records[n]["size"] = round(price * 10) * 10**8, size
        records[n]["flags"], records[n]["sequence"] = flags, n + 1
    return dbn_file("mbo", records)


def orders(changes: int = 20) -> list[Order]:
    rows: list[Order] = [("R", "N", 0, 0.0, 0, F_SNAPSHOT)]
    rows += [("A", "B", n + 1, 100 - n * 0.1, 10, F_SNAPSHOT) for n in range(5)]
    rows += [("A", "A", n + 11, 100.1 + n * 0.1, 10, F_SNAPSHOT | (F_LAST if n == 4 else 0)) for n in range(5)]
    for n in range(changes):
        rows.append(("A", "B", 100 + n, 99.6 + n % 4 * 0.1, n + 1, F_LAST))
        if n % 3 == 2:
            rows += [("T", "A", 0, 100.0, 1, 0), ("F", "B", 1, 100.0, 1, 0), ("C", "B", 100 + n, 0.0, n, F_LAST)]
            rows[-1] = ("C", "B", 100 + n, 99.6 + n % 4 * 0.1, n, F_LAST)
    return rows


def parquet(columns: dict[str, object], metadata: dict[str, str] | None = None) -> bytes:
    file = io.BytesIO()
    table = pa.table(columns)
    pq.write_table(table.replace_schema_metadata(metadata) if metadata else table, file)
    return file.getvalue()


def times(count: int, *, every_ms: int = 100, repeat: int = 1) -> pa.Array:
    stamps = np.repeat((START_MS + np.arange(count) * every_ms) * NS, repeat)
    return pa.array(stamps, pa.timestamp("ns"))


def lake_deltas(messages: int = 20) -> dict[str, object]:
    rows: list[tuple[int, bool, float, float]] = []
    for levels, bid in ((BIDS, True), (ASKS, False)):
        rows += [(0, bid, float(price), float(size)) for price, size in levels]
    for n in range(messages):
        (bid_level,), (ask_level,) = moved(n)
        rows.append((n + 1, True, float(bid_level[0]), float(bid_level[1])))
        rows.append((n + 1, False, float(ask_level[0]), float(ask_level[1])))
    step = np.array([row[0] for row in rows], np.int64)
    received = pa.array((START_MS + step * 100 + 5) * NS, pa.timestamp("ns"))
    return {
        "received_time": received,
        "origin_time": pa.array((START_MS + step * 100) * NS, pa.timestamp("ns")),
        "sequence_number": step + 1000,
        "side_is_bid": [row[1] for row in rows],
        "price": [row[2] for row in rows],
        "size": [row[3] for row in rows],
        "symbol": ["BTC-USDT-PERP"] * len(rows),
        "exchange": ["BINANCE_FUTURES"] * len(rows),
    }


def lake_book(messages: int = 20) -> dict[str, object]:
    columns: dict[str, object] = {"received_time": times(messages), "sequence_number": list(range(messages))}
    windows = [hyperliquid_window(n) for n in range(messages)]
    for which, side in enumerate(("bid", "ask")):
        for level in range(20):
            columns[f"{side}_{level}_price"] = [float(window[which][level][0]) for window in windows]
            columns[f"{side}_{level}_size"] = [float(window[which][level][1]) for window in windows]
    return columns


def lake_trades(count: int = 20) -> dict[str, object]:
    return {
        "received_time": times(count),
        "side": ["buy" if n % 2 else "sell" for n in range(count)],
        "quantity": [(n + 1) / 1000 for n in range(count)],
        "price": [100.1] * count,
        "trade_id": [str(n) for n in range(count)],
    }


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def vision_trades(count: int = 20) -> list[str]:
    return ["id,price,qty,quote_qty,time,is_buyer_maker"] + [
        f"{n + 7},100.{n % 10},0.5{n},50.1,{START_MS + n * 100},{str(n % 2 == 0).lower()}" for n in range(count)
    ]


def vision_tickers(count: int = 20) -> list[str]:
    columns = "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time"
    return [columns] + [
        f"{n + 5},100.0,0.{n + 1},100.1,2,{START_MS + n * 100},{START_MS + n * 100}" for n in range(count)
    ]


def vision_funding(count: int = 6) -> list[str]:
    hours = START_MS // 3_600_000
    return ["calc_time,funding_interval_hours,last_funding_rate"] + [
        f"{(hours + 8 * n) * 3_600_000 + 1},8,0.0001{n}" for n in range(count)
    ]


def in_seconds(content: bytes) -> bytes:
    """Milliseconds of November 2023 (1700...) as seconds."""
    return re.sub(rb"\b(17\d{8})\d{3}\b", rb"\1", content)
