"""What a command says: results on standard output, all else on standard error. Under --json one object, no more."""

import json
import os
import sys
from collections.abc import Iterable
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from engine.core.errors import Problem

OURSELVES = "perpmm"


def note(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201


def line(text: str) -> None:
    print(text, flush=True)  # noqa: T201  who reads a pipe waits for it


def json_object(value: dict[str, Any]) -> None:
    line(json.dumps(value, default=_plain, allow_nan=False))


def problems(error: str, found: Iterable[Problem], *, as_json: bool) -> None:
    """Every problem on its line; under --json also as the one object on standard output."""
    found = tuple(found)
    for problem in found:
        note(str(problem) if problem.source == OURSELVES else f"{OURSELVES}: {problem}")
    if as_json:
        fields = ("source", "line", "field", "message")
        json_object({"error": error, "problems": [{key: getattr(p, key) for key in fields} for p in found]})


def go_silent() -> None:
    """Nobody listens any more: keep the interpreter from failing again while it closes standard output."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _plain(value: Any) -> Any:
    """Numbers are numbers to a script, whatever their type here."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Path | Enum):
        return str(value)
    raise TypeError(f"{type(value).__name__} in a result")


def found_in_a_run(found: dict[str, Any], lines: Iterable[str], *, as_json: bool) -> None:
    """As JSON, or as lines, with what must be known about the code that worked it out."""
    if as_json:
        json_object(found)
        return
    for text in lines:
        line(text)
    if not found["same_code"]:
        note("note: the run was made by another version of the code")
    if found["diverged_at"] is not None:
        where = f"from entry {found['diverged_at']} on"
        note(f"note: this code decides otherwise {where}: what it plans is shown, not what the run did")
