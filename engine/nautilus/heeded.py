"""Signals while a node runs: heard at once, on a thread of their own.

NautilusTrader holds the main thread, where Python's handlers run only between callbacks, and takes Ctrl-C and SIGTERM
for itself: the node would stop before anything was cancelled. So the numbers are read that Python writes for whoever
waits for signals, and what NautilusTrader has put in is taken off again as soon as the node is at work.
"""

import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Thread

from nautilus_trader.live import LiveNode

from engine.nautilus.beside import Beside
from engine.nautilus.interrupts import SIGNALS


@contextmanager
def heeded(node: LiveNode, noted: Callable[[int], None], *, failed: Callable[[BaseException], None]) -> Iterator[None]:
    """Within the block `noted` is called with the number of each signal that asks to stop, and nothing else happens.
    What was there before is there again after it; what `nohup` ignores stays ignored.

    Raises ValueError outside the main thread, where no node can run.
    """
    before = {number: handler for number in SIGNALS if (handler := signal.getsignal(number)) is not None}
    if before.get(signal.SIGHUP) is signal.SIG_IGN:
        del before[signal.SIGHUP]
    told, telling = socket.socketpair()
    with told, telling:
        telling.setblocking(False)
        fd_before = signal.set_wakeup_fd(telling.fileno(), warn_on_full_buffer=False)
        listening = Thread(target=_listen, args=(told, noted), name="signals", daemon=True)
        listening.start()
        try:
            _take(before)
            node.add_actor(Beside("SIGNALS-001", failed=failed, once=lambda: _take(before)))
            yield
        finally:
            signal.set_wakeup_fd(fd_before)
            for number, handler in before.items():
                signal.signal(number, handler)
            telling.shutdown(socket.SHUT_WR)
            listening.join()


def _listen(told: socket.socket, noted: Callable[[int], None]) -> None:
    while numbers := told.recv(64):
        for number in numbers:
            if number in SIGNALS:
                noted(number)


def _take(numbers: Iterable[int]) -> None:
    for number in numbers:
        signal.signal(number, lambda *_: None)
