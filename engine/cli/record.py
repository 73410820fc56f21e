"""`perpmm data record`."""

from pathlib import Path

import typer
from pydantic import ValidationError

from engine.cli import speak
from engine.config.tree import Venue
from engine.core.errors import ConfigError, DataError, Problem
from engine.run.contracts import full_name
from engine.run.record import record


def run(names: tuple[str, str], catalog: Path, places: dict[str, str], minutes: float | None, *, as_json: bool) -> None:
    """Raises ConfigError for a venue whose market is not spoken, DataError where nothing was heard."""
    venue = names[0].upper()
    instrument = full_name(venue, names[1])
    if minutes is not None and minutes <= 0:
        raise ConfigError(Problem("--minutes", f"must be over 0, not {minutes:g}"))
    speak.note(f"recording {instrument} into {catalog}; Ctrl-C ends it, and what came is kept")
    found = record(
        _at(venue, places),
        instrument,
        catalog,
        seconds=None if minutes is None else minutes * 60,
        heard=lambda _seconds: None,
    )
    if not found.made:
        raise DataError(Problem(venue, f"nothing was heard of {instrument}"))
    rows = {folder: sum(made.rows.get(folder, 0) for made in found.made) for folder in found.made[-1].rows}
    if as_json:
        speak.json_object({"catalog": str(catalog), "instrument": instrument, "rows": rows})
    else:
        for folder, count in rows.items():
            speak.line(f"{folder.replace('_', ' ')}: {count:,} rows")
    for warning in dict.fromkeys(warning for made in found.made for warning in made.warnings):
        speak.note(f"note: {warning}")
    if found.stopped is not None:
        raise typer.Exit(128 + found.stopped.number)


def _at(venue: str, places: dict[str, str]) -> Venue:
    try:
        return Venue.model_validate({"name": venue, **places})
    except ValidationError as error:
        problems = (Problem(f"--{each['loc'][0]}", f"{each['input']!r}: {each['msg']}") for each in error.errors())
        raise ConfigError(*problems) from error
