"""A verdict on vendors' files, which need not be ingested for it, or on a catalog."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from data import store
from data.clock import Latencies
from data.gaps import with_silences
from data.holdings import OfDay, Said, remember, verdicts
from data.manifest import Ingest
from data.quality.catalogued import pieces_of
from data.quality.examination import Examination
from data.quality.findings import Finding
from data.quality.limits import Limits
from data.quality.told import counted
from data.quality.verdict import About, Reason, Verdict, verdict
from data.readers.protocol import Job, Reader, Survey
from data.schema import Table
from data.sniff import reader_of
from data.source import fault, size_of
from engine.core.errors import ConfigError, DataError, Problem
from engine.core.types import Instrument
from engine.run.readers import READERS
from engine.run.sources import Terms, instrument_for

# Kinds of file that hold whole books (of the best levels) and nothing of what happened between them.
SNAPSHOTS = frozenset({"tardis-book_snapshot", "hyperliquid-l2Book", "cryptolake-book"})
UNTIMED = "the files have no receive time: latencies are not known"

type OnShare = Callable[[float], None]


class Contract(msgspec.Struct, frozen=True):
    """How the user names the contract."""

    instrument_id: str | None = None
    instrument_file: Path | None = None
    exchange_info: Path | None = None


def check_catalog(catalog: Path, instrument_id: str | None, limits: Limits) -> dict[str, Verdict]:
    """By instrument; kept beside the catalog. Raises DataError for a catalog that is not whole or has it not."""
    names = store.instrument_ids(catalog) if instrument_id is None else (instrument_id,)
    found: dict[str, Verdict] = {}
    for name in names:
        held = store.contents(catalog, name)
        seen = Examination(held.instrument, limits)
        for ingest in sorted(held.ingests, key=lambda each: each.start_ns):
            for piece in pieces_of(catalog, ingest.tables, held.instrument):
                seen.add(piece)
        found[name] = _of_ingests(seen, held.ingests, limits)
        remember(catalog, name, _said(found[name], held.fingerprint))
    return found


def said_of(catalog: Path, instrument_id: str, fingerprint: str) -> Said | None:
    """What the last check said, or a check says now; None where the catalog does not hold these very data."""
    last = verdicts(catalog).get(instrument_id)
    if last is not None and last.fingerprint == fingerprint:
        return last
    try:
        if store.fingerprint(catalog, instrument_id) != fingerprint:
            return None
        found = check_catalog(catalog, instrument_id, Limits())
    except DataError:
        return None
    return _said(found[instrument_id], fingerprint)


def _said(found: Verdict, fingerprint: str) -> Said:
    return Said(
        verdict=found.word.value,
        reason=found.reason,
        fingerprint=fingerprint,
        reasons=tuple(f"{each.word}: {each.text}" for each in found.reasons),
        days={day: OfDay(word.value, _first(reasons)) for day, (word, reasons, _) in found.days.items()},
    )


def _first(reasons: Sequence[Reason]) -> str:
    return reasons[0].text if reasons else ""


def _of_ingests(seen: Examination, ingests: tuple[Ingest, ...], limits: Limits) -> Verdict:
    warnings = tuple(dict.fromkeys(warning for ingest in ingests for warning in ingest.warnings))
    kinds = [file.kind for ingest in ingests for file in ingest.files]
    behind = max((ingest.clock.applied_ns for ingest in ingests if ingest.clock), default=0)
    return _judged(seen, limits, About(behind_ns=behind, snapshots_only=_whole_books(kinds), notes=warnings))


def _judged(seen: Examination, limits: Limits, about: About) -> Verdict:
    seen.finish(counted(about.notes))
    return verdict(seen, limits, about)


def _whole_books(kinds: Sequence[str]) -> bool:
    return not SNAPSHOTS.isdisjoint(kinds)


class _Files:
    """Files on their way to a verdict: what is wrong with one keeps nobody from looking at the others. Mutable."""

    def __init__(self) -> None:
        self.readers: dict[Path, Reader] = {}
        self.surveys: list[Survey] = []
        self.refused: list[Problem] = []

    def refuse(self, error: DataError) -> None:
        self.refused += error.problems

    def look(self, paths: Sequence[Path]) -> None:
        for path in paths:
            try:
                reader = reader_of(path, READERS)
                self.surveys.append(reader.survey(path))
                self.readers[path] = reader
            except DataError as error:
                self.refuse(error)
        self.surveys.sort(key=lambda survey: survey.first_ns)

    @property
    def kinds(self) -> list[str]:
        return [reader.kind for reader in self.readers.values()]


def check_files(paths: Sequence[Path], contract: Contract, limits: Limits, on_share: OnShare) -> Verdict:
    """Of one recording of one contract. A file that an ingest refuses makes it unfit, and says where.

    Raises DataError for paths where nothing is, ConfigError where the contract is not named.
    """
    for path in paths:
        if not path.exists():
            raise fault(path, "there is no such file")
    if contract.instrument_id is None:
        raise ConfigError(Problem("--instrument", "is needed with files: which contract is it?"))
    files, notes = _Files(), list[str]()
    files.look(paths)
    instrument = _instrument(files, contract)
    seen = None if instrument is None else Examination(instrument, limits)
    latencies = Latencies()
    if seen is not None and instrument is not None:
        total, done = sum(map(size_of, paths)), 0

        def count(more: int) -> None:
            nonlocal done
            done += more
            on_share(min(1.0, done / total))

        _examine(files, seen, Job(instrument, latencies, count, notes.append))
    notes += _clock(latencies)
    if any(not survey.has_receive_time for survey in files.surveys):
        notes.append(UNTIMED)
    return _of_files(files, seen, limits, About(behind_ns=_behind(latencies), notes=tuple(dict.fromkeys(notes))))


def _clock(latencies: Latencies) -> Iterator[str]:
    clock = latencies.clock()
    if clock is not None:
        low, middle = clock.min_ns / 1e6, clock.median_ns / 1e6
        yield f"receive minus event time is {low:.3f} ms at least and {middle:.3f} ms in the median"


def _behind(latencies: Latencies) -> int:
    clock = latencies.clock()
    return 0 if clock is None else clock.applied_ns


def _instrument(files: _Files, contract: Contract) -> Instrument | None:
    """None where no file can be read: then its name is of no use."""
    if not files.surveys or contract.instrument_id is None:
        return None
    at_ns = files.surveys[0].first_ns
    return instrument_for(contract.instrument_id, at_ns, Terms(contract.instrument_file, contract.exchange_info))


def _examine(files: _Files, seen: Examination, job: Job) -> None:
    has_book = any(Table.BOOK in survey.tables for survey in files.surveys)
    for reader in {reader.kind: reader for reader in files.readers.values()}.values():
        ordered = [survey.path for survey in files.surveys if files.readers[survey.path] is reader]
        try:
            for piece in with_silences(reader.pieces(ordered, job), seen.silence_ns):
                if piece.table is not Table.QUOTES or not has_book:
                    seen.add(piece)
        except DataError as error:
            files.refuse(error)


def _of_files(files: _Files, seen: Examination | None, limits: Limits, about: About) -> Verdict:
    seen = seen or Examination(None, limits)
    for problem in files.refused:
        seen.findings.add(
            Finding("refused", problem.message, source=problem.source, line=problem.line, field=problem.field)
        )
    refused = tuple(map(str, files.refused))
    return _judged(
        seen, limits, msgspec.structs.replace(about, refused=refused, snapshots_only=_whole_books(files.kinds))
    )
