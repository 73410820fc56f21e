"""Readers of the funding rates that were paid, as venues tell them: one JSON answer a file, or a small CSV."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from data.decimals import BadNumberError, exact
from data.funding import settled
from data.readers.protocol import Job, OnBytes, Sample, Survey
from data.schema import SCHEMAS, Piece, Table
from data.source import fault, ignore_bytes
from data.unpack import unpacked
from engine.core.types import Instrument

MS = 1_000_000
_LARGEST = 1 << 26  # bytes of a file; ten years of hourly rates are a tenth of it
_EARLIEST_MS, _LATEST_MS = 1_483_228_800_000, 4_102_444_800_000  # 2017 to 2100
_MOST_RATE = Decimal(1)


class Paid(msgspec.Struct, frozen=True):
    """A rate as the venue wrote it; `at` is its line, or its place in the answer from 1."""

    symbol: str
    time_ms: int
    rate: str
    at: int


class Names(msgspec.Struct, frozen=True):
    """What a vendor calls the fields, for those who look for a fault."""

    symbol: str
    time: str
    rate: str


type Decode = Callable[[Path, bytes], Sequence[Paid]]
type Claims = Callable[[Sample], bool]


class FundingAnswers:
    """Answers may come in any order, and overlap: pages of one history."""

    def __init__(self, kind: str, names: Names, claims: Claims, decode: Decode) -> None:
        self.kind, self.claims = kind, claims
        self._names, self._decode = names, decode

    def symbol_in_file(self, instrument: Instrument) -> str:
        return instrument.raw_symbol

    def survey(self, path: Path) -> Survey:
        rates = self._rates(path, ignore_bytes)
        if not rates:
            raise fault(path, "has no funding rate")
        symbols = frozenset(paid.symbol for paid in rates)
        first_ms = min(paid.time_ms for paid in rates)
        return Survey(
            path, first_ms * MS, frozenset({Table.FUNDING}), symbols, is_complete=True, has_receive_time=False
        )

    def pieces(self, paths: Sequence[Path], job: Job) -> Iterator[Piece]:
        paid: dict[int, tuple[Path, Paid]] = {}
        for path in paths:
            for each in self._rates(path, job.on_bytes):
                if each.symbol != job.instrument.raw_symbol:
                    continue
                before = paid.setdefault(each.time_ms, (path, each))[1]
                if before.rate != each.rate:
                    reason = f"{each.rate} at {each.time_ms}, where {before.rate} stands as well"
                    raise fault(path, reason, line=each.at, field=self._names.rate)
        if not paid:
            raise fault(paths[-1], f"nothing of {job.instrument.raw_symbol} in it", field=self._names.symbol)
        ordered = [paid[time] for time in sorted(paid)]
        ts, due = settled(np.array([each.time_ms * MS for _, each in ordered], np.int64))
        columns = [
            ts,
            ts,
            [format(Decimal(each.rate), "f") for _, each in ordered],
            due,
            [each.at for _, each in ordered],
        ]
        table = pa.Table.from_arrays([pa.array(c) for c in columns], schema=SCHEMAS[Table.FUNDING])
        yield Piece(Table.FUNDING, str(ordered[0][0]), table)

    def _rates(self, path: Path, on_bytes: OnBytes) -> Sequence[Paid]:
        rates = self._decode(path, _whole(path, on_bytes))
        for paid in rates:
            if not _EARLIEST_MS <= paid.time_ms <= _LATEST_MS:
                reason = f"{paid.time_ms} is no time in milliseconds between 2017 and 2100: a wrong unit?"
                raise fault(path, reason, line=paid.at, field=self._names.time)
            try:
                rate = exact(paid.rate)
            except BadNumberError as error:
                raise fault(path, error.reason, line=paid.at, field=self._names.rate) from error
            if abs(rate) >= _MOST_RATE:
                reason = f"{paid.rate} is no fraction: percent?"
                raise fault(path, reason, line=paid.at, field=self._names.rate)
        return rates


def json_answer[T](path: Path, text: bytes, form: type[T]) -> T:
    """Raises DataError for text that is not of the form."""
    try:
        return msgspec.json.decode(text, type=form, strict=False)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        raise fault(path, reason, field=place.strip("`").lstrip(".") or None) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise fault(path, f"is no JSON: {error}") from error


def _whole(path: Path, on_bytes: OnBytes) -> bytes:
    held = bytearray()
    for chunk in unpacked(path, on_bytes).chunks:
        held += chunk
        if len(held) > _LARGEST:
            raise fault(path, f"funding rates of more than {_LARGEST >> 20} MB")
    return bytes(held)
