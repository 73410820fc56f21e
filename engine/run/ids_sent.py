"""The ids of a run's orders, as its journal tells them: a venue that keeps but a hash of an id is told them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from engine.core.commands import Submit
from engine.core.errors import JournalError, Problem
from engine.core.step import order_id
from engine.core.types import OrderId
from engine.journal.reader import Journal

WITHOUT = (
    "which orders are the run's stands there alone: `perpmm halt RUN --all` cancels whatever rests in the contract"
)
LOST, MOST = 100, 40  # entries that a loss of power may have taken, and orders of one of them


def ids_sent(folder: Path) -> Callable[[], Iterator[OrderId]]:
    """Each call tells those since the one before, the first also those that an end of the journal which was lost could
    have had; nothing is read before the first is asked for. Raises JournalError where the journal cannot be read."""
    since = 1

    def fresh() -> Iterator[OrderId]:
        nonlocal since
        first = since == 1
        try:
            journal = Journal(folder)
            for entry in journal.entries(since=since, types=["Submit"]):
                since = entry.seq + 1
                yield cast(Submit, entry.value).id
            if first:
                since = max(since, 2)
                yield from _possible(journal.run_file.run, journal.high_watermark())
        except JournalError as error:
            raise JournalError(*error.problems, Problem(str(folder), WITHOUT)) from error

    return fresh


def _possible(run: str, last: int) -> Iterator[OrderId]:
    return (order_id(run, seq, n) for seq in range(last, last + LOST) for n in range(MOST))
