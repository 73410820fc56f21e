"""One progress bar: drawn by the notebook where there is one, else by the terminal, else not at all."""

import html
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

type Tell = Callable[[float], None]


@contextmanager
def bar(title: str) -> Iterator[Tell]:
    """What is yielded is told the share that is done, 0 to 1."""
    display = _notebook()
    if display is not None:
        yield _drawn_by(display, title)
        return
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task(title, total=1.0)
        yield lambda share: bars.update(task, completed=share)


def _notebook() -> Any:
    """IPython's display module, if a kernel runs us."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return sys.modules["IPython"].display if hasattr(shell, "kernel") else None


def _drawn_by(display: Any, title: str) -> Tell:
    handle = display.display(display.HTML(_html(title, 0.0)), display_id=True)

    def tell(share: float) -> None:
        handle.update(display.HTML(_html(title, share)))

    return tell


def _html(title: str, share: float) -> str:
    return f"{html.escape(title)} <progress value='{share:.3f}'></progress> {share:.0%}"
