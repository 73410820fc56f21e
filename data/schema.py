"""The canonical form of market data: what every reader yields and the store writes.

Prices are whole ticks and sizes whole lots of the instrument, as int64, so that nothing is ever rounded; a price that
is not on the instrument's grid (a mark or index price) is decimal128(38, 16). Times are integer nanoseconds since the
epoch: `ts_event` is the venue's clock, `ts_init` ours. `line` is the line of the source file, so that a fault can be
named.
"""

from enum import IntEnum, StrEnum

import msgspec
import pyarrow as pa

F_LAST = 128  # last row of a message: only now is the book a state that the venue had
F_SNAPSHOT = 32

MARKET = "MARKET"  # the kind of a trade that a resting order could have taken part in

DECIMAL = pa.decimal128(38, 16)

_TIMES = [pa.field("ts_event", pa.int64(), nullable=False), pa.field("ts_init", pa.int64(), nullable=False)]
_LINE = pa.field("line", pa.int64(), nullable=False)


class Aggressor(IntEnum):
    """The side of the taker; its value is the sign of what the taker's position gains."""

    BUY = 1
    SELL = -1
    UNKNOWN = 0


class Table(StrEnum):
    BOOK = "book"
    TRADES = "trades"
    QUOTES = "quotes"
    MARKS = "marks"
    FUNDING = "funding"
    LIQUIDATIONS = "liquidations"


SCHEMAS: dict[Table, pa.Schema] = {
    # side: 1 bid, -1 ask, 0 clears the book. size: absolute; 0 removes the level.
    Table.BOOK: pa.schema(
        [
            *_TIMES,
            pa.field("side", pa.int8(), nullable=False),
            pa.field("price", pa.int64(), nullable=False),
            pa.field("size", pa.int64(), nullable=False),
            pa.field("flags", pa.uint8(), nullable=False),
            pa.field("sequence", pa.uint64(), nullable=False),
            _LINE,
        ]
    ),
    # side: see Aggressor. kind: MARKET, or what the venue calls a print that no resting order could have filled.
    Table.TRADES: pa.schema(
        [
            *_TIMES,
            pa.field("side", pa.int8(), nullable=False),
            pa.field("price", pa.int64(), nullable=False),
            pa.field("size", pa.int64(), nullable=False),
            pa.field("id", pa.string(), nullable=False),
            pa.field("kind", pa.string(), nullable=False),
            _LINE,
        ]
    ),
    # The best bid and ask; a side of size 0 is empty.
    Table.QUOTES: pa.schema(
        [
            *_TIMES,
            *(pa.field(name, pa.int64(), nullable=False) for name in ("bid", "ask", "bid_size", "ask_size")),
            _LINE,
        ]
    ),
    # side: of the order that was forced: -1 where a long was liquidated. price: 0 where the venue tells none.
    Table.LIQUIDATIONS: pa.schema(
        [
            *_TIMES,
            pa.field("side", pa.int8(), nullable=False),
            pa.field("price", pa.int64(), nullable=False),
            pa.field("size", pa.int64(), nullable=False),
            pa.field("id", pa.string(), nullable=False),
            _LINE,
        ]
    ),
    Table.MARKS: pa.schema([*_TIMES, pa.field("mark", DECIMAL), pa.field("index", DECIMAL), _LINE]),
    # rate: a fraction, as the venue wrote it.
    Table.FUNDING: pa.schema(
        [*_TIMES, pa.field("rate", pa.string(), nullable=False), pa.field("next_funding_ns", pa.int64()), _LINE]
    ),
}


class Piece(msgspec.Struct, frozen=True):
    """Some rows of one canonical table, in the order in which they became known; never a part of a message."""

    table: Table
    source: str
    rows: pa.Table
