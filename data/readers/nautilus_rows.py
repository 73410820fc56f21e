"""A NautilusTrader catalog's rows in the canonical form; those of its 1.x line are converted.

Since 2.0 prices are decimal128 and words are text. Before, a price was an integer of 8 bytes (nine places) or of 16
(sixteen), the latter just what decimal128 holds, and a word its number. Source: NautilusTrader's Arrow schemas.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.decimals import Bools, Column, Int64s
from data.parquet_rows import Batch
from data.schema import DECIMAL, F_LAST, F_SNAPSHOT, MARKET, SCHEMAS, Table
from data.tables import places
from engine.core.types import Instrument

type Convert = Callable[[Batch, Instrument], pa.Table]

_OLD_ACTIONS = {1: "ADD", 2: "UPDATE", 3: "DELETE", 4: "CLEAR"}
_OLD_SIDES = {0: "NO_ORDER_SIDE", 1: "BUY", 2: "SELL"}
_SIGNS = {"BUY": 1, "BUYER": 1, "SELL": -1, "SELLER": -1, "NO_ORDER_SIDE": 0, "NO_AGGRESSOR": 0}
_MOST_ID = 36  # characters of a trade id in the catalog
_OLD_PLACES = {8: 9, 16: 16}


def decimals(batch: Batch, name: str) -> pa.Array:
    """A column of prices or sizes as decimals, whichever line of NautilusTrader wrote it."""
    column = batch.column(name)
    if pa.types.is_decimal(column.type):
        return column
    if not pa.types.is_fixed_size_binary(column.type) or column.type.byte_width not in _OLD_PLACES:
        raise batch.fault(0, name, f"is no price or size of NautilusTrader but {column.type}")
    width = column.type.byte_width
    raw = column.buffers()[1].slice(column.offset * width, len(column) * width)
    if width == 8:
        wide = np.zeros((len(column), 2), np.int64)
        wide[:, 0] = np.frombuffer(raw, np.int64)
        wide[:, 1] = wide[:, 0] >> 63
        raw = pa.py_buffer(wide)
    return pa.Array.from_buffers(pa.decimal128(38, _OLD_PLACES[width]), len(column), [None, raw])


def units(batch: Batch, name: str, instrument: Instrument, unit: str) -> Int64s:
    """Whole ticks or steps. Raises DataError for the first value that is off the grid."""
    size = getattr(instrument, unit)
    digits = places(size)
    values = decimals(batch, name)
    try:
        scaled = values.cast(pa.decimal128(38, digits))
    except pa.ArrowInvalid:
        scaled = values.cast(pa.decimal128(38, digits), safe=False)
    off = pc.not_equal(scaled.cast(values.type), values).to_numpy(zero_copy_only=False)
    whole = np.frombuffer(scaled.buffers()[1], np.int64).reshape(-1, 2)[scaled.offset : scaled.offset + len(scaled)]
    numbers, rest = np.divmod(whole[:, 0], int(size.scaleb(digits)))
    off |= (rest != 0) | (whole[:, 1] != 0)
    batch.refuse(off, name, f"is no whole number of {size}, {instrument.id}'s {unit}")
    found: Int64s = numbers
    return found


def words(batch: Batch, name: str, old: dict[int, str]) -> Column:
    column = batch.column(name)
    if not pa.types.is_integer(column.type):
        texts: Column = column.cast(pa.string()).to_numpy(zero_copy_only=False)
        return texts
    numbers = column.to_numpy(zero_copy_only=False)
    batch.refuse(~np.isin(numbers, list(old)), name, f"is none of {', '.join(old.values())}")
    return np.array([old[number] for number in numbers.tolist()], object)


def _signs(batch: Batch, name: str) -> Column:
    found = words(batch, name, _OLD_SIDES)
    batch.refuse(~np.isin(found.astype(str), list(_SIGNS)), name, f"is none of {', '.join(_SIGNS)}")
    return np.array([_SIGNS[word] for word in found], np.int8)


def _times(batch: Batch) -> tuple[Int64s, Int64s]:
    return batch.times("ts_event"), batch.times("ts_init")


def deltas(batch: Batch, instrument: Instrument) -> pa.Table:
    """Levels; the flags are as written. Raises DataError for single orders."""
    action = words(batch, "action", _OLD_ACTIONS).astype(str)
    batch.refuse(~np.isin(action, list(_OLD_ACTIONS.values())), "action", "is none of ADD, UPDATE, DELETE, CLEAR")
    clear = action == "CLEAR"
    filled = _without_clears(batch, clear)
    side = np.where(clear, 0, _signs(batch, "side")).astype(np.int8)
    batch.refuse((side == 0) & ~clear, "side", "is neither BUY nor SELL")
    price = np.where(clear, 0, units(filled, "price", instrument, "tick"))
    batch.refuse((price == 0) & ~clear, "price", "a level at price 0")
    size = np.where(clear | (action == "DELETE"), 0, units(filled, "size", instrument, "step"))
    _refuse_orders(batch, np.column_stack([side, price]), ~clear)
    flags = batch.column("flags").to_numpy(zero_copy_only=False) & (F_LAST | F_SNAPSHOT)
    sequence = batch.column("sequence").to_numpy(zero_copy_only=False)
    return _table([*_times(batch), side, price, size, flags, sequence, batch.lines], Table.BOOK)


def _without_clears(batch: Batch, clear: Bools) -> Batch:
    """A clearing has no price, or 0 of as many digits as there are: 0 either way."""
    table = batch.table
    for name in ("price", "size"):
        column = table[name].combine_chunks()
        if column.null_count:
            zero = pa.scalar(0, pa.int64()).cast(column.type) if pa.types.is_decimal(column.type) else None
            filled = pc.if_else(pa.array(clear), zero, column)
            table = table.set_column(table.column_names.index(name), name, filled)
    return Batch(batch.path, table, batch.lines)


def _refuse_orders(batch: Batch, levels: Int64s, ours: Bools) -> None:
    """Several orders at one price are single orders (L3), whose sizes are none of a level."""
    ids = batch.column("order_id").to_numpy(zero_copy_only=False).astype(np.uint64)
    named = ours & (ids > 0)
    keys = levels[named]
    with_ids = np.column_stack([keys, ids[named].astype(np.int64)])
    if len(np.unique(with_ids, axis=0)) > len(np.unique(keys, axis=0)):
        reason = "several orders at one price: single orders (L3) are not read from a catalog"
        raise batch.fault(int(np.flatnonzero(named)[0]), "order_id", reason)


def trades(batch: Batch, instrument: Instrument) -> pa.Table:
    price, size = units(batch, "price", instrument, "tick"), units(batch, "size", instrument, "step")
    batch.refuse((price == 0) | (size == 0), "size", "a trade of nothing")
    ids = pc.utf8_slice_codeunits(batch.column("trade_id").cast(pa.string()), -_MOST_ID)
    kinds = pa.repeat(MARKET, len(batch))
    return _table([*_times(batch), _signs(batch, "aggressor_side"), price, size, ids, kinds, batch.lines], Table.TRADES)


def quotes(batch: Batch, instrument: Instrument) -> pa.Table:
    prices = [units(batch, f"{side}_price", instrument, "tick") for side in ("bid", "ask")]
    sizes = [units(batch, f"{side}_size", instrument, "step") for side in ("bid", "ask")]
    return _table([*_times(batch), *prices, *sizes, batch.lines], Table.QUOTES)


def marks(batch: Batch, _instrument: Instrument) -> pa.Table:
    return _values(batch, is_mark=True)


def indices(batch: Batch, _instrument: Instrument) -> pa.Table:
    return _values(batch, is_mark=False)


def _values(batch: Batch, *, is_mark: bool) -> pa.Table:
    value, none = decimals(batch, "value").cast(DECIMAL), pa.nulls(len(batch), DECIMAL)
    pair = [value, none] if is_mark else [none, value]
    return _table([*_times(batch), *pair, batch.lines], Table.MARKS)


def funding(batch: Batch, _instrument: Instrument) -> pa.Table:
    rates = batch.column("rate").cast(pa.string())
    due = batch.table["next_funding_ns"].combine_chunks() if "next_funding_ns" in batch.table.column_names else None
    next_ns = pa.nulls(len(batch), pa.int64()) if due is None else due.cast(pa.int64())
    return _table([*_times(batch), rates, next_ns, batch.lines], Table.FUNDING)


def _table(columns: list[Any], table: Table) -> pa.Table:
    schema = SCHEMAS[table]
    arrays = [pa.array(c).cast(field.type) for c, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
