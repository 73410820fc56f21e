"""Small catalogs made by hand: a book, trades, marks and funding at the seconds one likes."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from nautilus_trader import model
from nautilus_trader.persistence import ParquetDataCatalog

from data.tables import FUNDING, TableFile, places
from engine.core.types import Instrument, Side
from engine.nautilus.catalog import write_instrument
from tests.support.builders import LINEAR, START_NS

F_LAST, F_SNAPSHOT = 128, 32

type Row = tuple[Side, str, str]  # side, price, size


def ns(second: float) -> int:
    """A time `second` seconds after the start."""
    return START_NS + int(Decimal(str(second)) * 1_000_000_000)


class Handmade:
    """Market data in the making. Times are seconds after START_NS; sides are ours, of a trade the taker's."""

    def __init__(self, instrument: Instrument = LINEAR) -> None:
        self.instrument = instrument
        self._id = model.InstrumentId.from_str(instrument.id)
        self._messages: list[tuple[int, bool, list[Row]]] = []  # time, snapshot, rows
        self._lost: list[int] = []
        self._trades: list[model.TradeTick] = []
        self._marks: list[model.MarkPriceUpdate] = []
        self._funding: list[tuple[int, str, int]] = []

    def snapshot(self, second: float, bids: dict[str, str], asks: dict[str, str]) -> "Handmade":
        """The whole book anew."""
        rows = [(Side.BUY, *row) for row in bids.items()] + [(Side.SELL, *row) for row in asks.items()]
        self._messages.append((ns(second), True, rows))
        return self

    def levels(self, second: float, *rows: Row) -> "Handmade":
        """One message: levels set to a size, or removed by a size of 0."""
        self._messages.append((ns(second), False, list(rows)))
        return self

    def lost(self, second: float) -> "Handmade":
        """From here on nobody knows the book, until the next snapshot."""
        self._lost.append(ns(second))
        self._messages.append((ns(second), True, []))
        return self

    def trade(self, second: float, side: Side, price: str, size: str) -> "Handmade":
        aggressor = model.AggressorSide.BUY if side is Side.BUY else model.AggressorSide.SELL
        name = model.TradeId(str(len(self._trades)))
        at = ns(second)
        self._trades.append(model.TradeTick(self._id, self._price(price), self._size(size), aggressor, name, at, at))
        return self

    def mark(self, second: float, price: str) -> "Handmade":
        at = ns(second)
        self._marks.append(model.MarkPriceUpdate(self._id, self._price(price), at, at))
        return self

    def funding(self, second: float, rate: str, settles: float) -> "Handmade":
        self._funding.append((ns(second), rate, ns(settles)))
        return self

    def write(self, root: Path, *, quotes: bool = True, depth: bool = True) -> Path:
        """The catalog, in order of time. Without `quotes` whoever reads it has to find the top of the book; without
        `depth` there is nothing but the top."""
        root.mkdir(parents=True, exist_ok=True)
        write_instrument(root, self.instrument)
        catalog = ParquetDataCatalog(str(root.resolve()))
        messages = sorted(self._messages, key=lambda message: message[0])
        if depth:
            catalog.write_order_book_deltas([delta for message in messages for delta in self._deltas(*message)])
        if self._trades:
            catalog.write_trade_ticks(sorted(self._trades, key=lambda trade: trade.ts_init))
        if self._marks:
            catalog.write_mark_price_updates(sorted(self._marks, key=lambda mark: mark.ts_init))
        if quotes:
            catalog.write_quote_ticks(list(self._quotes(messages)))
        if self._funding:
            self._write_funding(root)
        return root

    def _deltas(self, at: int, snapshot: bool, rows: list[Row]) -> Iterator[model.OrderBookDelta]:
        if snapshot:
            clear = model.OrderBookDelta.clear(self._id, 0, at, at)
            lost = model.OrderBookDelta(self._id, clear.action, clear.order, F_LAST, 0, at, at)
            yield clear if rows else lost
        for n, (side, price, size) in enumerate(rows):
            change = model.BookAction.UPDATE if Decimal(size) else model.BookAction.DELETE
            action = model.BookAction.ADD if snapshot else change
            flags = F_SNAPSHOT * snapshot | F_LAST * (n == len(rows) - 1)
            way = model.OrderSide.BUY if side is Side.BUY else model.OrderSide.SELL
            order = model.BookOrder(way, self._price(price), self._size(size), 0)
            yield model.OrderBookDelta(self._id, action, order, flags, 0, at, at)

    def _quotes(self, messages: list[tuple[int, bool, list[Row]]]) -> Iterator[model.QuoteTick]:
        book: dict[Side, dict[Decimal, Decimal]] = {}
        for at, snapshot, rows in messages:
            book = {Side.BUY: {}, Side.SELL: {}} if snapshot else book
            for side, price, size in rows:
                book[side][Decimal(price)] = Decimal(size)
            tops = {side: {p: q for p, q in levels.items() if q} for side, levels in book.items()}
            bid, ask = max(tops[Side.BUY], default=Decimal(0)), min(tops[Side.SELL], default=Decimal(0))
            shown = (tops[Side.BUY].get(bid, Decimal(0)), tops[Side.SELL].get(ask, Decimal(0)))
            prices = (self._price(str(bid)), self._price(str(ask)))
            yield model.QuoteTick(self._id, *prices, *(self._size(str(each)) for each in shown), at, at)

    def _price(self, value: str) -> model.Price:
        return model.Price.from_decimal_dp(Decimal(value), places(self.instrument.tick))

    def _size(self, value: str) -> model.Quantity:
        return model.Quantity.from_decimal_dp(Decimal(value), places(self.instrument.step))

    def _write_funding(self, root: Path) -> None:
        times, rates, due = zip(*self._funding, strict=True)
        stamps = pa.array(times, pa.int64()).cast(pa.timestamp("ns", "UTC"))
        settles = pa.array(due, pa.int64()).cast(pa.timestamp("ns", "UTC"))
        columns = [pa.array(rates), pa.nulls(len(rates), pa.uint64()), settles, stamps, stamps]
        file = TableFile(root, "funding_rates", self.instrument)
        file.write(pa.Table.from_arrays(columns, schema=FUNDING))
        file.close()


def calm_market(seconds: int, bid: str = "100.0", ask: str = "100.2", size: str = "10") -> Handmade:
    """A book of one level a side whose sizes breathe every 100 ms, by one lot more and back."""
    made, more = Handmade().snapshot(0.05, {bid: size}, {ask: size}), str(Decimal(size) + Decimal("0.001"))
    for tenth in range(1, seconds * 10):
        shown = more if tenth % 2 else size
        made.levels(tenth / 10 + 0.05, (Side.BUY, bid, shown), (Side.SELL, ask, shown))
    return made
