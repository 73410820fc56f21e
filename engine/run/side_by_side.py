"""Work in processes of their own, which say how many bytes they have read."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from threading import Thread
from typing import Any

from data.readers.protocol import OnBytes

_reports: Any = None  # where a process says how much it has read


def side_by_side[T, R](work: Callable[[T, OnBytes], R], items: Sequence[T], on_bytes: OnBytes, at_once: int) -> list[R]:
    """What becomes of each item, in order."""
    context = multiprocessing.get_context("spawn")
    reports = context.SimpleQueue()
    listener = Thread(target=_listen, args=(reports.get, on_bytes))
    listener.start()
    try:
        with ProcessPoolExecutor(at_once, context, initializer=_begin, initargs=(reports,)) as pool:
            return list(pool.map(partial(_reporting, work), items))
    finally:
        reports.put(None)
        listener.join()


def _listen(get: Callable[[], int | None], on_bytes: OnBytes) -> None:
    while (count := get()) is not None:
        on_bytes(count)


def _begin(reports: Any) -> None:
    global _reports  # noqa: PLW0603 - a process has one place to report to
    _reports = reports
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that is killed says nothing: its child would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _reporting[T, R](work: Callable[[T, OnBytes], R], item: T) -> R:
    return work(item, _reports.put)
