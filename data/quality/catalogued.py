"""A catalog's tables as the canonical pieces that they were written from, a row group at a time."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.decimals import SCALE, Int64s
from data.schema import F_LAST, MARKET, SCHEMAS, Piece, Table
from engine.core.types import Instrument

_SIDES = {"NO_ORDER_SIDE": 0, "NO_AGGRESSOR": 0, "BUY": 1, "SELL": -1}


def pieces_of(catalog: Path, tables: Mapping[str, str], instrument: Instrument) -> Iterator[Piece]:
    """An ingest's tables (folder -> file): depth (or quotes where there is none), trades, mark prices and funding."""
    makers = {"order_book_deltas": _book, "trades": _trades, "mark_prices": _marks, "funding_rates": _funding}
    if "order_book_deltas" not in tables:
        makers["quotes"] = _quotes
    for folder, maker in makers.items():
        if folder in tables:
            path = catalog / tables[folder]
            line = 1
            for rows in _whole(path) if folder == "order_book_deltas" else _batches(path):
                yield maker(rows, str(path), np.arange(line, line + len(rows)), instrument)
                line += len(rows)


def _batches(path: Path) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            yield pa.Table.from_batches([batch])


def _whole(path: Path) -> Iterator[pa.Table]:
    """Batches that end with a message's end."""
    waiting: pa.Table | None = None
    for batch in _batches(path):
        rows = batch if waiting is None else pa.concat_tables([waiting, batch]).unify_dictionaries().combine_chunks()
        ends = np.flatnonzero(rows["flags"].to_numpy() & F_LAST)
        cut = int(ends[-1]) + 1 if len(ends) else 0
        if cut:
            yield rows.slice(0, cut)
        waiting = rows.slice(cut)
    if waiting is not None and len(waiting):
        yield waiting


def _book(rows: pa.Table, source: str, lines: Int64s, instrument: Instrument) -> Piece:
    side = _meaning(rows["side"], _SIDES)
    gone = pc.is_in(rows["action"].cast(pa.string()), pa.array(["DELETE", "CLEAR"])).to_numpy(zero_copy_only=False)
    columns: dict[str, Any] = {
        **_times(rows),
        "side": side.astype(np.int8),
        "price": _units(rows["price"], instrument.tick),
        "size": np.where(gone, 0, _units(rows["size"], instrument.step)),
        "flags": rows["flags"],
        "sequence": rows["sequence"],
        "line": lines,
    }
    return Piece(Table.BOOK, source, pa.table(columns, schema=SCHEMAS[Table.BOOK]))


def _trades(rows: pa.Table, source: str, lines: Int64s, instrument: Instrument) -> Piece:
    columns: dict[str, Any] = {
        **_times(rows),
        "side": _meaning(rows["aggressor_side"], _SIDES).astype(np.int8),
        "price": _units(rows["price"], instrument.tick),
        "size": _units(rows["size"], instrument.step),
        "id": rows["trade_id"],
        "kind": pa.repeat(MARKET, len(rows)),
        "line": lines,
    }
    return Piece(Table.TRADES, source, pa.table(columns, schema=SCHEMAS[Table.TRADES]))


def _quotes(rows: pa.Table, source: str, lines: Int64s, instrument: Instrument) -> Piece:
    columns: dict[str, Any] = {
        **_times(rows),
        "bid": _units(rows["bid_price"], instrument.tick),
        "ask": _units(rows["ask_price"], instrument.tick),
        "bid_size": _units(rows["bid_size"], instrument.step),
        "ask_size": _units(rows["ask_size"], instrument.step),
        "line": lines,
    }
    return Piece(Table.QUOTES, source, pa.table(columns, schema=SCHEMAS[Table.QUOTES]))


def _marks(rows: pa.Table, source: str, lines: Int64s, _instrument: Instrument) -> Piece:
    schema = SCHEMAS[Table.MARKS]
    columns = {
        **_times(rows),
        "mark": rows["value"],
        "index": pa.nulls(len(rows), schema.field("index").type),
        "line": lines,
    }
    return Piece(Table.MARKS, source, pa.table(columns, schema=schema))


def _funding(rows: pa.Table, source: str, lines: Int64s, _instrument: Instrument) -> Piece:
    nexts = rows["next_funding_ns"].cast(pa.int64())
    columns = {**_times(rows), "rate": rows["rate"], "next_funding_ns": nexts, "line": lines}
    return Piece(Table.FUNDING, source, pa.table(columns, schema=SCHEMAS[Table.FUNDING]))


def _times(rows: pa.Table) -> dict[str, Any]:
    return {name: rows[name].cast(pa.int64()) for name in ("ts_event", "ts_init")}


def _meaning(column: pa.ChunkedArray, words: Mapping[str, int]) -> Int64s:
    encoded = column.combine_chunks()
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode()
    meanings = np.array([words[word] for word in encoded.dictionary.to_pylist()] or [0], np.int64)
    found: Int64s = meanings[encoded.indices.to_numpy(zero_copy_only=False)]
    return found


def _units(column: pa.ChunkedArray, unit: Decimal) -> Int64s:
    """Exact decimals of the catalog as whole units: by the high and the low half of each 128 bit integer."""
    values = column.combine_chunks()
    if values.null_count:
        values = pc.fill_null(values, Decimal(0))
    halves = np.frombuffer(values.buffers()[1], np.uint64).reshape(-1, 2)[values.offset : values.offset + len(values)]
    divisor = int(unit.scaleb(SCALE))
    if divisor < 2**63 and not halves[:, 1].any():
        found: Int64s = (halves[:, 0] // np.uint64(divisor)).astype(np.int64)
        return found
    wide = halves[:, 1].astype(object) * 2**64 + halves[:, 0].astype(object)
    whole: Int64s = (wide // divisor).astype(np.int64)
    return whole
