"""`perpmm scenario`."""

from pathlib import Path
from typing import cast, get_args

import typer

from engine.cli import speak
from engine.core.errors import InputError, Problem
from engine.run import scenario
from engine.run.scenario_files import Behaviour, encode_rows


def play(case: Path, out: Path, behaviour: str | None, *, as_json: bool) -> None:
    rows = scenario.run_case(case, _behaviour(behaviour))
    try:
        out.write_bytes(encode_rows(rows))
    except OSError as error:
        raise InputError(Problem(str(out), f"cannot be written: {error.strerror}")) from error
    if as_json:
        speak.json_object({"case": str(case), "out": str(out), "rows": len(rows)})
    else:
        speak.line(f"{len(rows)} rows: {out}")


def _behaviour(name: str | None) -> Behaviour | None:
    known = get_args(Behaviour.__value__)
    if name is not None and name not in known:
        raise InputError(Problem(f"--behaviour {name}", f"must be one of {', '.join(known)}"))
    return cast("Behaviour | None", name)


def compare(folder: Path, behaviour: str | None, *, as_json: bool) -> None:
    """Exit code 1 where a case does not come out as expected."""
    report = scenario.check(folder, _behaviour(behaviour))
    if as_json:
        failures = [{"case": failure.case, "t": failure.t, "told": failure.told} for failure in report.failures]
        speak.json_object({"matched": report.matched, "total": report.total, "failures": failures})
    else:
        speak.line(str(report))
    if report.failures:
        raise typer.Exit(1)
