"""The catalog's tables: canonical rows as the columns that NautilusTrader reads, and the files that hold them.

They lie at `{catalog}/data/{type}/{instrument}/{start}_{end}.parquet`. A level is set by UPDATE, which adds a level
that the book lacks, and removed by DELETE, which passes over one that it lacks; on an L2 book the level's price is
its identity, so that order_id says nothing. Only UPDATE and DELETE let the simulated queue ahead of an order shrink;
a snapshot is CLEAR and ADD.
"""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.decimals import Column, decimal128
from data.schema import DECIMAL, F_SNAPSHOT, MARKET, Table
from engine.core.types import Instrument

ROW_GROUP = 65_536  # rows; bounds what a reader must hold, and how finely a time range can be cut out

_TS = pa.timestamp("ns", "UTC")
_TIMES = [pa.field("ts_event", _TS, nullable=False), pa.field("ts_init", _TS, nullable=False)]
_WORD = pa.dictionary(pa.int8(), pa.string())
_VALUE = [pa.field("value", DECIMAL), *_TIMES]

DELTAS = pa.schema(
    [
        pa.field("action", _WORD, nullable=False),
        pa.field("side", _WORD, nullable=False),
        pa.field("price", DECIMAL),
        pa.field("size", DECIMAL),
        pa.field("order_id", pa.uint64(), nullable=False),
        pa.field("flags", pa.uint8(), nullable=False),
        pa.field("sequence", pa.uint64(), nullable=False),
        *_TIMES,
    ]
)
TRADES = pa.schema(
    [
        pa.field("price", DECIMAL, nullable=False),
        pa.field("size", DECIMAL, nullable=False),
        pa.field("aggressor_side", _WORD, nullable=False),
        pa.field("trade_id", pa.string(), nullable=False),
        *_TIMES,
    ]
)
FUNDING = pa.schema(
    [
        pa.field("rate", pa.string(), nullable=False),
        pa.field("interval", pa.uint64()),
        pa.field("next_funding_ns", _TS),
        *_TIMES,
    ]
)
QUOTES = pa.schema(
    [
        pa.field("bid_price", DECIMAL, nullable=False),
        pa.field("ask_price", DECIMAL, nullable=False),
        pa.field("bid_size", DECIMAL, nullable=False),
        pa.field("ask_size", DECIMAL, nullable=False),
        *_TIMES,
    ]
)

# folder -> (schema, NautilusTrader's type name); in the order in which events of one instant must be fed:
# a trade before the change of depth that it caused.
FOLDERS: dict[str, tuple[pa.Schema, str]] = {
    "funding_rates": (FUNDING, "FundingRateUpdate"),
    "index_prices": (pa.schema(_VALUE), "IndexPriceUpdate"),
    "mark_prices": (pa.schema(_VALUE), "MarkPriceUpdate"),
    "trades": (TRADES, "TradeTick"),
    "order_book_deltas": (DELTAS, "OrderBookDelta"),
    "quotes": (QUOTES, "QuoteTick"),
}

# Kept beside what a replay feeds, where NautilusTrader does not look: nothing here may reach the matching engine.
BESIDE: dict[str, tuple[pa.Schema, str]] = {
    "special_trades": (TRADES.append(pa.field("kind", pa.string(), nullable=False)), "TradeTick"),
    "liquidations": (
        pa.schema(
            [
                pa.field("side", _WORD, nullable=False),
                pa.field("price", DECIMAL),
                pa.field("size", DECIMAL, nullable=False),
                pa.field("id", pa.string(), nullable=False),
                *_TIMES,
            ]
        ),
        "Liquidation",
    ),
}
ALL = FOLDERS | BESIDE
_SELDOM_TWICE = frozenset({"ts_event", "ts_init", "trade_id", "id"})  # no dictionary pays for these
_PRECISION_OF_VALUES = 8  # digits of a mark or index price: not on the instrument's tick

