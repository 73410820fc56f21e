"""The files of an ingest: who reads each, what is in sight of them, and of which contract they are."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from data import instruments
from data.exchange_info import from_exchange_info
from data.readers.protocol import Reader, Survey
from data.schema import Table
from data.sniff import reader_of
from data.source import check_published, digest, fault
from engine.core.errors import DataError, Problem
from engine.core.types import Instrument
from engine.run.readers import READERS

SHARED = frozenset({Table.QUOTES, Table.FUNDING, Table.MARKS})  # tables that may come of several kinds of file


class Terms(msgspec.Struct, frozen=True):
    """Who says what the contracts are; neither: the bundled table."""

    instrument_file: Path | None = None
    exchange_info: Path | None = None


class Sources(msgspec.Struct, frozen=True):
    """Files, each with its reader and its digest, in the order in which they were named; surveys in that of time."""

    readers: dict[Path, Reader]
    digests: dict[Path, str]
    surveys: tuple[Survey, ...]

    @property
    def kinds(self) -> dict[Path, str]:
        return {path: reader.kind for path, reader in self.readers.items()}

    def some(self, paths: Sequence[Path]) -> "Sources":
        return Sources(
            {path: self.readers[path] for path in paths},
            {path: self.digests[path] for path in paths},
            tuple(survey for survey in self.surveys if survey.path in paths),
        )


def sources_of(paths: Sequence[Path]) -> Sources:
    """Raises DataError for files that nobody reads, all at once, and for one that has no row."""
    readers = _readers(paths)
    digests = _digests(readers)
    surveys = sorted((reader.survey(path) for path, reader in readers.items()), key=lambda survey: survey.first_ns)
    return Sources(readers, digests, tuple(surveys))


def _readers(paths: Sequence[Path]) -> dict[Path, Reader]:
    """Who reads each file; the problems of all files that nobody reads, at once."""
    found: dict[Path, Reader] = {}
    problems: list[Problem] = []
    if not paths:
        raise DataError(Problem(source="PATHS", message="no file to ingest"))
    for path in paths:
        try:
            found[path] = reader_of(path, READERS)
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(*problems)
    return found


def _digests(paths: Iterable[Path]) -> dict[Path, str]:
    digests: dict[Path, str] = {}
    for path in paths:
        sha = digest(path)
        check_published(path, sha)
        digests[path] = sha
    return digests


def instrument_for(instrument_id: str, at_ns: int, terms: Terms) -> Instrument:
    """The contract as it was at a time. Raises DataError where nobody says what it is, or two do."""
    exchange_info, instrument_file = terms.exchange_info, terms.instrument_file
    if exchange_info and instrument_file:
        raise fault(exchange_info, "--exchange-info and --instrument-file both say what the contract is: give one")
    if exchange_info:
        return from_exchange_info(exchange_info, instrument_id)
    if instrument_file:
        return instruments.from_file(instrument_file, instrument_id, at_ns)
    return instruments.bundled(instrument_id, at_ns)


def check_twins(sources: Sources) -> None:
    """That no file is there twice."""
    known: dict[str, Path] = {}
    for path, sha in sources.digests.items():
        if known.setdefault(sha, path) != path:
            raise fault(path, f"is the same file as {known[sha]}")


def check_kinds(sources: Sources) -> None:
    """That no two kinds of file hold the same table, as far as their beginnings show: which of them would be true?
    Funding rates can be held against each other, mark and index prices may come apart."""
    holders: dict[Table, Survey] = {}
    problems: list[Problem] = []
    for survey in sources.surveys:
        for table in sorted(survey.tables - SHARED):
            other = holders.setdefault(table, survey)
            if sources.readers[other.path] is not sources.readers[survey.path]:
                kind = sources.readers[other.path].kind
                reason = f"holds {table} as {other.path.name} does, which is {kind}: give one of them"
                problems.append(Problem(str(survey.path), reason))
    if problems:
        raise DataError(*problems)
