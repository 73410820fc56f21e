"""The terminal kept for our own words while a node runs.

NautilusTrader's logger writes its errors to standard error whatever it is told, beside the file that it has for them.
They are left out by a process of its own, so that what a node says as it dies (a panic of Rust's) is still heard.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from nautilus_trader.common import logging_sync_to_disk

STDERR = 2
_OF_A_FULL_DISK = ("Error writing to file: ", "Error flushing log file: ")  # for each line that it logs, without end
_LEFT_OUT = """
import contextlib, os, sys
for line in sys.stdin.buffer:
    if not any(word.encode() in line for word in sys.argv[1:]):
        with contextlib.suppress(OSError):  # the terminal may be gone
            os.write(2, line)
"""


@contextmanager
def without_log_of(trader: str) -> Iterator[None]:
    """Within the block the errors that this trader's node logs are not told on standard error. What Python writes to
    `sys.stderr` goes where it did."""
    ours = os.dup(STDERR)
    reading, writing = os.pipe()
    words = (sys.executable, "-ISc", _LEFT_OUT, f"[ERROR] {trader}.", *_OF_A_FULL_DISK)
    with subprocess.Popen(words, stdin=reading, stderr=ours, start_new_session=True) as passing_on:  # noqa: S603  ours
        os.dup2(writing, STDERR)  # we read it too, if nobody else does: a logger that cannot write kills the process
        os.close(writing)
        try:
            with _python_writes_to(ours):
                yield
        finally:
            with suppress(Exception):  # the disk is full: whoever could not write says so
                logging_sync_to_disk()
            os.dup2(ours, STDERR)
            os.close(ours)
            passing_on.wait()
            os.close(reading)


@contextmanager
def _python_writes_to(descriptor: int) -> Iterator[None]:
    """Where standard error is not what Python writes to, it is left alone."""
    before = sys.stderr
    standard = before is sys.__stderr__
    if not standard:
        yield
        return
    before.flush()
    with os.fdopen(os.dup(descriptor), "w", buffering=1, errors="backslashreplace") as there:
        sys.stderr = there
        try:
            yield
        finally:
            sys.stderr = before