_ACTIONS = ("CLEAR", "ADD", "UPDATE", "DELETE")  # no arrays yet: pyarrow would load pandas with every command
_SIDES = ("NO_ORDER_SIDE", "BUY", "SELL")


def catalog_rows(table: Table, rows: pa.Table, instrument: Instrument) -> dict[str, pa.Table]:
    """Canonical rows as the catalog's, by folder. Prints that no resting order could have filled are kept apart."""
    match table:
        case Table.BOOK:
            return {"order_book_deltas": _deltas(rows, instrument)}
        case Table.TRADES:
            return _trades_apart(rows, instrument)
        case Table.QUOTES:
            return {"quotes": quote_rows(rows, instrument)}
        case Table.LIQUIDATIONS:
            return {"liquidations": _liquidations(rows, instrument)}
        case Table.MARKS:
            return {"mark_prices": _values(rows, "mark"), "index_prices": _values(rows, "index")}
        case Table.FUNDING:
            return {"funding_rates": _funding(rows)}


def quote_rows(tops: pa.Table, instrument: Instrument) -> pa.Table:
    """Tops of the book (see data.book) as the catalog's quotes: who needs no depth needs no book of its own."""
    units = {"bid": instrument.tick, "ask": instrument.tick, "bid_size": instrument.step, "ask_size": instrument.step}
    columns = [decimal128(tops[name].to_numpy(), unit) for name, unit in units.items()]
    return pa.Table.from_arrays([*columns, *_times(tops)], schema=QUOTES)


def _deltas(rows: pa.Table, instrument: Instrument) -> pa.Table:
    side, size, flags = (rows[name].to_numpy() for name in ("side", "size", "flags"))
    action = np.where(side == 0, 0, np.where(flags & F_SNAPSHOT, 1, np.where(size == 0, 3, 2)))
    columns = [
        _words(action, _ACTIONS),
        _words(side % 3, _SIDES),
        decimal128(rows["price"].to_numpy(), instrument.tick),
        decimal128(size, instrument.step),
        pa.array(np.zeros(len(rows), np.uint64)),
        rows["flags"],
        rows["sequence"],
        *_times(rows),
    ]
    return pa.Table.from_arrays(columns, schema=DELTAS)


def _trades_apart(rows: pa.Table, instrument: Instrument) -> dict[str, pa.Table]:
    usual = pc.equal(rows["kind"], MARKET)
    if pc.all(usual).as_py():
        return {"trades": _trades(rows, instrument)}
    special = rows.filter(pc.invert(usual))
    apart = _trades(special, instrument).append_column(BESIDE["special_trades"][0].field("kind"), special["kind"])
    return {"trades": _trades(rows.filter(usual), instrument), "special_trades": apart}


def _liquidations(rows: pa.Table, instrument: Instrument) -> pa.Table:
    price = rows["price"].to_numpy()
    known = pa.array(price != 0)
    columns = [
        _words(rows["side"].to_numpy() % 3, _SIDES),
        pc.if_else(known, decimal128(price, instrument.tick), pa.scalar(None, DECIMAL)),
        decimal128(rows["size"].to_numpy(), instrument.step),
        rows["id"],
        *_times(rows),
    ]
    return pa.Table.from_arrays(columns, schema=BESIDE["liquidations"][0])


def _trades(rows: pa.Table, instrument: Instrument) -> pa.Table:
    columns = [
        decimal128(rows["price"].to_numpy(), instrument.tick),
        decimal128(rows["size"].to_numpy(), instrument.step),
        _words(rows["side"].to_numpy() % 3, ("NO_AGGRESSOR", "BUY", "SELL")),
        rows["id"],
        *_times(rows),
    ]
    return pa.Table.from_arrays(columns, schema=TRADES)


def _values(rows: pa.Table, name: str) -> pa.Table:
    kept = rows.filter(pc.is_valid(rows[name]))
    return pa.Table.from_arrays([kept[name], *_times(kept)], schema=pa.schema(_VALUE))


