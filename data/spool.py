"""Canonical rows on their way to the catalog, kept on disk until the clock is known.

The constant that puts two clocks in order is known when the last row is read, and the catalog's tables are written
once, with it. So what is read lies in a folder beside the catalog meanwhile, as Arrow. A folder that is whole outlives
a killed process: the next ingest of the same files goes on from it.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from data.behind import behind
from data.clock import Latencies
from data.readers.protocol import Seam
from data.schema import SCHEMAS, Piece, Table
from engine.core.errors import DataError, Problem

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


class _Putting:
    """Rows on their way into a new folder."""

    def __init__(self, folder: Path, heard: Heard, *, quotes: bool) -> None:
        folder.mkdir()
        self._folder, self._heard, self._quotes = folder, heard, quotes
        self._writers: dict[Table, pa.RecordBatchStreamWriter] = {}
        self._rows_of, self._passed_over = dict[str, int](), 0

    def is_wanted(self, piece: Piece) -> bool:
        self._rows_of[piece.source] = self._rows_of.get(piece.source, 0) + len(piece.rows)
        if piece.table is Table.QUOTES and not self._quotes:
            self._passed_over += len(piece.rows)
            return False
        return len(piece.rows) > 0

    def put(self, piece: Piece) -> None:
        writer = self._writers.get(piece.table)
        if writer is None:
            writer = pa.ipc.new_stream(str(self._folder / piece.table), SCHEMAS[piece.table])
            self._writers[piece.table] = writer
        for batch in piece.rows.combine_chunks().to_batches():  # one: a message is not cut
            writer.write_batch(batch, custom_metadata={_SOURCE: piece.source.encode()})

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()

    def spool(self) -> Spool:
        """When all rows are there."""
        heard = self._heard
        least, sample = heard.latencies.seen()
        np.save(self._folder / _SAMPLE, sample)
        seam = heard.seams[0] if heard.seams else None
        tables = tuple(sorted(self._writers))
        read = Read(self._rows_of, tables, tuple(heard.warnings), least, self._passed_over, seam)
        partial = self._folder / f"{_SUMMARY}.partial"
        partial.write_bytes(msgspec.json.encode(read))
        partial.rename(self._folder / _SUMMARY)
        return Spool(self._folder, read)


def spooled_each(
    each: Iterator[tuple[int, Piece | DataError]], folders: Sequence[Path], heard: Sequence[Heard], *, quotes: bool
) -> list[Spool | tuple[Problem, ...]]:
    """Put all rows away in new folders, each piece by the number of its folder; quotes only if they are wanted. An
    error in the place of a piece is the end of that folder's."""
    putting = [_Putting(folder, said, quotes=quotes) for folder, said in zip(folders, heard, strict=True)]
    failed: dict[int, tuple[Problem, ...]] = {}

    def put_away(item: tuple[int, Piece]) -> None:
        putting[item[0]].put(item[1])

    try:
        with behind(put_away) as put:
            for n, piece in each:
                if isinstance(piece, DataError):
                    failed[n] = piece.problems
                elif putting[n].is_wanted(piece):
                    put((n, piece))
    finally:
        for one in putting:
            one.close()
    return [failed.get(n) or one.spool() for n, one in enumerate(putting)]


def spooled(pieces: Iterator[Piece], folder: Path, heard: Heard) -> Spool:
    """Put all rows but quotes away in a new folder."""
    (made,) = spooled_each(((0, piece) for piece in pieces), [folder], [heard], quotes=False)
    assert isinstance(made, Spool)  # it would have raised
    return made


def folder_of(catalog: Path, key: str) -> Path:
    return catalog.parent / f".{catalog.name}.read-{key}-{os.getpid()}"


def taken_over(catalog: Path, key: str) -> Spool | None:
    """What a process that is no more had read to its end. It is ours from here on."""
    for folder in catalog.parent.glob(f".{catalog.name}.read-{key}-*"):
        if abandoned(folder) and (folder / _SUMMARY).is_file():
            ours = folder.rename(folder_of(catalog, key))
            return Spool(ours, msgspec.json.decode((ours / _SUMMARY).read_bytes(), type=Read))
    return None


@contextmanager
def spooling(catalog: Path) -> Iterator[None]:
    """What is read lies beside the catalog until the block ends however it ends."""
    try:
        yield
    finally:
        _clear(catalog)


def _clear(catalog: Path) -> None:
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
