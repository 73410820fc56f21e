"""Files into spools: what can be read by itself is, in processes of its own where that is worth it."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec

from data import spool
from data.clock import Latencies
from data.readers.protocol import Job, OnBytes, Survey
from data.schema import Table
from data.source import ignore_bytes, size_of
from data.spool import Heard, Spool
from engine.core.errors import DataError, Problem
from engine.core.types import Instrument
from engine.run.readers import READERS

_WORTH_BYTES = 8_000_000  # to be read beside the largest part, for one more process

_reports: Any = None  # where a process says how much it has read


class Part(msgspec.Struct, frozen=True):
    """Files of one kind, in order of time, that are read one after the other."""

    key: str  # of its content
    kind: str
    paths: tuple[Path, ...]
    instrument: Instrument
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
        return Part(key, kind, paths, self.instrument, folder, alone, first, self.quotes)


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


def read(recording: Recording, on_bytes: OnBytes, workers: int) -> tuple[Spool, ...]:
    """All of a recording. Parts that took for granted what is not so are read again in one row.

    Raises DataError with the problems of all parts.
    """
    parts = tuple(parts_of(recording))
    spools = _read_all(parts, recording.catalog, on_bytes, workers)
    for n, ((part, before), (other, after)) in enumerate(pairwise(zip(parts, spools, strict=True))):
        if part.kind == other.kind and not _fit(before, after):
            rest = tuple(path for each in parts[n:] if each.kind == part.kind for path in each.paths)
            whole = recording.part(rest, alone=not part.first, first=part.first)
            kept = [each for k, each in enumerate(spools) if k < n or parts[k].kind != part.kind]
            return (*kept[:n], *_read_all([whole], recording.catalog, ignore_bytes, 1), *kept[n:])
    return spools


def _fit(before: Spool, after: Spool) -> bool:
    return not before.read.seam or not after.read.seam or after.read.seam[0].goes_on(before.read.seam[1])


def _read_all(parts: Sequence[Part], catalog: Path, on_bytes: OnBytes, workers: int) -> tuple[Spool, ...]:
    """Parts that a killed process had read already are taken from where it left them."""
    catalog.parent.mkdir(parents=True, exist_ok=True)
    known = {part.key: spool.taken_over(catalog, part.key) for part in parts}
    for part in parts:
        if known[part.key] is not None:
            on_bytes(sum(map(size_of, part.paths)))
    missing = [part for part in parts if known[part.key] is None]
    sizes = [sum(map(size_of, part.paths)) for part in missing]
    beside = sum(sizes) - max(sizes, default=0)
    at_once = min(workers, len(missing), 1 + beside // _WORTH_BYTES)
    made = _in_processes(missing, on_bytes, at_once) if at_once > 1 else [_read(part, on_bytes) for part in missing]
    if problems := [problem for result in made if not isinstance(result, Spool) for problem in result]:
        raise DataError(*problems)
    fresh = iter(result for result in made if isinstance(result, Spool))
    return tuple(known[part.key] or next(fresh) for part in parts)


def _read(part: Part, on_bytes: OnBytes) -> Spool | tuple[Problem, ...]:
    """Problems are a value: they come from another process too."""
    reader = next(reader for reader in READERS if reader.kind == part.kind)
    heard = Heard(Latencies(), [], [])
    job = Job(
        part.instrument,
        heard.latencies,
        on_bytes,
        heard.warnings.append,
        alone=part.alone,
        first=part.first,
        on_seam=lambda begin, end: heard.seams.append((begin, end)),
    )
    try:
        return spool.spooled(reader.pieces(part.paths, job), part.folder, heard, quotes=part.quotes)
    except DataError as error:
        return error.problems


def _in_processes(parts: Sequence[Part], on_bytes: OnBytes, at_once: int) -> list[Spool | tuple[Problem, ...]]:
    context = multiprocessing.get_context("spawn")
    reports = context.SimpleQueue()
    listener = Thread(target=_listen, args=(reports.get, on_bytes))
    listener.start()
    try:
        with ProcessPoolExecutor(at_once, context, initializer=_begin, initargs=(reports,)) as pool:
            return list(pool.map(_read_and_report, parts))
    finally:
        reports.put(None)
        listener.join()


def _listen(get: Callable[[], int | None], on_bytes: OnBytes) -> None:
    while (count := get()) is not None:
        on_bytes(count)


def _begin(reports: Any) -> None:
    global _reports  # noqa: PLW0603 - a process has one place to report to
    _reports = reports
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that is killed says nothing: its child would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _read_and_report(part: Part) -> Spool | tuple[Problem, ...]:
    return _read(part, _reports.put)
