"""Databento's DBN as arrays of records, some megabytes at a time.

The header is decoded by Databento's own library, and the records are laid out as it says; the bytes come through our
own stream, which knows where a file is damaged or cut short. NautilusTrader's loader is not used: it makes an object a
record, holds the whole file, and keeps single orders apart where our books are levels.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import databento_dbn as dbn
import msgspec
import numpy as np
import numpy.typing as npt

from data.decimals import Bools, Int64s
from data.readers.protocol import OnBytes
from data.source import fault
from data.unpack import unpacked
from engine.core.types import Instrument

MAGIC = b"DBN"
F_LAST, F_SNAPSHOT, F_BAD_RECEIVED = 128, 32, 8
UNDEF_PRICE, UNDEF_TIME = 2**63 - 1, 2**64 - 1
PRICE_PLACES = 9

_PROLOGUE = 8  # magic, version, length of the metadata
_BATCH = 1 << 22
_UNIT = 4  # bytes in the unit of a record's length
_EARLIEST_NS, _LATEST_NS = 1_483_228_800_000_000_000, 4_102_444_800_000_000_000  # 2017 to 2100
_LAYOUTS: dict[str, tuple[Any, int]] = {  # and what a record says that it is
    "mbo": (dbn.MBOMsg, 160),
    "mbp-10": (dbn.MBP10Msg, 10),
    "mbp-1": (dbn.MBP1Msg, 1),
    "tbbo": (dbn.MBP1Msg, 1),
    "trades": (dbn.TradeMsg, 0),
    "definition": (dbn.InstrumentDefMsg, 19),
}
_OLD_DEFINITIONS = {1: dbn.InstrumentDefMsgV1, 2: dbn.InstrumentDefMsgV2}  # by DBN's version

type Array = npt.NDArray[np.void]


class Contents(msgspec.Struct, frozen=True):
    """What a file's header says of it."""

    schema: str
    dataset: str
    ids: dict[str, frozenset[int]]  # the instrument ids of each symbol
    layout: Any  # a NumPy dtype
    record_type: int
    length: int  # bytes of the header


def contents(path: Path, head: bytes) -> Contents:
    """Raises DataError for a header that is damaged, and for a schema of no market that is read."""
    length = _PROLOGUE + int.from_bytes(head[4:_PROLOGUE], "little")
    try:
        metadata = dbn.Metadata.decode(head[:length])
    except (dbn.DBNError, ValueError) as error:
        raise fault(path, f"has a damaged DBN header: {error}") from error
    schema = str(metadata.schema)
    if schema not in _LAYOUTS:
        reason = f"is DBN of schema {schema}: read are {', '.join(_LAYOUTS)}"
        raise fault(path, reason, field="schema")
    message, record_type = _LAYOUTS[schema]
    if schema == "definition":
        message = _OLD_DEFINITIONS.get(metadata.version, message)
    fields = [*message._dtypes, *([("ts_out", "u8")] if metadata.ts_out else [])]  # noqa: SLF001 - as its own reader does
    ids = {
        symbol: frozenset(int(each["symbol"]) for each in intervals if str(each["symbol"]).isdigit())
        for symbol, intervals in metadata.mappings.items()
    }
    return Contents(schema, metadata.dataset, ids, np.dtype(fields), record_type, length)


class Records:
    """A file's records in order. `line` of a fault is the number of the record, from 1."""

    def __init__(self, path: Path, on_bytes: OnBytes) -> None:
        self.path = path
        self._chunks = unpacked(path, on_bytes).chunks
        self._held = bytearray()
        self._fill(_PROLOGUE)
        self._fill(_PROLOGUE + int.from_bytes(self._held[4:_PROLOGUE], "little"))
        self.contents = contents(path, bytes(self._held))
        del self._held[: self.contents.length]

    def _fill(self, least: int) -> None:
        while len(self._held) < least and (more := next(self._chunks, b"")):
            self._held += more
        if len(self._held) < least:
            raise fault(self.path, f"is DBN cut short: {len(self._held)} bytes where {least} should be")

    def batches(self) -> Iterator[tuple[Array, Int64s]]:
        """Records and their numbers."""
        size, first = self.contents.layout.itemsize, 1
        for chunk in self._chunks:
            self._held += chunk
            if len(self._held) >= _BATCH:
                records = self._take(len(self._held) // size)
                yield self._checked(records, first)
                first += len(records)
        if len(self._held) % size:
            at = first + len(self._held) // size
            raise fault(self.path, f"is cut short within a record: {len(self._held) % size} bytes of {size}", line=at)
        if self._held:
            yield self._checked(self._take(len(self._held) // size), first)

    def _take(self, count: int) -> Array:
        taken = count * self.contents.layout.itemsize
        records: Array = np.frombuffer(bytes(self._held[:taken]), self.contents.layout)
        del self._held[:taken]
        return records

    def _checked(self, records: Array, first: int) -> tuple[Array, Int64s]:
        numbers = np.arange(first, first + len(records))
        length = self.contents.layout.itemsize // _UNIT
        other = (records["length"] != length) | (records["rtype"] != self.contents.record_type)
        refuse(self.path, other, numbers, ("rtype", f"is no record of schema {self.contents.schema}"))
        received = records["ts_recv"]
        odd = (received < _EARLIEST_NS) | (received > _LATEST_NS)
        refuse(self.path, odd, numbers, ("ts_recv", "is no time in nanoseconds between 2017 and 2100"))
        return records, numbers


def refuse(path: Path, mask: Bools, numbers: Int64s, what: tuple[str, str]) -> None:
    """Raises DataError for the first record that a mask shows; `what` is the field and the reason."""
    if mask.any():
        raise fault(path, what[1], line=int(numbers[np.flatnonzero(mask)[0]]), field=what[0])


def ticks(prices: Int64s, instrument: Instrument) -> tuple[Int64s, Bools]:
    """Prices in ticks, and where they are on none."""
    unit = int(instrument.tick.scaleb(PRICE_PLACES))
    assert unit == instrument.tick.scaleb(PRICE_PLACES), "DBN tells prices to nine places"
    whole, rest = np.divmod(prices, unit)
    return whole, (rest != 0) | (whole <= 0)


def lots(sizes: npt.NDArray[np.unsignedinteger[Any]], step: Decimal) -> tuple[Int64s, Bools]:
    """Sizes in lots, and where they are no whole number of them."""
    numerator, denominator = step.as_integer_ratio()
    whole, rest = np.divmod(sizes.astype(np.int64) * denominator, numerator)
    return whole, rest != 0
