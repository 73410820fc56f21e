"""Ctrl-C while NautilusTrader holds the interpreter."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def noted_interrupts() -> Iterator[Callable[[], bool]]:
    """Note a Ctrl-C instead of raising it: raised at the wrong instruction, NautilusTrader would swallow it.

    Yields whether one was noted. Where another handler than Python's own is in place, or outside the main thread,
    nothing is changed, and none is noted.
    """
    noted = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal noted
        noted = True

    replaced = False
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        try:
            signal.signal(signal.SIGINT, note)
            replaced = True
        except ValueError:  # not the main thread
            replaced = False
    try:
        yield lambda: noted
    finally:
        if replaced:
            signal.signal(signal.SIGINT, signal.default_int_handler)
