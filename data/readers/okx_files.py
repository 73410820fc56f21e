"""OKX's trade files and paid funding rates. Sizes are contracts where contracts are traded.

A trade file's day begins at midnight in Hong Kong, 16:00 UTC the day before, a book file's at midnight UTC: of one day
of both, eight hours have trades without a book, and eight a book without trades.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from data.csv_form import header_of
from data.funding_answers import FundingAnswers, Names, Paid, json_answer
from data.readers.protocol import Sample
from data.source import fault
from data.trade_files import Columns, TradeFiles

_CLAIMED = re.compile(rb'\s*\{.{,2000}?"data"\s*:\s*\[\s*\{[^}]*"realizedRate"', re.DOTALL)
_CSV = ("instrument_name", "funding_rate", "funding_time")

trades = TradeFiles(
    "okx-trades",
    Columns(
        time="created_time",
        unit_ns=1_000_000,
        side="side",
        price="price",
        size="size",
        id="trade_id",
        symbol="instrument_name",
        special="source",
        special_kind="ELP",  # against an order that the public book does not show
        telling=("instrument_name", "trade_id"),
    ),
)


class _Rate(msgspec.Struct, frozen=True, rename="camel"):
    inst_id: str
    funding_time: int
    realized_rate: str


class _Answer(msgspec.Struct, frozen=True):
    data: tuple[_Rate, ...]


def _answer_claimed(sample: Sample) -> bool:
    return _CLAIMED.match(sample.head) is not None


def _answer(path: Path, text: bytes) -> Sequence[Paid]:
    rates = json_answer(path, text, _Answer).data
    return [Paid(r.inst_id, r.funding_time, r.realized_rate, n) for n, r in enumerate(rates, 1)]


def _file_claimed(sample: Sample) -> bool:
    return set(_CSV) <= set(header_of(sample.head))


def _file(path: Path, text: bytes) -> Sequence[Paid]:
    where = {name: n for n, name in enumerate(header_of(text))}
    paid = []
    for line, row in enumerate(text.splitlines()[1:], 2):
        cells = row.decode(errors="replace").split(",")
        if not row.strip():
            continue
        if len(cells) != len(where):
            raise fault(path, f"{len(cells)} columns instead of {len(where)}", line=line)
        symbol, rate, time = (cells[where[name]].strip() for name in _CSV)
        if not time.isdecimal() or len(time) > 18:
            raise fault(path, f"{time!r} is no time in milliseconds", line=line, field="funding_time")
        paid.append(Paid(symbol, int(time), rate, line))
    return paid


funding = FundingAnswers("okx-funding", Names("instId", "fundingTime", "realizedRate"), _answer_claimed, _answer)
funding_files = FundingAnswers("okx-funding-file", Names(_CSV[0], _CSV[2], _CSV[1]), _file_claimed, _file)
