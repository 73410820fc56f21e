"""Hyperliquid's other files: node trades, asset contexts by the minute, and paid funding rates.

Funding is paid every hour at the rate that the context shows then. Sides are the taker's: B bought, A sold. A node's
files hold all coins. They have the venue's time alone. Source: Hyperliquid's documentation of its historical data.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import pyarrow as pa

from data.csv_blocks import Block, blocks
from data.csv_form import Form, header_of
from data.decimals import BadNumberError, Int64s, whole_units
from data.funding_answers import FundingAnswers, Names, Paid, json_answer
from data.iso_times import iso_ns
from data.readers.protocol import TRADED_TWICE, Job, OnBytes, Sample, Survey
from data.schema import DECIMAL, MARKET, SCHEMAS, Piece, Table
from data.source import fault, ignore_bytes, line_blocks, sample_of
from engine.core.types import SECOND, Instrument

_HOUR_NS = 3_600 * SECOND
_CONTEXT = frozenset({"time", "coin", "funding", "oracle_px", "mark_px"})
_TRADE_MARKS = (b'"coin"', b'"side"', b'"px"', b'"sz"', b'"time"', b'"side_info"')
_RATES = re.compile(rb'\s*\[\s*\{[^}]*"fundingRate"[^}]*"time"', re.DOTALL)


class _Trade(msgspec.Struct, frozen=True, gc=False):
    coin: str
    side: Literal["A", "B"]
    time: str
    px: str
    sz: str


_trade = msgspec.json.Decoder(_Trade)


class _Trades:
    kind = "hyperliquid-node_trades"

    def claims(self, sample: Sample) -> bool:
        line = sample.head.partition(b"\n")[0]
        return line.startswith(b"{") and all(mark in line for mark in _TRADE_MARKS)

    def symbol_in_file(self, instrument: Instrument) -> str:
        return instrument.raw_symbol

    def survey(self, path: Path) -> Survey:
        head = [line for line in next(line_blocks(path)).split(b"\n") if line]
        said = [_decoded(path, line, n) for n, line in enumerate(head, 1)]
        first_ns = int(iso_ns(path, [said[0].time], [1], "time")[0])
        coins = frozenset(trade.coin for trade in said)
        return Survey(path, first_ns, frozenset({Table.TRADES}), coins, has_receive_time=False, is_alone=True)

    def pieces(self, paths: Sequence[Path], job: Job) -> Iterator[Piece]:
        last_ns, found, again, before = 0, False, 0, b""
        for path in paths:
            number = 0
            for block in line_blocks(path, job.on_bytes):
                trades, lines = list[_Trade](), list[int]()
                for line in block.split(b"\n")[:-1]:
                    number += 1
                    if not line or (trade := _decoded(path, line, number)).coin != job.instrument.raw_symbol:
                        continue
                    again += line == before  # to the last character, with the orders that met
                    if line != before:
                        trades.append(trade)
                        lines.append(number)
                    before = line
                if trades:
                    found = True
                    table = _trades(path, trades, lines, job.instrument)
                    last_ns = _check_order(path, table, last_ns)
                    yield Piece(Table.TRADES, str(path), table)
        if not found and not job.alone:
            raise fault(paths[-1], f"nothing of {job.instrument.raw_symbol} in it", field="coin")
        if again:
            job.on_warning(f"{again} {TRADED_TWICE}")


def _decoded(path: Path, line: bytes, number: int) -> _Trade:
    try:
        return _trade.decode(line)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        raise fault(path, reason, line=number, field=place.strip("`").rpartition(".")[2] or None) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise fault(path, f"is no JSON: {error}", line=number) from error


def _trades(path: Path, trades: Sequence[_Trade], lines: Sequence[int], instrument: Instrument) -> pa.Table:
    times = iso_ns(path, [trade.time for trade in trades], lines, "time")
    numbers = []
    for field, unit in (("px", instrument.tick), ("sz", instrument.step)):
        texts = [getattr(trade, field) for trade in trades]
        for text, line in zip(texts, lines, strict=True):
            if not text or "," in text:
                raise fault(path, f"{text!r} is not a number", line=line, field=field)
        try:
            found = whole_units(",".join(texts).encode(), unit)
        except BadNumberError as error:
            raise fault(path, error.reason, line=lines[error.index], field=field) from error
        if not found.all():
            raise fault(path, "a trade of nothing", line=lines[int(np.flatnonzero(found == 0)[0])], field=field)
        numbers.append(found)
    sides = np.array([1 if trade.side == "B" else -1 for trade in trades], np.int8)
    ids = [f"{time // SECOND}-{line}" for time, line in zip(times.tolist(), lines, strict=True)]
    kinds = [MARKET] * len(trades)
    columns = [times, times, sides, *numbers, ids, kinds, np.array(lines, np.int64)]
    return pa.Table.from_arrays([pa.array(c) for c in columns], schema=SCHEMAS[Table.TRADES])


def _check_order(path: Path, table: pa.Table, last_ns: int) -> int:
    times = table["ts_init"].to_numpy()
    back = np.flatnonzero(np.diff(times, prepend=last_ns) < 0)
    if len(back):
        line = table["line"][int(back[0])].as_py()
        raise fault(path, "the time goes back: lines are in no order, or files overlap", line=line, field="time")
    return int(times[-1])


class _Contexts:
    kind = "hyperliquid-asset_ctxs"

    def claims(self, sample: Sample) -> bool:
        return set(header_of(sample.head)) >= _CONTEXT

    def symbol_in_file(self, instrument: Instrument) -> str:
        return instrument.raw_symbol

    def survey(self, path: Path) -> Survey:
        head = next(_blocks(path, ignore_bytes), None)
        if head is None:
            raise fault(path, "has a header and no rows")
        first_ns = int(_context_times(head)[0])
        coins = frozenset(head.rows["coin"].unique().to_list())
        tables = frozenset({Table.MARKS, Table.FUNDING})
        return Survey(path, first_ns, tables, coins, has_receive_time=False, is_alone=True)

    def pieces(self, paths: Sequence[Path], job: Job) -> Iterator[Piece]:
        last_ns, found = 0, False
        for path in paths:
            for block in _blocks(path, job.on_bytes):
                ours = block.where((block.rows["coin"] == job.instrument.raw_symbol).to_numpy())
                if not len(ours):
                    continue
                found = True
                times = _context_times(ours)
                back = np.diff(times, prepend=last_ns) < 0
                ours.refuse(back, "time", "goes back: rows are in no order, or files overlap")
                last_ns = int(times[-1])
                yield Piece(Table.MARKS, str(path), _marks(ours, times))
                yield Piece(Table.FUNDING, str(path), _rates(ours, times))
        if not found and not job.alone:
            raise fault(paths[-1], f"nothing of {job.instrument.raw_symbol} in it", field="coin")


def _blocks(path: Path, on_bytes: OnBytes) -> Iterator[Block]:
    return blocks(path, Form(header_of(sample_of(path).head)), on_bytes)


def _context_times(block: Block) -> Int64s:
    return iso_ns(block.path, block.rows["time"].to_list(), block.lines.tolist(), "time")


def _marks(block: Block, times: Int64s) -> pa.Table:
    pair = []
    for name in ("mark_px", "oracle_px"):
        prices = block.numbers(name)
        block.refuse(np.array([p is not None and p <= 0 for p in prices]), name, "is not a price")
        pair.append(pa.array(prices, DECIMAL))
    return pa.Table.from_arrays(
        [pa.array(times), pa.array(times), *pair, pa.array(block.lines)], schema=SCHEMAS[Table.MARKS]
    )


def _rates(block: Block, times: Int64s) -> pa.Table:
    rates = block.numbers("funding")
    block.refuse(
        np.array([rate is not None and abs(rate) >= 1 for rate in rates]), "funding", "is no fraction: percent?"
    )
    due = (times // _HOUR_NS + 1) * _HOUR_NS
    told = pa.array([rate is not None for rate in rates])
    texts = [format(rate or 0, "f") for rate in rates]
    columns = [pa.array(times), pa.array(times), pa.array(texts), pa.array(due), pa.array(block.lines)]
    return pa.Table.from_arrays(columns, schema=SCHEMAS[Table.FUNDING]).filter(told)


class _Rate(msgspec.Struct, frozen=True, rename="camel"):
    coin: str
    funding_rate: str
    time: int


def _claims(sample: Sample) -> bool:
    return _RATES.match(sample.head) is not None


def _paid(path: Path, text: bytes) -> Sequence[Paid]:
    rates = json_answer(path, text, tuple[_Rate, ...])
    return [Paid(r.coin, r.time, r.funding_rate, n) for n, r in enumerate(rates, 1)]


trades = _Trades()
contexts = _Contexts()
funding = FundingAnswers("hyperliquid-funding", Names("coin", "time", "fundingRate"), _claims, _paid)
