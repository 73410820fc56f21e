"""Databento's DBN: mbo, mbp-10, mbp-1, tbbo and trades. `ts_event` is the matching engine's, `ts_recv` the recorder's.

An event is made of records; only behind its last one (F_LAST) is the book what the venue had. The records of a snapshot
carry the old times of their orders: the snapshot itself is of when it was taken.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from data.decimals import Bools, Int64s
from data.readers.databento_books import Depth, Orders, Quotes, Trades
from data.readers.databento_records import (
    F_BAD_RECEIVED,
    F_SNAPSHOT,
    MAGIC,
    PRICE_PLACES,
    UNDEF_PRICE,
    UNDEF_TIME,
    Array,
    Records,
    contents,
    refuse,
)
from data.readers.protocol import Job, Sample, Survey
from data.schema import Piece, Table
from data.source import fault, ignore_bytes
from engine.core.types import Instrument

type Part = Depth | Orders | Quotes | Trades
type MakePart = Callable[[Path, Job], Part]

_DEPTHS = {"mbp-10": 10}
_DAY_NS = 86_400_000_000_000


class DbnReader:
    """A reader of one schema. `parts` are what it holds: each makes one table of the records."""

    def __init__(self, schema: str, parts: dict[Table, type[Part]]) -> None:
        self.kind = f"databento-{schema}"
        self._schema, self._parts = schema, parts

    def claims(self, sample: Sample) -> bool:
        return sample.head.startswith(MAGIC) and contents(sample.path, sample.head).schema == self._schema

    def symbol_in_file(self, instrument: Instrument) -> str:
        return instrument.raw_symbol

    def survey(self, path: Path) -> Survey:
        records = Records(path, ignore_bytes)
        first = next(records.batches(), None)
        if first is None:
            raise fault(path, "has a header and no records")
        symbols = frozenset(records.contents.ids)
        first_ns, is_alone = int(first[0]["ts_recv"][0]), self._schema != "mbo" or _begins(first[0], symbols)
        return Survey(
            path,
            first_ns,
            frozenset(self._parts),
            symbols,
            is_complete=True,
            is_alone=is_alone,
            depth=_DEPTHS.get(self._schema, 0),
        )

    def pieces(self, paths: Sequence[Path], job: Job) -> Iterator[Piece]:
        parts = {table: make(job) for table, make in self._parts.items()}
        last_ns, found = 0, False
        for path in paths:
            records = Records(path, job.on_bytes)
            ids = records.contents.ids.get(job.instrument.raw_symbol, frozenset())
            for every, numbers in records.batches():
                ours = np.isin(every["instrument_id"], list(ids))
                if not ours.any():
                    continue
                found = True
                some, lines = every[ours], numbers[ours]
                last_ns = _check_order(path, some, lines, last_ns)
                event = _event_times(some)
                _time(job, some, event)
                for table, part in parts.items():
                    for rows in part.rows(path, some, lines, event):
                        if len(rows):
                            yield Piece(table, str(path), rows)
        if not found and not job.alone:
            raise fault(paths[-1], f"no record of {job.instrument.raw_symbol} in it", field="instrument_id")
        for table, part in parts.items() if found else ():
            for rows in part.finish(paths[-1]):
                yield Piece(table, str(paths[-1]), rows)


def _begins(records: Array, symbols: frozenset[str]) -> bool:
    """Whether single orders begin with all that are there: of one instrument, since of several each has its own."""
    return len(symbols) == 1 and bool(records["action"][0] == b"R" or records["flags"][0] & F_SNAPSHOT)


def _check_order(path: Path, records: Array, lines: Int64s, last_ns: int) -> int:
    received = records["ts_recv"].astype(np.int64)
    back: Bools = np.diff(received, prepend=last_ns) < 0
    refuse(path, back, lines, ("ts_recv", "goes back: the records are not in the order in which they were received"))
    return int(received[-1])


def _event_times(records: Array) -> Int64s:
    """The engine's; the recorder's of a snapshot, and where there is none."""
    none = (records["ts_event"] == UNDEF_TIME) | ((records["flags"] & F_SNAPSHOT) > 0)
    times: Int64s = np.where(none, records["ts_recv"], records["ts_event"]).astype(np.int64)
    return times


def _time(job: Job, records: Array, event: Int64s) -> None:
    told = (records["flags"] & (F_SNAPSHOT | F_BAD_RECEIVED)) == 0
    job.latencies.add((records["ts_recv"].astype(np.int64) - event)[told])


class DefinitionReader(DbnReader):
    """It holds no market data: it is held against the contract that was given."""

    def pieces(self, paths: Sequence[Path], job: Job) -> Iterator[Piece]:
        yield from ()
        instrument = job.instrument
        told = {"min_price_increment": instrument.tick, "unit_of_measure_qty": instrument.multiplier}
        for path in paths:
            records = Records(path, job.on_bytes)
            ids = records.contents.ids.get(instrument.raw_symbol, frozenset())
            for every, numbers in records.batches():
                ours = np.isin(every["instrument_id"], list(ids))
                for field, value in told.items():
                    other = ours & (every[field] != int(value.scaleb(PRICE_PLACES))) & (every[field] != UNDEF_PRICE)
                    refuse(path, other, numbers, (field, f"is another than {instrument.id}'s {value}"))


READERS = (
    DefinitionReader("definition", {}),
    DbnReader("mbo", {Table.TRADES: Trades, Table.BOOK: Orders}),
    DbnReader("mbp-10", {Table.TRADES: Trades, Table.BOOK: Depth}),
    DbnReader("mbp-1", {Table.TRADES: Trades, Table.QUOTES: Quotes}),
    DbnReader("tbbo", {Table.TRADES: Trades, Table.QUOTES: Quotes}),
    DbnReader("trades", {Table.TRADES: Trades}),
)
