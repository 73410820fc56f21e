"""Waiting for what another process does."""

import time
from collections.abc import Callable

LONGEST_S = 200


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + LONGEST_S
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
