"""Canonical rows on their way to the catalog, kept on disk until the clock is known.

The constant that puts two clocks in order is known when the last row is read, and the catalog's tables are written
once, with it. So what is read lies in a folder beside the catalog meanwhile, as Arrow. A folder that is whole outlives
a killed process: the next ingest of the same files goes on from it.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from data.behind import behind
from data.clock import Latencies
from data.readers.protocol import Seam
from data.schema import SCHEMAS, Piece, Table

_SUMMARY, _SAMPLE = "read.json", "latencies.npy"
_SOURCE = b"source"
VERSION = 2  # of what readers make of files; another reads them again


class Read(msgspec.Struct, frozen=True):
    """What was read of some files, but for its rows."""

    rows_of: dict[str, int]
    tables: tuple[Table, ...]
    warnings: tuple[str, ...]
    least_latency_ns: int | None
    passed_over: int  # quotes of the vendor
    seam: tuple[Seam, Seam] | None = None  # what was taken for granted of the part before, and what the next may


class Spool(msgspec.Struct, frozen=True):
    """A folder of rows that is whole."""

    folder: Path
    read: Read

    def latencies(self) -> Latencies:
        sample = np.load(self.folder / _SAMPLE)
        return Latencies(self.read.least_latency_ns, sample)

    def pieces(self, table: Table) -> Iterator[Piece]:
        if table not in self.read.tables:
            return
        with pa.OSFile(str(self.folder / table), "rb") as file, pa.ipc.open_stream(file) as stream:
            while True:
                try:
                    batch, metadata = stream.read_next_batch_with_custom_metadata()
                except StopIteration:
                    return
                yield Piece(table, metadata[_SOURCE].decode(), pa.Table.from_batches([batch]))


def key_of(*parts: object) -> str:
    """A name for what is read of these files for this contract."""
    return hashlib.sha256(msgspec.json.encode([VERSION, *map(str, parts)])).hexdigest()[:24]


class Heard(msgspec.Struct, frozen=True):
    """What a reader says beside its rows, whole when the last is read."""

    latencies: Latencies
    warnings: list[str]
    seams: list[tuple[Seam, Seam]]


def spooled(pieces: Iterator[Piece], folder: Path, heard: Heard, *, quotes: bool) -> Spool:
    """Put all rows away in a new folder; quotes only if they are wanted."""
    folder.mkdir()
    writers: dict[Table, pa.RecordBatchStreamWriter] = {}
    rows_of, passed_over = dict[str, int](), 0

    def put_away(piece: Piece) -> None:
        writer = writers.get(piece.table)
        if writer is None:
            writer = pa.ipc.new_stream(str(folder / piece.table), SCHEMAS[piece.table])
            writers[piece.table] = writer
        for batch in piece.rows.combine_chunks().to_batches():  # one: a message is not cut
            writer.write_batch(batch, custom_metadata={_SOURCE: piece.source.encode()})

    try:
        with behind(put_away) as put:
            for piece in pieces:
                rows_of[piece.source] = rows_of.get(piece.source, 0) + len(piece.rows)
                if piece.table is Table.QUOTES and not quotes:
                    passed_over += len(piece.rows)
                elif len(piece.rows):
                    put(piece)
    finally:
        for writer in writers.values():
            writer.close()
    least, sample = heard.latencies.seen()
    np.save(folder / _SAMPLE, sample)
    seam = heard.seams[0] if heard.seams else None
    read = Read(rows_of, tuple(sorted(writers)), tuple(heard.warnings), least, passed_over, seam)
    partial = folder / f"{_SUMMARY}.partial"
    partial.write_bytes(msgspec.json.encode(read))
    partial.rename(folder / _SUMMARY)
    return Spool(folder, read)


def folder_of(catalog: Path, key: str) -> Path:
    return catalog.parent / f".{catalog.name}.read-{key}-{os.getpid()}"


def taken_over(catalog: Path, key: str) -> Spool | None:
    """What a process that is no more had read to its end. It is ours from here on."""
    for folder in catalog.parent.glob(f".{catalog.name}.read-{key}-*"):
        if abandoned(folder) and (folder / _SUMMARY).is_file():
            ours = folder.rename(folder_of(catalog, key))
            return Spool(ours, msgspec.json.decode((ours / _SUMMARY).read_bytes(), type=Read))
    return None


def cleared(catalog: Path) -> None:
    """Remove what processes that are no more have left, and what is ours."""
    for folder in catalog.parent.glob(f".{catalog.name}.read-*"):
        if abandoned(folder) or folder.name.endswith(f"-{os.getpid()}"):
            shutil.rmtree(folder, ignore_errors=True)


def abandoned(folder: Path) -> bool:
    """Whether the process whose number ends a folder's name is no more."""
    pid = folder.name.rpartition("-")[2]
    return pid.isdigit() and not _alive(int(pid))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
