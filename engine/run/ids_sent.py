"""The ids of a run's orders, as its journal tells them: a venue that keeps but a hash of an id is told them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from engine.core.commands import Submit
from engine.core.errors import JournalError, Problem
from engine.core.types import OrderId
from engine.journal.reader import Journal

WITHOUT = (
    "which orders are the run's stands there alone: `perpmm halt RUN --all` cancels whatever rests in the contract"
)


def ids_sent(folder: Path) -> Callable[[], Iterator[OrderId]]:
    """Each call tells those since the one before; nothing is read before the first is asked for. Raises JournalError
    where the journal cannot be read."""
    since = 1

    def fresh() -> Iterator[OrderId]:
        nonlocal since
        try:
            for entry in Journal(folder).entries(since=since, types=["Submit"]):
                since = entry.seq + 1
                yield cast(Submit, entry.value).id
        except JournalError as error:
            raise JournalError(*error.problems, Problem(str(folder), WITHOUT)) from error

    return fresh
