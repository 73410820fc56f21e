"""A NautilusTrader catalog, or files of one: levels, trades, quotes, mark and index prices, funding rates.

Kinds of rows are told by their columns and by the type that a file names. A book's rows are one message up to F_LAST;
where no row has that flag, rows of one time of receipt are.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.decimals import Int64s
from data.parquet_rows import MAGIC, Batch, batches, schema_of
from data.readers import nautilus_rows as rows_of
from data.readers.nautilus_book import Messages
from data.readers.nautilus_rows import Convert
from data.readers.protocol import Job, Sample, Survey
from data.schema import Piece, Table
from data.source import fault, ignore_bytes
from engine.core.types import Instrument

# what a file's rows are: its columns, and where these do not tell, the type that it names or its folder
type Kind = tuple[str, frozenset[str], Table, Convert]

_KINDS: tuple[Kind, ...] = (
    ("order_book_delta", frozenset({"action", "side", "order_id", "flags", "sequence"}), Table.BOOK, rows_of.deltas),
    ("trade", frozenset({"price", "size", "aggressor_side", "trade_id"}), Table.TRADES, rows_of.trades),
    ("quote", frozenset({"bid_price", "ask_price", "bid_size", "ask_size"}), Table.QUOTES, rows_of.quotes),
    ("mark_price", frozenset({"value"}), Table.MARKS, rows_of.marks),
    ("index_price", frozenset({"value"}), Table.MARKS, rows_of.indices),
    ("funding_rate", frozenset({"rate"}), Table.FUNDING, rows_of.funding),
)
_COMMON = frozenset({"ts_event", "ts_init"})
_INSTRUMENTS = frozenset(
    {"crypto_perpetual", "crypto_future", "currency_pair", "futures_contract", "perpetual_contract"}
)


class _Catalog:
    kind = "nautilus-catalog"

    def claims(self, sample: Sample) -> bool:
        if sample.is_folder:
            return (sample.path / "data").is_dir() and bool(_files(sample.path))
        return sample.head.startswith(MAGIC) and set(schema_of(sample.path).names) >= _COMMON

    def symbol_in_file(self, instrument: Instrument) -> str:
        return instrument.id

    def survey(self, path: Path) -> Survey:
        firsts, tables, symbols = list[int](), set[Table](), set[str]()
        for file in _files(path):
            if (found := _kind(file)) and _first_ns(file):
                tables.add(found[2])
                symbols.add(_instrument_id(file))
                firsts.append(_first_ns(file))
        if not firsts:
            raise fault(path, "holds no rows of a kind that is read")
        return Survey(path, min(firsts), frozenset(tables), frozenset(symbols), is_complete=True)

    def pieces(self, paths: Sequence[Path], job: Job) -> Iterator[Piece]:
        files = [f for path in paths for f in _files(path) if _instrument_id(f) == job.instrument.id]
        kinds = {file: _kind(file) for file in files}
        for kind in _KINDS:
            ours = sorted((file for file, found in kinds.items() if found == kind), key=_first_ns)
            yield from self._table(kind, ours, job)
        odd = {file.parent.parent.name for file, found in kinds.items() if found is None}
        if passed := sorted(odd - _INSTRUMENTS):
            job.on_warning(f"not read: {', '.join(passed)}")

    def _table(self, kind: Kind, files: Sequence[Path], job: Job) -> Iterator[Piece]:
        _, _, table, convert = kind
        last_ns, messages = 0, Messages(job)
        for file in files:
            for batch in batches(file, job.on_bytes):
                last_ns = _check_order(batch, last_ns)
                rows = convert(batch, job.instrument)
                job.latencies.add(_latencies(rows))
                yield from _pieces(table, file, messages.whole(rows) if table is Table.BOOK else [rows])
        if table is Table.BOOK and files:
            yield from _pieces(table, files[-1], messages.rest(files[-1]))


READER = _Catalog()


def _pieces(table: Table, file: Path, found: Sequence[pa.Table]) -> Iterator[Piece]:
    yield from (Piece(table, str(file), rows) for rows in found if len(rows))


def _files(path: Path) -> list[Path]:
    return sorted(path.glob("data/**/*.parquet")) if path.is_dir() else [path]


def _kind(file: Path) -> Kind | None:
    """Raises DataError for a file that could be of two kinds."""
    schema = schema_of(file)
    names = set(schema.names)
    fitting = [each for each in _KINDS if each[1] | _COMMON <= names]
    if len(fitting) > 1:
        metadata = schema.metadata or {}
        told = f"{metadata.get(b'type_name', b'').decode()} {'/'.join(file.parts[-3:-1])}"
        told = "".join(f"_{c.lower()}" if c.isupper() else c for c in told)
        fitting = [each for each in fitting if each[0] in told]
        if len(fitting) != 1:
            raise fault(file, "may hold mark or index prices: neither its type_name nor its folder tells")
    return fitting[0] if fitting else None


def _instrument_id(file: Path) -> str:
    named = (schema_of(file).metadata or {}).get(b"instrument_id")
    return named.decode(errors="replace") if named else file.parent.name


def _first_ns(file: Path) -> int:
    head = next(batches(file, ignore_bytes, ["ts_init"]), None)
    return int(head.times("ts_init")[0]) if head else 0


def _check_order(batch: Batch, last_ns: int) -> int:
    received = batch.times("ts_init")
    batch.refuse(np.diff(received, prepend=last_ns) < 0, "ts_init", "goes back: rows are in no order, or files overlap")
    return int(received[-1])


def _latencies(rows: pa.Table) -> Int64s:
    late: Int64s = pc.subtract(rows["ts_init"], rows["ts_event"]).to_numpy()
    told: Int64s = late[late != 0]
    return told
