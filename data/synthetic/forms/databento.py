"""Databento's DBN, a file a day, by its own library's records: single orders (mbo), or the best ten levels (mbp-10).

Both hold the trades as well. DBN counts whole contracts: a lot is one. It cannot say a trade's id (one that was told
twice is left out), mark prices, funding and liquidations; mbp-10 not what lies below the tenth level.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import databento_dbn as dbn
import msgspec
from databento_dbn.metadata import MappingInterval

from data.synthetic.forms.files import Files, zstandard_frame
from data.synthetic.forms.levels import Best, Levels
from data.synthetic.recorder import Message
from data.synthetic.settings import Contract

DEPTH = 10
_LAST, _SNAPSHOT = 128, 32
_SIDES = {1: dbn.Side.BID, -1: dbn.Side.ASK}
_PLACES, _US = 9, 1_000
_PUBLISHER, _INSTRUMENT = 1, 1


class _Databento(Files):
    """Mutable: it keeps the book."""

    schema: str

    def __init__(self, folder: Path, contract: Contract) -> None:
        super().__init__(folder)
        self._contract, self._book, self._trade = contract, Levels(), 0
        self._unit = 10 ** (_PLACES - contract.price_decimals)

    def write(self, message: Message) -> None:
        day = datetime.fromtimestamp(message.local_us // 1_000_000, UTC).date()
        name = f"synthetic-{day:%Y%m%d}.{self.schema}.dbn.zst"
        for record in self._records(message):
            self.add(name, bytes(record), header=self._header(day), packed=zstandard_frame)

    def _records(self, message: Message) -> Iterator[Any]:
        if message.kind in ("snapshot", "diff"):
            yield from self._changed(message)
        elif message.kind == "trade" and message.rows[0] > self._trade:
            self._trade = message.rows[0]
            yield self._traded(message)

    def _changed(self, message: Message) -> Iterator[Any]:
        raise NotImplementedError

    def _traded(self, message: Message) -> Any:
        raise NotImplementedError

    def _times(self, message: Message) -> dict[str, Any]:
        times = {"ts_event": message.event_us * _US, "ts_recv": message.local_us * _US}
        return {"publisher_id": _PUBLISHER, "instrument_id": _INSTRUMENT, **times}

    def _deal(self, message: Message) -> dict[str, Any]:
        number, side, ticks, lots = message.rows
        what = {"action": dbn.Action.TRADE, "side": _SIDES[side], "price": ticks * self._unit, "size": lots}
        return {**self._times(message), **what, "flags": _LAST, "sequence": number}

    def _header(self, day: date) -> bytes:
        interval = _Interval(day, day + timedelta(days=1), str(_INSTRUMENT))
        start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 10**9
        metadata = dbn.Metadata(
            dataset="GLBX.MDP3",
            start=start,
            stype_in=dbn.SType("raw_symbol"),
            stype_out=dbn.SType("instrument_id"),
            schema=dbn.Schema(self.schema),
            symbols=[self._contract.symbol],
            mappings=[_Mapping(self._contract.symbol, [interval])],
        )
        return bytes(metadata)


class _Interval(msgspec.Struct):
    start_date: date
    end_date: date
    symbol: str


class _Mapping(msgspec.Struct):
    raw_symbol: str
    intervals: Sequence[MappingInterval]


class DatabentoOrders(_Databento):
    """Each level is one order, named by its price."""

    schema = "mbo"

    def _changed(self, message: Message) -> Iterator[Any]:
        records = [*self._cleared(message), *self._placed(message)]
        for n, record in enumerate(records, 1):
            yield dbn.MBOMsg(**record | {"flags": record["flags"] | (_LAST if n == len(records) else 0)})

    def _cleared(self, message: Message) -> Iterator[dict[str, Any]]:
        if message.kind == "snapshot":
            self._book = Levels()
            what = {"action": dbn.Action.CLEAR, "side": dbn.Side.NONE, "price": dbn.UNDEF_PRICE, "size": 0}
            yield {**self._times(message), **what, "order_id": 0, "flags": _SNAPSHOT}

    def _placed(self, message: Message) -> Iterator[dict[str, Any]]:
        about = {**self._times(message), "flags": _SNAPSHOT if message.kind == "snapshot" else 0}
        for side, ticks, lots in message.rows:
            before = self._book.put(side, ticks, lots)
            if not (lots or before):
                continue  # an order that is not there cannot be cancelled
            action = (dbn.Action.MODIFY if before else dbn.Action.ADD) if lots else dbn.Action.CANCEL
            order = {"order_id": 2 * ticks + (side > 0), "side": _SIDES[side], "price": ticks * self._unit}
            yield {**about, **order, "action": action, "size": lots or before}

    def _traded(self, message: Message) -> Any:
        return dbn.MBOMsg(**self._deal(message), order_id=0)


class DatabentoDepth(_Databento):
    schema = "mbp-10"
    _seen: Best | None = None

    def _changed(self, message: Message) -> Iterator[Any]:
        self._book.apply(message)
        seen = self._book.best(DEPTH)
        if seen != self._seen:
            self._seen = seen
            side, ticks, lots = message.rows[-1]
            what = {"action": dbn.Action.MODIFY, "side": _SIDES[side], "price": ticks * self._unit, "size": lots}
            yield self._record(self._times(message) | what | {"flags": _LAST, "sequence": 0})

    def _traded(self, message: Message) -> Any:
        return self._record(self._deal(message))

    def _record(self, what: dict[str, Any]) -> Any:
        bids, asks = (
            [*((level.ticks * self._unit, level.lots, 1) for level in side), *[(dbn.UNDEF_PRICE, 0, 0)] * DEPTH][:DEPTH]
            for side in self._book.best(DEPTH)
        )
        levels = [
            dbn.BidAskPair(bid_px=bid[0], bid_sz=bid[1], bid_ct=bid[2], ask_px=ask[0], ask_sz=ask[1], ask_ct=ask[2])
            for bid, ask in zip(bids, asks, strict=True)
        ]
        return dbn.MBP10Msg(**what, depth=0, levels=levels)
