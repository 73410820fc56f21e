"""Crypto Lake's Parquet: book, book_delta, book_delta_v2, level_1, trades, funding, liquidations.

Columns are called as in the bucket or as its own library renames them. Rows of a delta that share the time of receipt
are one message. The venue's time may be absent; then it is that of receipt. Prices are floats: they are put back on the
grid, or refused. Source: Crypto Lake's own library, which drops crossed levels; here they are refused.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from data.parquet_rows import MAGIC, Batch, batches, schema_of
from data.readers.cryptolake_tables import TABLES, Make, aliased
from data.readers.protocol import Job, Sample, Survey
from data.schema import Piece, Table
from data.source import fault, ignore_bytes
from engine.core.types import Instrument

_EXCHANGES = {
    "BINANCE": {"BINANCE_FUTURES", "BINANCE_DELIVERY"},
    "BYBIT": {"BYBIT"},
    "OKX": {"OKX", "OKEX"},
    "HYPERLIQUID": {"HYPERLIQUID"},
}
_UNMARKED = ("cryptolake-book_delta", "cryptolake-book_delta_v2")  # nobody knows where a book begins in them


class LakeReader:
    def __init__(self, kind: str, needed: frozenset[str], make: Make, tables: frozenset[Table]) -> None:
        self.kind = f"cryptolake-{kind}"
        self._needed, self._make, self._tables = needed, make, tables

    def claims(self, sample: Sample) -> bool:
        if not sample.head.startswith(MAGIC):
            return False
        return self._needed <= set(aliased(schema_of(sample.path).names)) and not self._is_wider(sample.path)

    def _is_wider(self, path: Path) -> bool:
        """A book of twenty levels has the columns of one of one level as well."""
        names = set(aliased(schema_of(path).names))
        return any(self._needed < other <= names for _, other, _, _ in TABLES)

    def symbol_in_file(self, instrument: Instrument) -> str:
        return f"{instrument.base}-{instrument.quote}-PERP"

    def survey(self, path: Path) -> Survey:
        first = next(_renamed(path, batches(path, ignore_bytes)), None)
        if first is None or not len(first):
            raise fault(path, "has no rows")
        names = first.table.column_names
        symbols = frozenset(pc.unique(first.table["symbol"]).to_pylist()) if "symbol" in names else frozenset()
        first_ns, is_alone = int(first.times("received_time")[0]), self.kind not in _UNMARKED
        return Survey(path, first_ns, self._tables, symbols, is_alone=is_alone, depth=_depth(names))

    def pieces(self, paths: Sequence[Path], job: Job) -> Iterator[Piece]:
        part, last_ns, found = self._make(job), 0, False
        for path in paths:
            for every in _renamed(path, batches(path, job.on_bytes)):
                batch = self._ours(every, job.instrument)
                if not len(batch):
                    continue
                found = True
                received = batch.times("received_time")
                back = np.diff(received, prepend=last_ns) < 0
                batch.refuse(back, "received_time", "goes back: rows are in no order, or files overlap")
                last_ns = int(received[-1])
                event = batch.times("origin_time", absent=received) if _has_origin(batch) else received
                job.latencies.add((received - event)[event != received])
                for table, rows in part.rows(batch, event, received):
                    if len(rows):
                        yield Piece(table, str(path), rows)
            for table, rows in part.rest():
                yield Piece(table, str(path), rows)
        if not found and not job.alone:
            raise fault(paths[-1], f"nothing of {self.symbol_in_file(job.instrument)} in it", field="symbol")

    def _ours(self, batch: Batch, instrument: Instrument) -> Batch:
        names = batch.table.column_names
        if "symbol" in names:
            ours = pc.equal(batch.table["symbol"].cast("string"), self.symbol_in_file(instrument))
            batch = batch.where(pc.fill_null(ours, False).to_numpy())
        allowed = _EXCHANGES.get(instrument.venue)
        if "exchange" in names and allowed and len(batch):
            odd = ~np.isin(batch.table["exchange"].cast("string").to_numpy(), list(allowed))
            batch.refuse(odd, "exchange", f"is none of {', '.join(sorted(allowed))}, not {instrument.venue}")
        return batch


def _depth(names: Sequence[str]) -> int:
    return sum(name.startswith("bid_") and name.endswith("_price") for name in names)


def _has_origin(batch: Batch) -> bool:
    return "origin_time" in batch.table.column_names


def _renamed(path: Path, found: Iterator[Batch]) -> Iterator[Batch]:
    for batch in found:
        yield Batch(path, batch.table.rename_columns(aliased(batch.table.column_names)), batch.lines)


READERS = tuple(LakeReader(*each) for each in TABLES)
