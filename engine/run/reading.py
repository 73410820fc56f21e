"""Files into spools: what can be read by itself is, in processes of its own where that is worth it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from data import spool
from data.clock import Latencies
from data.readers.protocol import Job, OnBytes, Reader, SharingReader, Survey
from data.schema import Piece, Table
from data.source import ignore_bytes, size_of
from data.spool import Heard, Spool
from engine.core.errors import DataError, Problem
from engine.core.types import Instrument
from engine.run.readers import READERS
from engine.run.side_by_side import side_by_side

_WORTH_BYTES = 8_000_000  # to be read beside the largest part, for one more process

type Result[T] = T | tuple[Problem, ...]
type Made = dict[str, Result[Spool]]


class Part(msgspec.Struct, frozen=True):
    """Files of one kind, in order of time, that are read one after the other."""

    key: str  # of its content
    kind: str
    paths: tuple[Path, ...]
    instrument: Instrument
    catalog: Path
    folder: Path
    alone: bool  # whether there are others of the kind, and
    first: bool  # whether none of those comes before
    quotes: bool  # whether quotes of the vendor are wanted


class Recording(msgspec.Struct, frozen=True):
    """Files of one contract in order of time, the kind of each and its digest, and where what is read of them goes."""

    surveys: tuple[Survey, ...]
    kinds: dict[Path, str]
    digests: dict[Path, str]
    instrument: Instrument
    catalog: Path

    @property
    def quotes(self) -> bool:
        """Whether quotes of the vendor are wanted."""
        return not any(Table.BOOK in survey.tables for survey in self.surveys)

    def part(self, paths: tuple[Path, ...], *, alone: bool, first: bool) -> Part:
        kind = self.kinds[paths[0]]
        names = [(str(path), self.digests[path]) for path in paths]
        key = spool.key_of(kind, names, self.instrument, alone, first, self.quotes)
        folder = spool.folder_of(self.catalog, key)
        return Part(key, kind, paths, self.instrument, self.catalog, folder, alone, first, self.quotes)


def parts_of(recording: Recording) -> Iterator[Part]:
    """The least that can be read by itself: a file, and those that go on from it."""
    for kind in dict.fromkeys(recording.kinds[survey.path] for survey in recording.surveys):
        groups = list[list[Path]]()
        for survey in recording.surveys:
            if recording.kinds[survey.path] == kind:
                groups += [] if groups and not survey.is_alone else [[]]
                groups[-1].append(survey.path)
        for n, group in enumerate(groups):
            yield recording.part(tuple(group), alone=len(groups) > 1, first=n == 0)


def bytes_of(recordings: Sequence[Recording]) -> int:
    """Bytes on disk that are read of them: what several contracts are read from at once counts once."""
    parts = [part for recording in recordings for part in parts_of(recording)]
    return sum(map(_size, _shared(parts)))


def read(recordings: Sequence[Recording], on_bytes: OnBytes, workers: int) -> list[tuple[Spool, ...] | DataError]:
    """All of several contracts' recordings, those of one catalog. What is wrong with one is told in its place."""
    parts = [tuple(parts_of(recording)) for recording in recordings]
    made = _read_all([part for of_one in parts for part in of_one], on_bytes, workers)
    return [_settled(recording, of_one, made) for recording, of_one in zip(recordings, parts, strict=True)]


def _settled(recording: Recording, parts: Sequence[Part], made: Made) -> tuple[Spool, ...] | DataError:
    """A recording's parts. Those that took for granted what is not so are read again in one row."""
    results = [made[part.key] for part in parts]
    spools = tuple(result for result in results if isinstance(result, Spool))
    if len(spools) < len(parts):
        return DataError(*(problem for result in results if not isinstance(result, Spool) for problem in result))
    for n, ((part, before), (other, after)) in enumerate(pairwise(zip(parts, spools, strict=True))):
        if part.kind == other.kind and not _fit(before, after):
            rest = tuple(path for each in parts[n:] if each.kind == part.kind for path in each.paths)
            whole = recording.part(rest, alone=not part.first, first=part.first)
            again = _read_all([whole], ignore_bytes, 1)[whole.key]
            others = (spools[k] for k in range(n, len(parts)) if parts[k].kind != part.kind)
            return (*spools[:n], again, *others) if isinstance(again, Spool) else DataError(*again)
    return spools


def _fit(before: Spool, after: Spool) -> bool:
    return not before.read.seam or not after.read.seam or after.read.seam[0].goes_on(before.read.seam[1])


def _read_all(parts: Sequence[Part], on_bytes: OnBytes, workers: int) -> Made:
    """By key. Parts that a killed process had read already are taken from where it left them."""
    made: Made = {}
    for part in parts:
        part.catalog.parent.mkdir(parents=True, exist_ok=True)
        if found := spool.taken_over(part.catalog, part.key):
            made[part.key] = found
    shared = _shared(parts)
    missing = [left for group in shared if (left := [part for part in group if part.key not in made])]
    on_bytes(sum(map(_size, shared)) - sum(map(_size, missing)))
    beside = sum(map(_size, missing)) - max(map(_size, missing), default=0)
    at_once = min(workers, len(missing), 1 + beside // _WORTH_BYTES)
    if at_once > 1:
        results = side_by_side(_read, missing, on_bytes, at_once)
    else:
        results = [_read(group, on_bytes) for group in missing]
    for group, of_group in zip(missing, results, strict=True):
        made |= zip((part.key for part in group), of_group, strict=True)
    return made


def _shared(parts: Sequence[Part]) -> list[list[Part]]:
    """Parts of several contracts that are read from the same files at once, where their reader can."""
    groups: dict[object, list[Part]] = {}
    for part in parts:
        same = (part.kind, part.paths, part.alone, part.first, part.quotes)
        groups.setdefault(same if isinstance(_reader(part), SharingReader) else part.key, []).append(part)
    return [*groups.values()]


def _size(group: Sequence[Part]) -> int:
    return sum(map(size_of, group[0].paths))


def _reader(part: Part) -> Reader:
    return next(reader for reader in READERS if reader.kind == part.kind)


def _read(group: Sequence[Part], on_bytes: OnBytes) -> list[Result[Spool]]:
    """Problems are a value: they come from another process too."""
    heard = [Heard(Latencies(), [], []) for _ in group]
    jobs = [_job(part, beside, on_bytes) for part, beside in zip(group, heard, strict=True)]
    reader, paths, folders = _reader(group[0]), group[0].paths, [part.folder for part in group]
    each: Iterator[tuple[int, Piece | DataError]]
    if isinstance(reader, SharingReader):
        each = reader.pieces_of_each(paths, jobs)
    else:
        each = ((0, piece) for piece in reader.pieces(paths, jobs[0]))
    try:
        return spool.spooled_each(each, folders, heard, quotes=group[0].quotes)
    except DataError as error:
        return [error.problems for _ in group]


def _job(part: Part, heard: Heard, on_bytes: OnBytes) -> Job:
    return Job(
        part.instrument,
        heard.latencies,
        on_bytes,
        heard.warnings.append,
        alone=part.alone,
        first=part.first,
        on_seam=lambda begin, end: heard.seams.append((begin, end)),
    )
