"""Crypto Lake's tables, and NautilusTrader's catalogs of today and of its 1.x line."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nautilus_trader.model import (
    AggressorSide,
    BookAction,
    BookOrder,
    InstrumentId,
    OrderBookDelta,
    OrderSide,
    Price,
    Quantity,
    TradeId,
    TradeTick,
)
from nautilus_trader.persistence import ParquetDataCatalog

from tests.support import vendor_small as small
from tests.support.captures import START_MS
from tests.support.ingesting import ingested
from tests.support.tapes import BTCUSDT, table
from tests.support.vendor_files import BYBIT, lines
from tests.support.vendor_reading import Reading, reading, refused

NS = 1_000_000


def lake(folder: Path, columns: dict[str, object]) -> Reading:
    return reading(folder, small.parquet(columns), BTCUSDT)


def test_the_bucket_and_its_library_name_the_same_columns(tmp_path: Path) -> None:
    renamed = small.lake_trades()
    raw = {
        {"received_time": "receipt_timestamp", "quantity": "amount", "trade_id": "id"}.get(name, name): column
        for name, column in renamed.items()
    }
    raw["receipt_timestamp"] = raw["receipt_timestamp"].cast(pa.int64())
    raw["timestamp"] = [0] * len(renamed["price"])
    assert lake(tmp_path, raw).made.fingerprint == lake(tmp_path, renamed).made.fingerprint


def test_both_clocks_are_kept_and_a_missing_one_is_that_of_receipt(tmp_path: Path) -> None:
    columns = small.lake_deltas()
    assert lake(tmp_path, columns).made.clock.min_ns == 5_000_000
    del columns["origin_time"]
    found = lake(tmp_path, columns)
    assert found.made.clock is None
    deltas = found.table("order_book_deltas")
    assert (deltas["ts_event"] == deltas["ts_init"]).all()


def test_the_older_deltas_are_the_newer(tmp_path: Path) -> None:
    new = small.lake_deltas()
    received = np.array(new["received_time"].cast(pa.int64()))
    steps = sorted(set(received.tolist()))
    rows = list(zip(received.tolist(), new["side_is_bid"], new["price"], new["size"], strict=True))
    old: dict[str, object] = {
        "received_time": pa.array(steps, pa.timestamp("ns")),
        "origin_time": pa.array([step - 5 * NS for step in steps], pa.timestamp("ns")),
        "sequence_number": list(range(1000, 1000 + len(steps))),
    }
    for name, is_bid in (("bid", True), ("ask", False)):
        old[name] = [[[px, qty] for at, bid, px, qty in rows if at == step and bid is is_bid] for step in steps]
    assert lake(tmp_path, old).made.fingerprint == lake(tmp_path, new).made.fingerprint
    assert lake(tmp_path, new).said("the first message, of 10 bids and 10 asks, is taken for one")


def test_quotes_funding_and_liquidations(tmp_path: Path) -> None:
    best = {name: column for name, column in small.lake_book().items() if "_0_" in name or name == "received_time"}
    assert len(lake(tmp_path, best).table("quotes")) == 20
    funding = {
        "received_time": small.times(3),
        "mark_price": [100.05, float("nan"), 100.06],
        "rate": [0.0001, 0.00012, -0.0001],
        "next_funding_time": [START_MS / 1000 + 3600.0] * 3,
    }
    found = lake(tmp_path, funding)
    assert found.table("funding_rates")["rate"].to_list() == ["0.0001", "0.00012", "-0.0001"]
    assert found.table("mark_prices")["value"].to_list() == [Decimal("100.05"), Decimal("100.06")]
    forced = {**small.lake_trades(3), "status": ["filled"] * 3}
    assert len(lake(tmp_path, forced).beside("liquidations")) == 1


@pytest.mark.parametrize(
    ("name", "row", "value", "field"),
    [
        ("price", 7, 100.05, "price"),
        ("size", 7, 0.0005, "size"),
        ("size", 7, -1.0, "size"),
        ("price", 7, float("nan"), "price"),
        ("exchange", 7, "BYBIT", "exchange"),
    ],
)
def test_a_bad_cell_is_refused_with_its_row(tmp_path: Path, name: str, row: int, value: object, field: str) -> None:
    columns = small.lake_deltas()
    columns[name] = [value if n == row else old for n, old in enumerate(columns[name])]
    problem = refused(tmp_path, small.parquet(columns), BTCUSDT)
    assert (problem.line, problem.field) == (row + 1, field)


def test_rows_out_of_order_and_other_symbols_are_refused(tmp_path: Path) -> None:
    columns = small.lake_trades()
    columns["received_time"] = columns["received_time"].take(pa.array([*range(19, -1, -1)]))
    assert refused(tmp_path, small.parquet(columns), BTCUSDT).field == "received_time"
    other = small.lake_deltas()
    other["symbol"] = ["ETH-USDT-PERP"] * len(other["symbol"])
    assert refused(tmp_path, small.parquet(other), BTCUSDT).field == "symbol"


def nautilus_catalog(folder: Path) -> Path:
    """A catalog that NautilusTrader wrote: a snapshot, a change, a trade."""
    named = InstrumentId.from_str(BTCUSDT)

    def delta(action: BookAction, side: OrderSide, price: str, size: str, flags: int, at: int) -> OrderBookDelta:
        order = BookOrder(side, Price.from_str(price), Quantity.from_str(size), 0)
        return OrderBookDelta(named, action, order, flags, 1, (START_MS + at) * NS, (START_MS + at + 5) * NS)

    deltas = [
        delta(BookAction.CLEAR, OrderSide.NO_ORDER_SIDE, "0.0", "0.000", 32, 0),
        delta(BookAction.ADD, OrderSide.BUY, "100.0", "1.000", 32, 0),
        delta(BookAction.ADD, OrderSide.SELL, "100.1", "2.000", 160, 0),
        delta(BookAction.DELETE, OrderSide.SELL, "100.1", "0.000", 0, 10),
        delta(BookAction.UPDATE, OrderSide.SELL, "100.2", "3.000", 128, 10),
    ]
    at = (START_MS + 4) * NS
    price, size = Price.from_str("100.1"), Quantity.from_str("0.500")
    trade = TradeTick(named, price, size, AggressorSide.BUY, TradeId("7"), at, at)
    folder.mkdir()
    catalog = ParquetDataCatalog(str(folder))
    catalog.write_order_book_deltas(deltas)
    catalog.write_trade_ticks([trade])
    return folder


def test_a_catalog_that_nautilus_wrote_is_read(tmp_path: Path) -> None:
    made = ingested([nautilus_catalog(tmp_path / "theirs")], tmp_path / "ours")
    assert made.rows_by_table == {"trades": 1, "order_book_deltas": 5, "quotes": 2}
    deltas = table(tmp_path / "ours", "order_book_deltas")
    assert deltas["action"].to_list() == ["CLEAR", "ADD", "ADD", "DELETE", "UPDATE"]
    assert deltas["flags"].to_list() == [32, 32, 160, 0, 128]
    assert made.clock.min_ns == 5_000_000


def old_form(deltas: pa.Table, width: int) -> pa.Table:
    """Rows of today's catalog as 1.x wrote them: integers of 8 or 16 bytes, and numbers for words."""

    def fixed(column: pa.ChunkedArray) -> pa.Array:
        raw = [int(value.scaleb(9 if width == 8 else 16)) for value in column.to_pylist()]
        data = b"".join(each.to_bytes(width, "little", signed=True) for each in raw)
        return pa.Array.from_buffers(pa.binary(width), len(raw), [None, pa.py_buffer(data)])

    words = {"ADD": 1, "UPDATE": 2, "DELETE": 3, "CLEAR": 4, "NO_ORDER_SIDE": 0, "BUY": 1, "SELL": 2}
    columns = {name: deltas[name] for name in ("order_id", "flags", "sequence")}
    for name in ("action", "side"):
        columns[name] = pa.array([words[word] for word in deltas[name].to_pylist()], pa.uint8())
    columns |= {name: fixed(deltas[name]) for name in ("price", "size")}
    columns |= {name: deltas[name].cast(pa.int64()).cast(pa.uint64()) for name in ("ts_event", "ts_init")}
    return pa.table(columns).replace_schema_metadata({"instrument_id": BYBIT})


