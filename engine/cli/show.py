"""Numbers for people: a table on a terminal, progress beside it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

ERR = Console(stderr=True)
OUT = Console(highlight=False)
STEP = 0.005


class Stage(Protocol):
    def __call__(self, name: str, share: float, /) -> None: ...


@contextmanager
def progress(names: Mapping[str, str]) -> Iterator[Stage]:
    """A bar a stage on standard error; nothing where that is no terminal but each stage's name as it begins."""
    if not ERR.is_terminal:
        yield _named(names)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    # Drawn when told, not by a thread: NautilusTrader holds the interpreter for most of a run.
    with Progress(*columns, console=ERR, auto_refresh=False) as bars:
        tasks: dict[str, TaskID] = {}
        shown: dict[str, float] = {}

        def show(name: str, share: float) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(names.get(name, name), total=1.0)
            if share - shown.get(name, -1.0) >= STEP or share >= 1.0:
                shown[name] = share
                bars.update(tasks[name], completed=share, refresh=True)

        yield show


def _named(names: Mapping[str, str]) -> Stage:
    said = set[str]()

    def show(name: str, _share: float) -> None:
        if name not in said:
            said.add(name)
            ERR.print(f"{names.get(name, name)} ...", highlight=False)

    return show


def tables(parts: Mapping[str, Mapping[str, str]]) -> None:
    """Titles with their rows of names and values, all in the same two columns."""
    grid = Table(show_header=False, box=None, pad_edge=False)
    grid.add_column(overflow="fold")
    grid.add_column(justify="right")
    for title, rows in parts.items():
        grid.add_row(f"[bold]{title}[/bold]")
        for name, value in rows.items():
            grid.add_row(f"  {name}", value)
    OUT.print(grid)


def side_by_side(names: tuple[str, str], rows: Iterable[tuple[str, str, str, str]]) -> None:
    """(part, name, value of the first, value of the second), parts in order; what is equal is dim."""
    grid = Table(box=None, pad_edge=False)
    grid.add_column("")
    for name in names:
        grid.add_column(name, justify="right", header_style="bold")
    part = ""
    for title, name, *values in rows:
        if title != part:
            grid.add_row(f"[bold]{title}[/bold]")
            part = title
        grid.add_row(f"  {name}", *values, style="dim" if values[0] == values[1] else None)
    OUT.print(grid)
