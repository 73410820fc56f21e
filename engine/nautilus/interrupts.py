"""Being asked to stop from outside: Ctrl-C, a supervisor's SIGTERM, a terminal that is closed; also while
NautilusTrader holds the interpreter."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """By the signal `number`."""

    def __init__(self, number: int = signal.SIGINT, more: str = "") -> None:
        self.number, self._more = number, more
        self.by = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        super().__init__(f"stopped by {self.by}{more}")

    def __reduce__(self) -> tuple[type["Stopped"], tuple[int, str]]:
        """It is told from one process to another."""
        return Stopped, (self.number, self._more)


def stopped_by(stop: KeyboardInterrupt) -> Stopped:
    """What Python itself raises is Ctrl-C."""
    return stop if isinstance(stop, Stopped) else Stopped()


def heed_signals() -> None:
    """Let each signal raise Stopped from now on. A shell starts background jobs with Ctrl-C ignored: whoever sends one
    to us means it. What `nohup` ignores stays ignored."""
    for number in SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _raise)


@contextmanager
def noted_interrupts() -> Iterator[Callable[[], int | None]]:
    """Note a signal instead of raising it: raised at the wrong instruction, NautilusTrader would swallow it.

    Yields which one was noted. A signal with a handler of somebody else's is left alone; so are all outside the main
    thread.
    """
    noted: int | None = None

    def note(number: int, _frame: FrameType | None) -> None:
        nonlocal noted
        noted = number

    before = {number: signal.getsignal(number) for number in SIGNALS}
    ours = [number for number, handler in before.items() if handler in (signal.default_int_handler, _raise)]
    try:
        for number in ours:
            signal.signal(number, note)
    except ValueError:  # not the main thread
        ours = []
    try:
        yield lambda: noted
    finally:
        for number in ours:
            signal.signal(number, before[number])


def _raise(number: int, _frame: FrameType | None) -> None:
    raise Stopped(number)
