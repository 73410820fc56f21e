"""Which lines and cells it was that a block of CSV could not be read for."""

from pathlib import Path

from data.csv_form import Form
from data.decimals import BadNumberError, exact
from data.source import fault
from engine.core.errors import DataError, Problem

_MOST_PROBLEMS = 20


def misread(path: Path, form: Form, text: bytes, first: int, said: str) -> DataError:
    """All of a block's, of which the first line is of this number; what the parser said where none is found."""
    problems: list[Problem] = []
    for line, row in enumerate(text.rstrip(b"\n").split(b"\n"), first):
        cells = row.rstrip(b"\r").decode(errors="replace").split(",")
        if len(cells) != len(form.columns):
            problems.append(Problem(str(path), f"{len(cells)} columns instead of {len(form.columns)}", line))
        else:
            named = zip(form.columns, cells, strict=True)
            problems += (Problem(str(path), why, line, name) for name, cell in named if (why := _why(form, name, cell)))
        if len(problems) >= _MOST_PROBLEMS:
            break
    return DataError(*problems) if problems else fault(path, f"cannot be read: {said}", line=first)


def _why(form: Form, name: str, cell: str) -> str | None:
    """What is wrong with a cell."""
    if "\0" in cell:
        return "has NUL in it"
    if name in form.whole and not (cell.isascii() and cell.isdigit() and len(cell) <= 18):
        return f"{cell!r} is no whole number of at most 18 digits"
    if name in form.truths and cell.lower() not in {"true", "false"}:
        return f"{cell!r} is none of true, false"
    if name in form.numbers or (name in form.sparse and cell):
        try:
            exact(cell)
        except BadNumberError as error:
            return error.reason
    return "is no UTF-8 text" if "\ufffd" in cell else None
