"""Files of several contracts into one catalog: an ingest for each, of the files that hold it."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from data.readers.protocol import Survey
from engine.core.errors import DataError, Problem
from engine.run.ingest import Ingested, Progress, ingests
from engine.run.sources import Sources, Terms, instrument_for, sources_of

_NAMED = 20  # symbols in an error


def ingest_each(
    paths: Sequence[Path],
    instrument_ids: Sequence[str],
    catalog: Path,
    terms: Terms,
    *,
    progress: Progress,
    workers: int,
) -> Iterator[Ingested]:
    """Ingest each contract, all or nothing of it; one that is there already is left as it is.

    Of several contracts each takes the files that hold it, and those that may. Raises DataError before anything is
    read where a contract is not known, or a file is of none of them or does not say of which; at the end with what was
    wrong with any, which then is not in the catalog, while the others are.
    """
    names = list(dict.fromkeys(instrument_ids))
    shares = {names[0]: sources_of(paths)} if len(names) == 1 else _shares(sources_of(paths), names, terms)
    problems: list[Problem] = []
    for name, made in zip(shares, ingests(shares, catalog, terms, progress=progress, workers=workers), strict=True):
        if not isinstance(made, DataError):
            yield made
        else:
            problems += made.problems if len(names) == 1 else (_of(name, each) for each in made.problems)
    if problems:
        raise DataError(*problems)


def _of(name: str, problem: Problem) -> Problem:
    return msgspec.structs.replace(problem, message=f"{problem.message} (asked for {name})")


def _unasked(surveys: Iterable[Survey]) -> Problem:
    symbols = sorted(frozenset[str]().union(*(survey.symbols for survey in surveys)))
    held = f"; in the files is {', '.join(symbols[:_NAMED])}" if symbols else ""
    more = ", and more" if len(symbols) > _NAMED else ""
    return Problem("--instrument", f"say which contract: --instrument NAME, once or more often{held}{more}")


def _shares(sources: Sources, names: Sequence[str], terms: Terms) -> dict[str, Sources]:
    """The files that each contract is read from, in the order in which they were named."""
    surveys = {survey.path: survey for survey in sources.surveys}
    if not names:
        raise DataError(_unasked(surveys.values()))
    first_ns = min(survey.first_ns for survey in surveys.values())
    wanted = [instrument_for(name, first_ns, terms) for name in names]
    shares: dict[str, list[Path]] = {name: [] for name in names}
    problems: list[Problem] = []
    for path, reader in sources.readers.items():
        survey = surveys[path]
        takers = [each.id for each in wanted if _may_hold(survey, reader.symbol_in_file(each))]
        for name in takers:
            shares[name].append(path)
        if not survey.symbols and survey.tables:
            reason = "does not say of which contract it is: ingest it with one --instrument"
            problems.append(Problem(str(path), reason, field="instrument"))
        elif not takers:
            held = ", ".join(sorted(survey.symbols)[:_NAMED])
            problems.append(Problem(str(path), f"is of {held}, of none of the contracts asked for", field="instrument"))
    none = [name for name, share in shares.items() if not share]
    problems += [Problem("--instrument", f"{name} is in none of the files") for name in none]
    if problems:
        raise DataError(*problems)
    return {name: sources.some(share) for name, share in shares.items()}


def _may_hold(survey: Survey, symbol: str) -> bool:
    return symbol in survey.symbols or not survey.is_complete
