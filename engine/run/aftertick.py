"""What is done for a tick once its orders have left: they wait for neither the disk nor the log."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from engine.journal.writer import JournalWriter

LATER_S = 0.02  # an order has left by then


@contextmanager
def after_ticks(journal: JournalWriter, speak: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Yields what is to be called on each tick, from a running event loop: the journal is put on the disk beside the
    run, and a moment later what was decided is said. What went wrong on the disk is raised at the next tick."""
    with ThreadPoolExecutor(1, "journal") as beside:
        under_way: Future[None] | None = None

        def after() -> None:
            nonlocal under_way
            if under_way is None or under_way.done():
                if under_way is not None:
                    under_way.result()
                under_way = beside.submit(journal.sync)
            asyncio.get_running_loop().call_later(LATER_S, speak)

        yield after
    speak()
