"""A seeded order-book generator: a market that behaves like a real one, or badly, without a real one's data."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from itertools import chain
from pathlib import Path

import msgspec

from data.synthetic.contract import INVERSE, terms, write_terms
from data.synthetic.forms import FORMS
from data.synthetic.recorder import Recorder, settled
from data.synthetic.settings import Contract, Feed, Settings
from data.synthetic.simulate import tapes
from data.synthetic.tape import Tape
from data.synthetic.tardis import TardisFiles
from data.synthetic.truth import Truth
from engine.core.errors import DataError, Problem

DEFAULT_SEED = 1
LONGEST_MINUTES = 10 * 366 * 24 * 60


class Made(msgspec.Struct, frozen=True):
    """A tape on disk: its files, the truth beside it (none if none was wanted), the contract that it is of."""

    paths: tuple[Path, ...]
    truth: tuple[Path, ...]
    instrument_id: str
    contract: Path | None


def generate(
    *,
    seed: int = DEFAULT_SEED,
    out_dir: Path,
    minutes: float = 15.0,
    settings: Settings | None = None,
    progress: Callable[[float], None] | None = None,
) -> tuple[Path, ...]:
    """Write a synthetic tape in Tardis's CSV form and return the paths of its files: see `make`, without the truth."""
    wanted = msgspec.structs.replace(settings or Settings(), minutes=minutes)
    return make(seed=seed, out_dir=out_dir, settings=wanted, truth=False, progress=progress).paths


def make(
    *,
    seed: int = DEFAULT_SEED,
    out_dir: Path,
    settings: Settings | None = None,
    form: str = "tardis",
    truth: bool = True,
    progress: Callable[[float], None] | None = None,
) -> Made:
    """Write a synthetic tape in a vendor's form, and below `out_dir/truth` what is true of it.

    Half of the span lies before the funding instant of `settings`. One seed, one span and one set of settings give the
    same text everywhere, in Tardis's form the same bytes. `progress` is told the share done, from 0 to 1. Files of the
    same names are replaced once everything is written. truth/orders.parquet has every order with its true place in the
    queue, changes.parquet what became of each, truth.json the settings and what went wrong on purpose, contract.toml
    the contract.

    Raises DataError where the seed is negative, the span not within ten years, no such form is known or it has no
    inverse contract, or the folder cannot be written.
    """
    wanted = settings or Settings()
    if problems := _problems(seed=seed, minutes=wanted.minutes, form=form):
        raise DataError(*problems)
    market = FORMS[form].inverse if wanted.contract.inverse else FORMS[form].market
    if market is None:
        raise DataError(Problem("synthetic", f"{form} has no inverse contract", field="form"))
    if wanted.contract in (Contract(), INVERSE):
        wanted = msgspec.structs.replace(wanted, contract=market.contract)
    try:
        about = {"seed": seed, "form": form, "settings": msgspec.to_builtins(wanted)}
        told = Truth(out_dir / "truth", about) if truth else None
        with told or nullcontext():
            heard = _counted(tapes(wanted, seed=seed, truth=told), wanted.minutes, progress)
            paths = write_form(heard, out_dir, form, seed=seed, settings=wanted, truth=told)
        contract = None
        if told is not None:
            contract = write_terms(out_dir / "truth" / "contract.toml", terms(wanted.contract, market.id))
    except OSError as error:
        raise DataError(Problem(str(error.filename or out_dir), error.strerror or str(error))) from error
    return Made(paths, told.paths if told else (), market.id, contract)


def write_form(
    heard: Iterable[Tape], out_dir: Path, form: str, *, seed: int, settings: Settings, truth: Truth | None = None
) -> tuple[Path, ...]:
    """Write consecutive tapes, recorded as the settings' feed would, in a form; its contract is that of `settings`.

    The truth is closed before the tape gets its names: without room for the one, neither is kept.
    """
    if form == "tardis" and settings.feed == Feed():  # the tape itself: no message need be looked at
        with TardisFiles(out_dir, settings.contract) as files:
            for tape in heard:
                files.write(tape)
            if truth is not None:
                truth.close()
        return files.paths
    recorder = Recorder(settings.feed, seed, truth)
    messages = chain((message for tape in heard for message in recorder.messages(tape)), recorder.rest())
    with FORMS[form].open(out_dir, settings.contract) as writer:
        for message in messages if FORMS[form].raw else settled(messages):
            writer.write(message)
        if truth is not None:
            truth.close()
    paths: tuple[Path, ...] = writer.paths
    return paths


def _counted(heard: Iterator[Tape], minutes: float, progress: Callable[[float], None] | None) -> Iterator[Tape]:
    for n, tape in enumerate(heard, 1):
        yield tape
        if progress:
            progress(min(n / minutes, 1.0))


def _problems(*, seed: int, minutes: float, form: str) -> list[Problem]:
    problems = []
    if seed < 0:
        problems.append(Problem("synthetic", f"must be 0 or more, not {seed}", field="seed"))
    if not 0 < minutes <= LONGEST_MINUTES:
        problems.append(
            Problem("synthetic", f"must be over 0 and at most {LONGEST_MINUTES}, not {minutes:g}", field="minutes")
        )
    if form not in FORMS:
        problems.append(Problem("synthetic", f"{form!r} is none of {', '.join(FORMS)}", field="form"))
    return problems
