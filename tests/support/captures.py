"""Small recordings of a made-up market, in vendors' forms, for tests that break them."""

import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

SYMBOL = "BTCUSDT"
START_MS = 1_700_000_000_000
LATENCY_US = 5_000

type Level = tuple[str, str]


def line(at_ms: int, body: dict, *, latency_us: int = LATENCY_US, ns: bool = False, wrapped: bool = True) -> str:
    """A line of a raw capture, received some time after its event."""
    local = str(at_ms * 1000 + latency_us) + ("000" if ns else "")
    if wrapped and "e" in body:
        body = {"stream": f"btcusdt@{body['e']}", "data": body}
    return f"{local} {json.dumps(body, separators=(',', ':'))}"


def snapshot(last: int, bids: Sequence[Level], asks: Sequence[Level], at_ms: int) -> dict:
    return {"lastUpdateId": last, "E": at_ms, "T": at_ms, "bids": list(bids), "asks": list(asks)}


def depth(ids: tuple[int, int, int], bids: Sequence[Level], asks: Sequence[Level], at_ms: int) -> dict:
    """ids: U, u, pu."""
    first, last, previous = ids
    return {
        "e": "depthUpdate",
        "E": at_ms,
        "T": at_ms,
        "s": SYMBOL,
        "U": first,
        "u": last,
        "pu": previous,
        "b": list(bids),
        "a": list(asks),
    }


def trade(number: int, price: str, size: str, at_ms: int, *, kind: str = "MARKET", sell: bool = True) -> dict:
    return {
        "e": "trade",
        "E": at_ms,
        "T": at_ms,
        "s": SYMBOL,
        "t": number,
        "p": price,
        "q": size,
        "X": kind,
        "m": sell,
    }


def mark(price: str, at_ms: int, rate: str = "0.0001") -> dict:
    return {
        "e": "markPriceUpdate",
        "E": at_ms,
        "s": SYMBOL,
        "p": price,
        "P": price,
        "i": price,
        "r": rate,
        "T": START_MS + 3_600_000,
    }


def ticker(update: int, at_ms: int) -> dict:
    return {
        "e": "bookTicker",
        "u": update,
        "s": SYMBOL,
        "b": "100.0",
        "B": "1.000",
        "a": "100.1",
        "A": "1.000",
        "T": at_ms,
        "E": at_ms,
    }


def capture(diffs: int = 20) -> list[str]:
    """A snapshot, then diffs that move sizes around, a trade and a mark price each."""
    at = START_MS
    bids = [(f"{100 - n * 0.1:.1f}", "1.000") for n in range(10)]
    asks = [(f"{100.1 + n * 0.1:.1f}", "1.000") for n in range(10)]
    lines = [line(at, snapshot(1000, bids, asks, at))]
    for n in range(diffs):
        at += 100
        ids = (1000 + n * 10 - (5 if n == 0 else -1), 1010 + n * 10, 990 if n == 0 else 1000 + n * 10)
        level = (f"{99 + n % 10 * 0.1:.1f}", f"{n % 3}.500" if n % 3 else "0.000")
        lines += [
            line(at, trade(n + 1, "100.0", "0.010", at)),
            line(at, depth(ids, [level], [(f"{100.5 + n % 5 * 0.1:.1f}", "2.000")], at)),
            line(at, mark("100.05000000", at)),
            line(at, ticker(1010 + n * 10, at)),
        ]
    return lines


def write_gz(path: Path, lines: Iterable[str]) -> Path:
    path.write_bytes(gzip.compress("".join(f"{each}\n" for each in lines).encode(), mtime=0))
    return path


BOOK_HEADER = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
TRADES_HEADER = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
TICKER_HEADER = (
    "exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,predicted_funding_rate,"
    "open_interest,last_price,index_price,mark_price"
)


def tardis_book(messages: int = 20, *, symbol: str = SYMBOL, exchange: str = "binance-futures") -> list[str]:
    start = START_MS * 1000
    rows = [BOOK_HEADER]
    for n in range(10):
        rows += [
            f"{exchange},{symbol},{start},{start + 5000},true,bid,{100 - n * 0.1:.1f},1",
            f"{exchange},{symbol},{start},{start + 5000},true,ask,{100.1 + n * 0.1:.1f},1",
        ]
    for n in range(messages):
        at = start + (n + 1) * 100_000
        rows += [
            f"{exchange},{symbol},{at},{at + 5000},false,bid,{99 + n % 10 * 0.1:.1f},{n % 3}",
            f"{exchange},{symbol},{at},{at + 5000},false,ask,{100.5 + n % 5 * 0.1:.1f},2.5",
        ]
    return rows


def tardis_trades(count: int = 20, *, symbol: str = SYMBOL, exchange: str = "binance-futures") -> list[str]:
    start = START_MS * 1000
    rows = (
        f"{exchange},{symbol},{start + n * 100_000},{start + n * 100_000 + 6000},{n + 1},sell,100,0.01"
        for n in range(1, count + 1)
    )
    return [TRADES_HEADER, *rows]


def tardis_ticker(count: int = 5, *, symbol: str = SYMBOL, exchange: str = "binance-futures") -> list[str]:
    start = START_MS * 1000
    rows = (
        f"{exchange},{symbol},{at},{at + 7000},{start + 3_600_000_000},0.0001,,,,100.04,100.05"
        for at in range(start + 1_000_000, start + (count + 1) * 1_000_000, 1_000_000)
    )
    return [TICKER_HEADER, *rows]
