"""Bybit's answer to the question for paid funding rates; its archives have none."""

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from data.funding_answers import FundingAnswers, Names, Paid, json_answer
from data.readers.protocol import Sample

_CLAIMED = re.compile(rb'\s*\{.{,2000}?"list"\s*:\s*\[\s*\{[^}]*"fundingRateTimestamp"', re.DOTALL)


class _Rate(msgspec.Struct, frozen=True, rename="camel"):
    symbol: str
    funding_rate: str
    funding_rate_timestamp: int


class _Result(msgspec.Struct, frozen=True):
    list: tuple[_Rate, ...]


class _Answer(msgspec.Struct, frozen=True):
    result: _Result


def _claims(sample: Sample) -> bool:
    return _CLAIMED.match(sample.head) is not None


def _decode(path: Path, text: bytes) -> Sequence[Paid]:
    rates = json_answer(path, text, _Answer).result.list
    return [Paid(r.symbol, r.funding_rate_timestamp, r.funding_rate, n) for n, r in enumerate(rates, 1)]


funding = FundingAnswers("bybit-funding", Names("symbol", "fundingRateTimestamp", "fundingRate"), _claims, _decode)
