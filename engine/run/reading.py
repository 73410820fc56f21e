"""Files into spools: what can be read by itself is, in processes of its own where that is worth it."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec

from data import spool
from data.clock import Latencies
from data.readers.protocol import Job, OnBytes
from data.source import size_of
from data.spool import Spool
from engine.core.errors import DataError, Problem
from engine.core.types import Instrument
from engine.run.readers import ALONE, READERS

_WORTH_BYTES = 8_000_000  # to be read beside the largest part, for one more process

_reports: Any = None  # where a process says how much it has read


class Part(msgspec.Struct, frozen=True):
    """Files of one kind, in order of time, that are read one after the other."""

    kind: str
    paths: tuple[Path, ...]
    instrument: Instrument
    folder: Path
    alone: bool
    quotes: bool  # whether quotes of the vendor are wanted


def parts_of(
    kinds: dict[Path, str], digests: dict[Path, str], catalog: Path, instrument: Instrument, *, quotes: bool
) -> Iterator[tuple[str, Part]]:
    """The parts of a recording, each with the key of its content. `kinds` is in order of time."""
    for kind in dict.fromkeys(kinds.values()):
        paths = tuple(path for path, each in kinds.items() if each == kind)
        alone = kind in ALONE and len(paths) > 1
        for group in [(path,) for path in paths] if alone else [paths]:
            names = [(str(path), digests[path]) for path in group]
            key = spool.key_of(kind, names, instrument, alone, quotes)
            yield key, Part(kind, group, instrument, spool.folder_of(catalog, key), alone, quotes)


def read(parts: Sequence[tuple[str, Part]], catalog: Path, on_bytes: OnBytes, workers: int) -> tuple[Spool, ...]:
    """All parts, those that a killed process had read already from where it left them.

    Raises DataError with the problems of all parts.
    """
    catalog.parent.mkdir(parents=True, exist_ok=True)
    known = {key: spool.taken_over(catalog, key) for key, _ in parts}
    for key, part in parts:
        if known[key] is not None:
            on_bytes(sum(map(size_of, part.paths)))
    missing = [part for key, part in parts if known[key] is None]
    sizes = [sum(map(size_of, part.paths)) for part in missing]
    beside = sum(sizes) - max(sizes, default=0)
    at_once = min(workers, len(missing), 1 + beside // _WORTH_BYTES)
    made = _in_processes(missing, on_bytes, at_once) if at_once > 1 else [_read(part, on_bytes) for part in missing]
    if problems := [problem for result in made if not isinstance(result, Spool) for problem in result]:
        raise DataError(*problems)
    fresh = iter(result for result in made if isinstance(result, Spool))
    return tuple(known[key] or next(fresh) for key, _ in parts)


def _read(part: Part, on_bytes: OnBytes) -> Spool | tuple[Problem, ...]:
    """Problems are a value: they come from another process too."""
    reader = next(reader for reader in READERS if reader.kind == part.kind)
    warnings, latencies = list[str](), Latencies()
    job = Job(part.instrument, latencies, on_bytes, warnings.append, alone=part.alone)
    try:
        return spool.spooled(reader.pieces(part.paths, job), part.folder, latencies, warnings, quotes=part.quotes)
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