@pytest.mark.parametrize("width", [8, 16])
def test_a_catalog_of_the_1x_line_is_converted(tmp_path: Path, width: int) -> None:
    found = reading(tmp_path, lines(small.bybit_book()), BYBIT)
    (path,) = (found.catalog / "data" / "order_book_deltas" / BYBIT).glob("*.parquet")
    old = tmp_path / "old" / "data" / "order_book_delta" / BYBIT
    old.mkdir(parents=True)
    pq.write_table(old_form(pq.read_table(path), width), old / "part-0.parquet")
    ingested([tmp_path / "old"], tmp_path / "new", BYBIT)
    assert table(tmp_path / "new", "order_book_deltas", BYBIT).equals(found.table("order_book_deltas"))


def test_single_orders_of_a_catalog_are_refused(tmp_path: Path) -> None:
    found = reading(tmp_path, lines(small.bybit_book()), BYBIT)
    (path,) = (found.catalog / "data" / "order_book_deltas" / BYBIT).glob("*.parquet")
    rows = pq.read_table(path)
    numbered = rows.set_column(4, rows.schema.field(4), pa.array(range(1, len(rows) + 1), pa.uint64()))
    pq.write_table(numbered, tmp_path / "orders.parquet")
    assert refused(tmp_path, (tmp_path / "orders.parquet").read_bytes(), BYBIT).field == "order_id"
