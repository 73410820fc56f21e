"""A seeded order-book generator: a market that behaves like a real one, without a real one's data."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from data.synthetic.settings import Settings
from data.synthetic.simulate import tapes
from data.synthetic.tardis import TardisFiles
from engine.core.errors import DataError, Problem

DEFAULT_SEED = 1
LONGEST_MINUTES = 31 * 24 * 60


def generate(
    *,
    seed: int = DEFAULT_SEED,
    out_dir: Path,
    minutes: float = 15.0,
    settings: Settings | None = None,
    progress: Callable[[float], None] | None = None,
) -> tuple[Path, ...]:
    """Write a synthetic tape in Tardis's CSV form and return the paths of its files.

    Kinds: incremental_book_L2 (from a snapshot on), trades, derivative_ticker; a file for each kind and UTC day. Half
    of the span lies before the funding instant of `settings`. One seed, one span and one set of settings give the
    same bytes everywhere. `progress` is told the share done, from 0 to 1. Files of the same names are replaced once
    everything is written.

    Raises DataError where the seed is negative, the span not within 31 days, or the folder cannot be written.
    """
    if problems := _problems(seed=seed, minutes=minutes):
        raise DataError(*problems)
    market = msgspec.structs.replace(settings or Settings(), minutes=minutes)
    done_minutes = 0
    try:
        with TardisFiles(out_dir, market.contract) as files:
            for tape in tapes(market, seed=seed):
                files.write(tape)
                done_minutes += 1
                if progress:
                    progress(min(done_minutes / minutes, 1.0))
    except OSError as error:
        raise DataError(Problem(str(error.filename or out_dir), error.strerror or str(error))) from error
    return files.paths


def _problems(*, seed: int, minutes: float) -> list[Problem]:
    problems = []
    if seed < 0:
        problems.append(Problem("synthetic", f"must be 0 or more, not {seed}", field="seed"))
    if not 0 < minutes <= LONGEST_MINUTES:
        problems.append(
            Problem("synthetic", f"must be over 0 and at most {LONGEST_MINUTES}, not {minutes:g}", field="minutes")
        )
    return problems