def _funding(rows: pa.Table) -> pa.Table:
    columns = [rows["rate"], pa.nulls(len(rows), pa.uint64()), rows["next_funding_ns"].cast(_TS), *_times(rows)]
    return pa.Table.from_arrays(columns, schema=FUNDING)


def _times(rows: pa.Table) -> list[pa.ChunkedArray]:
    return [rows["ts_event"].cast(_TS), rows["ts_init"].cast(_TS)]


def _words(index: Column, words: tuple[str, ...]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int8)), pa.array(words))


def places(unit: Decimal) -> int:
    """Digits after the point that a unit needs: 0.10 has one, 10 has none."""
    return max(-int(unit.normalize().as_tuple().exponent), 0)


def place(folder: str) -> str:
    """Where a folder of tables lies below a catalog's root."""
    return f"data/{folder}" if folder in FOLDERS else f"beside/{folder}"


class TableFile:
    """A Parquet file of one of the catalog's tables, written in row groups of a bounded size."""

    def __init__(self, root: Path, folder: str, instrument: Instrument) -> None:
        schema, name = ALL[folder]
        precise = folder in {"trades", "order_book_deltas", "quotes", *BESIDE}
        metadata = {"instrument_id": instrument.id, "type_name": name}
        if folder != "funding_rates":
            metadata["price_precision"] = str(places(instrument.tick) if precise else _PRECISION_OF_VALUES)
        if precise:
            metadata["size_precision"] = str(places(instrument.step))
        self._folder = root / place(folder) / instrument.id
        self._folder.mkdir(parents=True)
        self._partial = self._folder / "partial"
        self._waiting: list[pa.Table] = []
        self._schema = schema.with_metadata(metadata)
        self._writer = self._open()
        self.rows = 0
        self.first_ns: int | None = None
        self.last_ns = 0

    def _open(self) -> pq.ParquetWriter:
        return pq.ParquetWriter(
            self._partial,
            self._schema,
            compression="zstd",
            use_dictionary=[name for name in self._schema.names if name not in _SELDOM_TWICE],
            write_statistics=["ts_event", "ts_init"],  # what a range of time is cut out by
            sorting_columns=[pq.SortingColumn(self._schema.get_field_index("ts_init"))],
        )

    def write(self, rows: pa.Table) -> None:
        """Rows in order of ts_init, no earlier than those before."""
        if not len(rows):
            return
        if self.first_ns is None:
            self.first_ns = rows["ts_init"][0].value
        self.last_ns = rows["ts_init"][-1].value
        self.rows += len(rows)
        self._waiting.append(rows)
        if sum(map(len, self._waiting)) >= ROW_GROUP:
            waiting = pa.concat_tables(self._waiting)
            whole = len(waiting) // ROW_GROUP * ROW_GROUP
            self._writer.write_table(waiting.slice(0, whole), row_group_size=ROW_GROUP)
            self._waiting = [waiting.slice(whole)]

    def close(self) -> Path | None:
        """The finished file under the name that its times give it; None if it has no rows."""
        if self._waiting and (waiting := pa.concat_tables(self._waiting)):
            self._writer.write_table(waiting, row_group_size=ROW_GROUP)
        self._waiting = []
        self._writer.close()
        if self.first_ns is None:
            self._partial.unlink()
            self._folder.rmdir()
            for folder in (self._folder.parent, self._folder.parent.parent):
                if not any(folder.iterdir()):
                    folder.rmdir()
            return None
        return self._partial.rename(self._folder / f"{stamp(self.first_ns)}_{stamp(self.last_ns)}.parquet")


def stamp(ns: int) -> str:
    """A time as the catalog writes it in a file's name."""
    text = str(np.datetime64(ns, "ns"))
    return text.replace(":", "-").replace(".", "-") + "Z"
