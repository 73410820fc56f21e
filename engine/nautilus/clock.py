"""The time that a shell goes by: the node's own clock, or that of a recorded feed."""

import asyncio
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import NamedTuple, Protocol

import msgspec

from engine.core.events import AnyEvent
from engine.core.types import Nanos


class Fired(NamedTuple):
    """A timer's time: when it was due, and when it was heard of."""

    ts_event: Nanos
    ts_init: Nanos


type Callback = Callable[[Fired], None]


class Clock(Protocol):
    """What a shell asks of a clock: NautilusTrader's, as far as it is needed."""

    def timestamp_ns(self) -> Nanos: ...
    def timer_names(self) -> list[str]: ...
    def cancel_timer(self, name: str) -> None: ...
    def cancel_timers(self) -> None: ...
    def set_time_alert_ns(self, name: str, alert_time_ns: Nanos, callback: Callback) -> None: ...
    def set_timer_ns(
        self,
        name: str,
        interval_ns: int,
        start_time_ns: Nanos | None,
        stop_time_ns: Nanos | None,
        callback: Callback,
        allow_past: bool | None = None,
    ) -> None: ...


class _Due(NamedTuple):
    at: Nanos
    order: int  # of two at one time, the one that was asked for first
    name: str
    callback: Callback
    interval_ns: int | None


class FeedClock:
    """A clock that stands until it is told the time. What is due by then is called first, at its own time. `advanced`
    counts how often it was told; `told` is set each time."""

    def __init__(self, start_ns: Nanos) -> None:
        self._now = start_ns
        self._due: list[_Due] = []
        self._asked = 0
        self.advanced = 0
        self.told = asyncio.Event()

    def timestamp_ns(self) -> Nanos:
        return self._now

    def timer_names(self) -> list[str]:
        return [due.name for due in self._due]

    def cancel_timer(self, name: str) -> None:
        self._due = [due for due in self._due if due.name != name]
        heapify(self._due)

    def cancel_timers(self) -> None:
        self._due.clear()

    def set_time_alert_ns(self, name: str, alert_time_ns: Nanos, callback: Callback) -> None:
        self._push(alert_time_ns, name, callback, None)

    def set_timer_ns(
        self,
        name: str,
        interval_ns: int,
        start_time_ns: Nanos | None,
        stop_time_ns: Nanos | None,  # noqa: ARG002
        callback: Callback,
        allow_past: bool | None = None,  # noqa: ARG002
    ) -> None:
        start = self._now if start_time_ns is None else start_time_ns
        self._push(start + interval_ns, name, callback, interval_ns)

    @property
    def next_due_ns(self) -> Nanos | None:
        return self._due[0].at if self._due else None

    def advance(self, to_ns: Nanos) -> None:
        """A time before now only calls what is due."""
        while self._due and self._due[0].at <= to_ns:
            due = heappop(self._due)
            self._now = max(self._now, due.at)
            if due.interval_ns is not None:
                self._push(due.at + due.interval_ns, due.name, due.callback, due.interval_ns)
            due.callback(Fired(due.at, due.at))
        self._now = max(self._now, to_ns)
        self.advanced += 1
        self.told.set()

    def stamped(self, fact: AnyEvent) -> AnyEvent:
        """The fact at the time of the feed, whatever time the node says it is."""
        return msgspec.structs.replace(fact, ts_event=self._now, ts_init=self._now)

    def _push(self, at: Nanos, name: str, callback: Callback, interval_ns: int | None) -> None:
        self._asked += 1
        heappush(self._due, _Due(at, self._asked, name, callback, interval_ns))
