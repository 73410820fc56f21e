"""A command's way to the venue, where that takes its time and nobody else sees to it."""

from collections import deque
from collections.abc import Callable

from engine.core.commands import Cancel, Submit
from engine.core.types import Nanos

type Leaving = Submit | Cancel


class Transit:
    """Commands arrive `held_ns` after they left, in the order in which they left."""

    def __init__(self, held_ns: Nanos, hand_over: Callable[[Leaving], None]) -> None:
        self._held_ns, self._hand_over = held_ns, hand_over
        self._under_way: deque[tuple[Nanos, Leaving]] = deque()

    def send(self, command: Leaving, now: Nanos) -> Nanos:
        """When to ask for what has arrived."""
        self._under_way.append((now + self._held_ns, command))
        return now + self._held_ns

    def arrive(self, now: Nanos) -> None:
        while self._under_way and self._under_way[0][0] <= now:
            self._hand_over(self._under_way.popleft()[1])
