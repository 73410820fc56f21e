"""What is done for a tick once its orders have left: they wait for neither the disk nor the log."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from engine.journal.writer import JournalWriter


@contextmanager
def after_ticks(journal: JournalWriter, speak: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Yields what is to be called a moment after each tick: the journal is put on the disk beside the run, and what was
    decided is said. What went wrong on the disk is raised by the next call, or at the end.
    """
    with ThreadPoolExecutor(1, "journal") as beside:
        under_way: Future[None] | None = None

        def after() -> None:
            nonlocal under_way
            if under_way is not None and under_way.done():
                finished, under_way = under_way, None
                finished.result()
            if under_way is None:
                under_way = beside.submit(journal.sync)
            speak()

        yield after
        if under_way is not None:
            under_way.result()
    speak()
