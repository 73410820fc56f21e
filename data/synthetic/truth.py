"""What nobody on the wire hears: single orders, their true place in the queue, and what went wrong when.

Orders of one price stand in the order in which they came. Takers meet the first; who cancels is anyone's guess, drawn
with luck of its own.
"""

from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from data.synthetic.book import OnChange
from data.synthetic.chance import Chance
from data.synthetic.tape import Wire

_LUCK = 0x0DE55
_WRITTEN = 100_000  # rows held at most

ORDERS = pa.schema(
    [
        ("id", pa.int64()),
        ("side", pa.int8()),  # 1 bid, -1 ask
        ("price_ticks", pa.int64()),
        ("lots", pa.int64()),
        ("placed_us", pa.int64()),  # the venue's clock, as the tape's ts_event_us
        ("ahead_lots", pa.int64()),  # what stood before it as it came
        ("filled_lots", pa.int64()),
        ("first_fill_us", pa.int64()),  # null without a fill
        ("ended_us", pa.int64()),  # null while it rests
        ("end", pa.string()),  # filled, cancelled, resting
    ]
)
# Each change of an order, and what then stood before it: with `orders`, the queue of any of them at any time.
CHANGES = pa.schema(
    [
        ("us", pa.int64()),
        ("id", pa.int64()),
        ("what", pa.string()),  # placed, filled, reduced, cancelled
        ("lots", pa.int64()),  # by how much
        ("ahead_lots", pa.int64()),
    ]
)


class _Order:
    """A resting order. Mutable."""

    __slots__ = ("ahead", "filled", "first_us", "id", "left", "lots", "placed_us", "price", "side")

    def __init__(self, number: int, side: int, price: int, lots: int) -> None:
        self.id, self.side, self.price, self.lots = number, side, price, lots
        self.left, self.filled, self.ahead, self.placed_us = lots, 0, 0, 0
        self.first_us: int | None = None


class _Rows:
    """Rows on their way into a Parquet file, some at a time. Mutable."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._rows: list[tuple[Any, ...]] = []

    def add(self, *row: Any) -> None:
        self._rows.append(row)
        if len(self._rows) >= _WRITTEN:
            self._flush()

    def _flush(self) -> None:
        columns = zip(*self._rows, strict=True) if self._rows else [[]] * len(self._schema)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows = []

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def drop(self) -> None:
        """Let go of a file that will not be whole."""
        with suppress(OSError):  # what is left in memory may not fit on the disk either
            self._writer.close()
        self._writer.is_open = False  # or it would try again when it is collected


class Truth:
    """Written into a folder as the market runs: orders.parquet, changes.parquet, truth.json. They have these names from
    the end of `with` on, if it was reached without an error and after `close`; else nothing is left of them. Mutable.
    """

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.paths = tuple(folder / name for name in ("orders.parquet", "changes.parquet", "truth.json"))
        self._parts = tuple(path.with_name(f"{path.name}.part") for path in self.paths)
        self._orders, self._changes = _Rows(self._parts[0], ORDERS), _Rows(self._parts[1], CHANGES)
        self._about, self._told = about, list[dict[str, Any]]()
        self._queues: dict[tuple[int, int], deque[_Order]] = {}
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            for part, path in zip(self._parts, self.paths, strict=True):
                part.replace(path)
            return
        for rows in (self._orders, self._changes):
            rows.drop()
        for part in self._parts:
            part.unlink(missing_ok=True)

    def tell(self, what: str, at_us: int, **values: float) -> None:
        """Something that went wrong on purpose."""
        self._told.append({"what": what, "at_us": at_us, **values})

    def orders(self, wire: Wire, seed: int) -> OnChange:
        """Follows the market's orders."""
        chance = Chance(seed ^ _LUCK)

        def changed(side: int, price: int, lots: int, traded: bool) -> None:
            queue = self._queues.setdefault((side, price), deque())
            if lots > 0:
                self._place(queue, side, price, lots, wire.event_us)
            elif traded:
                self._fill(queue, -lots, wire.event_us)
            elif lots:
                self._cancel(queue, -lots, wire.event_us, chance)
            if not queue:
                del self._queues[side, price]

        return changed

    def close(self) -> None:
        """The market is over: write what is left."""
        for queue in self._queues.values():
            for order in queue:
                self._end(order, None, "resting")
        self._orders.close()
        self._changes.close()
        document = {**self._about, "faults": self._told, "orders": self._count}
        self._parts[2].write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")

    def _place(self, queue: deque[_Order], side: int, price: int, lots: int, at_us: int) -> None:
        self._count += 1
        order = _Order(self._count, side, price, lots)
        order.ahead, order.placed_us = sum(each.left for each in queue), at_us
        queue.append(order)
        self._changes.add(at_us, order.id, "placed", lots, order.ahead)

    def _fill(self, queue: deque[_Order], lots: int, at_us: int) -> None:
        while lots:
            order = queue[0]
            part = min(lots, order.left)
            order.left, order.filled, lots = order.left - part, order.filled + part, lots - part
            order.first_us = at_us if order.first_us is None else order.first_us
            self._changes.add(at_us, order.id, "filled", part, 0)
            if not order.left:
                self._end(queue.popleft(), at_us, "filled")

    def _cancel(self, queue: deque[_Order], lots: int, at_us: int, chance: Chance) -> None:
        while lots:
            place = chance.below(len(queue))
            order, part = queue[place], min(lots, queue[place].left)
            ahead = sum(queue[n].left for n in range(place))
            order.left, lots = order.left - part, lots - part
            self._changes.add(at_us, order.id, "reduced" if order.left else "cancelled", part, ahead)
            if not order.left:
                del queue[place]
                self._end(order, at_us, "cancelled")

    def _end(self, order: _Order, at_us: int | None, end: str) -> None:
        about = (order.id, order.side, order.price, order.lots, order.placed_us, order.ahead)
        self._orders.add(*about, order.filled, order.first_us, at_us, end)
