"""A connection to a venue that knows how far its clock is from ours."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Self

import httpx


class Clocked(ABC):
    """`clock_ms` is our own clock; `offset_ms` is the venue's less ours, known from the beginning of the block on."""

    def __init__(self, http: httpx.Client, clock_ms: Callable[[], int]) -> None:
        self._http, self._clock_ms = http, clock_ms
        self.offset_ms = 0

    def __enter__(self) -> Self:
        self.synchronise()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    @property
    def now_ms(self) -> int:
        """The venue's time."""
        return self._clock_ms() + self.offset_ms

    def synchronise(self) -> int:
        """Read the venue's clock; the way there and back is taken to be equally long. Returns the offset in ms."""
        asked = self._clock_ms()
        server = self.server_ms()
        self.offset_ms = server - (asked + self._clock_ms()) // 2
        return self.offset_ms

    @abstractmethod
    def server_ms(self) -> int:
        """What the venue says that the time is. Raises VenueError."""
