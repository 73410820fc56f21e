"""What NautilusTrader's streaming writer left of a node, as an ingest of the catalog.

It lies at `{root}/{environment}/{instance}/{type}/{type}_{ns}.feather`, a `.partial` behind it if the node was killed:
Arrow's stream format, one batch a flush, rows of all instruments as they came. What follows the last whole batch, or
the last whole message of the book, was being written when the process ended. (NautilusTrader's own conversion ends the
process where a bit is wrong.)
"""

import hashlib
from collections.abc import Iterator
from itertools import batched
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.funding import next_settled
from data.manifest import Ingest, SourceFile
from data.schema import F_LAST
from data.tables import FOLDERS, TableFile
from engine.core.types import Instrument

KIND = "nautilus-stream"
BOOK, FUNDING = "order_book_deltas", "funding_rates"
LOG = "node.log"
FLUSHES = 256  # held at once
_MINUTE_NS = 60_000_000_000
_ANEW = "Reconnect succeeded"


class _Source(NamedTuple):
    """The files of one type; `torn` are the types whose files end within a write."""

    files: tuple[Path, ...]
    folder: str
    instrument_id: str
    torn: set[str]


class Content:
    """A digest of rows that does not depend on how they were cut into batches, nor on how a file holds them."""

    def __init__(self) -> None:
        self._columns: dict[tuple[str, str], hashlib._Hash] = {}

    def add(self, folder: str, rows: pa.Table) -> None:
        for name in rows.column_names:
            values = rows[name].cast(pa.int64()) if pa.types.is_timestamp(rows[name].type) else rows[name]
            texts = pc.fill_null(values.cast(pa.string()), "").combine_chunks()
            lines = pc.binary_join(pa.ListArray.from_arrays([0, len(texts)], texts), "\n")[0].as_buffer()
            column = self._columns.setdefault((folder, name), hashlib.sha256())
            column.update(lines)
            column.update(b"\n")

    def digest(self) -> str:
        whole = hashlib.sha256()
        for (folder, name), column in sorted(self._columns.items()):
            whole.update(f"{folder}.{name}={column.hexdigest()}\n".encode())
        return whole.hexdigest()


def streams(root: Path) -> list[Path]:
    """The folder of each node that has streamed into `root`, in the order in which they began."""
    found = [folder for folder in root.glob("*/*") if any(folder.rglob("*.feather*"))]
    return sorted(found, key=_began)


def ingested(stream: Path, into: Path, instrument: Instrument) -> Ingest | None:
    """Write a stream's rows of an instrument as the catalog's tables below the empty folder `into`, in order of
    ts_init. None where it has none."""
    written, torn, content = dict[str, TableFile](), set[str](), Content()
    for folder in FOLDERS:
        source = _Source(tuple(sorted((stream / folder).glob("*.feather*"))), folder, instrument.id, torn)
        for rows in _ordered(source):
            if folder not in written:
                written[folder] = TableFile(into, folder, instrument)
            written[folder].write(rows)
            content.add(folder, rows)
    tables = {folder: path for folder, file in written.items() if (path := file.close()) is not None}
    if not tables:
        return None
    files = list(written.values())
    fingerprint = content.digest()
    return Ingest(
        instrument_id=instrument.id,
        files=(SourceFile(stream.name, KIND, sum(file.rows for file in files), fingerprint),),
        tables={folder: str(path.relative_to(into)) for folder, path in tables.items()},
        rows={folder: file.rows for folder, file in written.items()},
        start_ns=min(file.first_ns for file in files if file.first_ns is not None),
        end_ns=max(file.last_ns for file in files),
        clock=None,
        fingerprint=fingerprint,
        warnings=tuple(f"the recording of {name} ends within a write" for name in sorted(torn)),
    )


def reconnected(root: Path) -> list[int]:
    """When connections of the node that streamed into `root` were made anew, by its log, in order."""
    log = root / LOG
    lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
    times = (line.partition("Z")[0] for line in lines if _ANEW in line)
    return [int(np.datetime64(time, "ns").astype(np.int64)) for time in times]


def _began(stream: Path) -> int:
    """A file's name ends with the time at which it was begun."""
    stems = (path.name.partition(".")[0].rpartition("_")[2] for path in stream.rglob("*.feather*"))
    return min((int(stem) for stem in stems if stem.isdecimal()), default=0)


def _ordered(source: _Source) -> Iterator[pa.Table]:
    """A venue's rows come in the order of our clock: only where they did not are they put in it, all at once."""
    if _is_in_order(source):
        yield from _rows(source)
    else:
        rows = pa.concat_tables(_rows(source))
        yield rows.take(np.argsort(_times(rows), kind="stable"))


def _is_in_order(source: _Source) -> bool:
    last = 0
    for rows in _rows(source):
        times = np.concatenate(([last], _times(rows)))
        if np.any(np.diff(times) < 0):
            return False
        last = times[-1]
    return True


def _rows(source: _Source) -> Iterator[pa.Table]:
    """Rows of the instrument, some thousands at a time, none empty; the book's up to its last whole message."""
    schema = FOLDERS[source.folder][0]
    waiting = schema.empty_table()
    for batches in batched(_batches(source, schema), FLUSHES, strict=False):
        came = pa.Table.from_batches(batches)
        mine = came.filter(pc.equal(came["identifier"], source.instrument_id)).select(schema.names).cast(schema)
        rows = pa.concat_tables([waiting, _with_settlements(mine) if source.folder == FUNDING else mine])
        whole = _end_of_message(rows) if source.folder == BOOK else len(rows)
        if whole:
            yield rows.slice(0, whole)
        waiting = rows.slice(whole)


def _with_settlements(rates: pa.Table) -> pa.Table:
    """Hyperliquid says only that it settles every hour."""
    every_ns = pc.fill_null(rates["interval"], 0).to_numpy().astype(np.int64) * _MINUTE_NS
    told = rates["ts_event"].cast(pa.int64()).to_numpy()
    due = pa.array(next_settled(told, np.maximum(every_ns, 1)), mask=every_ns == 0)
    where = rates.schema.get_field_index("next_funding_ns")
    field = rates.schema.field(where)
    return rates.set_column(where, field, pc.coalesce(rates["next_funding_ns"], due.cast(field.type)))


def _end_of_message(rows: pa.Table) -> int:
    """How many rows there are up to the end of the last message."""
    ends = np.flatnonzero(rows["flags"].to_numpy() & F_LAST)
    return int(ends[-1]) + 1 if len(ends) else 0


def _batches(source: _Source, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for file in source.files:
        try:
            with pa.OSFile(str(file)) as opened, pa.ipc.open_stream(opened) as reader:
                for batch in reader:
                    batch.select(schema.names).cast(schema)
                    batch.validate(full=True)
                    yield batch
        except (pa.ArrowException, KeyError, OSError):  # it was being written when the node ended
            source.torn.add(source.folder)


def _times(rows: pa.Table) -> Any:
    return rows["ts_init"].cast(pa.int64()).to_numpy()
