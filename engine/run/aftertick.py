"""What is done for a tick once its orders have left: they wait for neither the disk nor the log."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from engine.journal.writer import JournalWriter

LATER_S = 0.02  # an order has left by then


@contextmanager
def after_ticks(journal: JournalWriter, speak: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Yields what is to be called on each tick, from a running event loop: a moment later the journal is put on the
    disk beside the run, and what was decided is said. What went wrong on the disk is raised at the next tick.

    An order leaves the node only after its tick has returned: a thread that is woken before would take turns with it.
    """
    with ThreadPoolExecutor(1, "journal") as beside:
        under_way: Future[None] | None = None

        def later() -> None:
            nonlocal under_way
            if under_way is None:
                under_way = beside.submit(journal.sync)
            speak()

        def after() -> None:
            nonlocal under_way
            if under_way is not None and under_way.done():
                finished, under_way = under_way, None
                finished.result()
            asyncio.get_running_loop().call_later(LATER_S, later)

        yield after
    speak()
