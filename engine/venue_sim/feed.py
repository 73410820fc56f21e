"""The tape as the venue's present: events come when their time has come, at a pace that was asked for."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec

from engine.venue_sim.market_events import MarketEvent, Rate

type Tape = Callable[[], Iterator[MarketEvent]]  # from its start, anew each time
type Clock = Callable[[], int]  # nanoseconds since the epoch

PAUSE_S = 0.01
BUSY_EVENTS = 32  # applied without giving others a turn


class Stage(Protocol):
    """Where events go."""

    def apply(self, event: MarketEvent, at_ns: int) -> None: ...
    def beat(self) -> None: ...


class Feed:
    """Plays a tape so that its first event is now. Mutable. With speed 0 time stands until `advance` moves it."""

    def __init__(self, tape: Tape, clock: Clock, *, speed: float = 1.0, loop: bool = False) -> None:
        self._tape, self._clock, self.speed, self._loop = tape, clock, speed, loop
        self._events = tape()
        self._next = next(self._events, None)
        self._origin_ns = clock()
        self._tape_ns = self._next.ts_ns if self._next else 0
        self._stood_ns = self._origin_ns  # where time stands at speed 0
        self.played = 0
        self.over = asyncio.Event()

    def now_ns(self) -> int:
        """The venue's clock: the wall's, or where it was put."""
        return self._clock() if self.speed else self._stood_ns

    def prime(self, stage: Stage, ready: Callable[[], bool]) -> None:
        """Play, at once, until there is a market to open with; the tape goes on from there."""
        while self._next is not None and not ready():
            self._tape_ns = self._next.ts_ns
            self._play(stage, self._origin_ns)
        self._origin_ns = self.now_ns()

    async def run(self, stage: Stage) -> None:
        """For ever: after the tape's end, if it does not loop, time alone goes on."""
        while self._next is not None:
            busy = 0
            while self._next is not None and self._due_ns() <= self.now_ns() and busy < BUSY_EVENTS:
                self._play(stage, self._due_ns())
                busy += 1
            stage.beat()
            await asyncio.sleep(0 if busy == BUSY_EVENTS else self._pause_s())
        self.over.set()
        while True:  # the market stands still, the venue does not
            stage.beat()
            await asyncio.sleep(PAUSE_S)

    def advance(self, stage: Stage, by_ns: int) -> None:
        """At speed 0: play what a stretch of time holds, and let that time pass."""
        until = self._stood_ns + by_ns
        while self._next is not None and self._due_ns() <= until:
            self._stood_ns = max(self._due_ns(), self._stood_ns)
            self._play(stage, self._stood_ns)
            stage.beat()
        self._stood_ns = until
        stage.beat()

    def _pause_s(self) -> float:
        """Until the next event, but not so long that what is regular comes late."""
        due_s = PAUSE_S if self._next is None else (self._due_ns() - self.now_ns()) / 1e9
        return min(max(due_s, 0.0), PAUSE_S)

    def _due_ns(self) -> int:
        assert self._next is not None
        return self._shifted(self._next.ts_ns)

    def _shifted(self, tape_ns: int) -> int:
        return self._origin_ns + int((tape_ns - self._tape_ns) / (self.speed or 1.0))

    def _play(self, stage: Stage, at_ns: int) -> None:
        assert self._next is not None
        event, self._next = self._next, next(self._events, None)
        if isinstance(event, Rate) and event.next_ns is not None:
            event = msgspec.structs.replace(event, next_ns=self._shifted(event.next_ns))
        stage.apply(event, at_ns)
        self.played += 1
        if self._next is None and self._loop:
            self._events = self._tape()
            self._next = next(self._events, None)
            self._origin_ns = at_ns
            self._tape_ns = self._next.ts_ns if self._next else 0
