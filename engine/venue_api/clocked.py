"""A connection to a venue that knows how far its clock is from ours."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Self

import httpx

from engine.venue_api.asked import UnansweredError
from engine.venue_api.errors import VenueError


class Clocked(ABC):
    """`clock_ms` is our own clock; `offset_ms` is the venue's less ours, known from the beginning of the block on."""

    least_s = 0.5

    def __init__(self, http: httpx.Client, clock_ms: Callable[[], int]) -> None:
        self._http, self._clock_ms = http, clock_ms
        self.offset_ms = 0

    def __enter__(self) -> Self:
        self.synchronise()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def sent(self, names: Iterable[str]) -> None:  # noqa: B027  most have nothing to do here
        """Nothing: the venue keeps all of an order's id."""

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

    def in_time[T](self, asked: str, call: Callable[[], T], too_late: object) -> T:
        """A request that bears our time. Where the venue says by the code `too_late` that its own is another, that is
        read anew; raises UnansweredError then: it can be asked again."""
        try:
            return call()
        except VenueError as error:
            if error.code != too_late:
                raise
            self.synchronise()
            raise UnansweredError(asked, "our clock and the venue's differ", code=error.code) from None

    @abstractmethod
    def server_ms(self) -> int:
        """What the venue says that the time is. Raises VenueError."""
