"""What Databento's DBN files have in common: a file a day of records by its own library, and the contract's definition.

DBN counts whole contracts: a lot is one. It cannot say a trade's id (one that was told twice is left out).
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import databento_dbn as dbn
import msgspec
from databento_dbn.metadata import MappingInterval

from data.synthetic.forms.files import Files, zstandard_frame
from data.synthetic.forms.levels import Levels
from data.synthetic.recorder import Message
from data.synthetic.settings import Contract

LAST, SNAPSHOT = 128, 32
SIDES = {1: dbn.Side.BID, -1: dbn.Side.ASK}
_PLACES, _US = 9, 1_000
_PUBLISHER, _INSTRUMENT = 1, 1


class Databento(Files):
    """Mutable: it keeps the book."""

    schema: str

    def __init__(self, folder: Path, contract: Contract) -> None:
        super().__init__(folder)
        self.book, self.unit = Levels(), 10 ** (_PLACES - contract.price_decimals)
        self._contract, self._trade = contract, 0
        self._day: date | None = None

    def write(self, message: Message) -> None:
        day = datetime.fromtimestamp(message.local_us // 1_000_000, UTC).date()
        if day != self._day:
            self._day = day
            self._add(day, "definition", self._definition(message))
        for record in self._records(message):
            self._add(day, self.schema, record)

    def _add(self, day: date, schema: str, record: Any) -> None:
        name = f"synthetic-{day:%Y%m%d}.{schema}.dbn.zst"
        self.add(name, bytes(record), header=self._header(day, schema), packed=zstandard_frame)

    def _definition(self, message: Message) -> Any:
        c = self._contract
        return dbn.InstrumentDefMsg(
            **self.times(message),
            min_price_increment=self.unit,
            display_factor=10**_PLACES,
            unit_of_measure_qty=int(Decimal(c.multiplier).scaleb(_PLACES)),
            raw_symbol=c.symbol,
            asset="BTC",
            security_type="FUT",
            instrument_class=dbn.InstrumentClass("F"),
            security_update_action=dbn.SecurityUpdateAction("A"),
        )

    def _records(self, message: Message) -> Iterator[Any]:
        if message.kind in ("snapshot", "diff"):
            yield from self.changed(message)
        elif message.kind == "trade" and message.rows[0] > self._trade:
            self._trade = message.rows[0]
            yield self.traded(message)

    def changed(self, message: Message) -> Iterator[Any]:
        raise NotImplementedError

    def traded(self, message: Message) -> Any:
        raise NotImplementedError

    def times(self, message: Message) -> dict[str, Any]:
        times = {"ts_event": message.event_us * _US, "ts_recv": message.local_us * _US}
        return {"publisher_id": _PUBLISHER, "instrument_id": _INSTRUMENT, **times}

    def deal(self, message: Message) -> dict[str, Any]:
        number, side, ticks, lots = message.rows
        what = {"action": dbn.Action.TRADE, "side": SIDES[side], "price": ticks * self.unit, "size": lots}
        return {**self.times(message), **what, "flags": LAST, "sequence": number}

    def _header(self, day: date, schema: str) -> bytes:
        interval = _Interval(day, day + timedelta(days=1), str(_INSTRUMENT))
        start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 10**9
        metadata = dbn.Metadata(
            dataset="GLBX.MDP3",
            start=start,
            stype_in=dbn.SType("raw_symbol"),
            stype_out=dbn.SType("instrument_id"),
            schema=dbn.Schema(schema),
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
