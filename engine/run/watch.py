"""The venue asked by REST while a run trades, from a thread of its own: nothing here holds up a tick.

It takes whole views of the account, cancels what it is told to, and keeps the dead man's timer from running out.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, Self

from engine.core.state import State
from engine.core.types import SECOND, Instrument, Nanos
from engine.venue_api.account import OpenOrder, View
from engine.venue_api.errors import VenueError
from engine.venue_api.venue import TradedAt

PERIOD_S = 5.0  # between views where nothing is odd
UNANSWERED_NS = 3 * SECOND  # an order or a cancel without an answer looks odd
TIMER_EVERY_S = 15.0
LOOKBACK_NS = 60 * SECOND  # before the last view that was used: the venue's clock and its indexes may lag


class Answer(NamedTuple):
    """`before` is the run's state when the venue was asked, at `asked_ns` of our clock."""

    view: View
    before: State[Any] | None
    asked_ns: Nanos


class Watch:
    """As a context manager it asks for as long as it lasts. `state` is read while it changes: it is one frozen value.

    `timed`: with a dead man's timer. `since_ns`: how far back the next view reaches. `fault` is what ended the thread,
    if anything did."""

    def __init__(
        self,
        venue: TradedAt,
        instrument: Instrument,
        state: Callable[[], State[Any] | None],
        floor_ns: Nanos,
        *,
        timed: bool,
    ) -> None:
        self._venue, self._instrument, self._state = venue, instrument, state
        self._floor_ns = self.since_ns = floor_ns
        self._timed = timed
        self._thread = threading.Thread(target=self._run, name="venue-watch", daemon=True)
        self._wake, self._over = threading.Event(), threading.Event()
        self._cancels: deque[OpenOrder] = deque()
        self._answer: Answer | None = None
        self.heard_at = self._arm_at = time.monotonic()
        self._armed_at = float("-inf")
        self.fault: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._wake.set()
        self._thread.join()

    def kick(self) -> None:
        """Ask soon: something looks odd."""
        self._wake.set()

    def cancel(self, order: OpenOrder) -> None:
        self._cancels.append(order)
        self._wake.set()

    def taken(self) -> Answer | None:
        """The newest view that was not taken yet. Raises what ended the thread."""
        if self.fault is not None:
            raise self.fault
        answer, self._answer = self._answer, None
        return answer

    def used(self, answer: Answer) -> None:
        """All that this view says has been fed."""
        self.since_ns = max(self._floor_ns, answer.view.at_ns - LOOKBACK_NS)

    @property
    def silent_s(self) -> float:
        """How long the venue has said nothing, or has not armed its timer: for ever before it has once."""
        since = min(self.heard_at, self._armed_at) if self._timed else self.heard_at
        return time.monotonic() - since

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                self._round()
                self._over.wait(self._venue.least_s)
                self._wake.wait(PERIOD_S - self._venue.least_s)
                self._wake.clear()
        except BaseException as fault:  # noqa: BLE001  raised again where the run asks
            self.fault = fault

    def _round(self) -> None:
        """What the venue does not answer is asked again in the next round."""
        symbol = self._instrument.raw_symbol
        try:
            while self._cancels:
                self._venue.cancel(symbol, self._cancels.popleft())
            self._cancel_stuck(symbol)
            self._arm(symbol)
            before, asked_ns = self._state(), time.time_ns()
            view = self._venue.view(self._instrument, self.since_ns)
        except VenueError:
            return
        self._answer, self.heard_at = Answer(view, before, asked_ns), time.monotonic()

    def _arm(self, symbol: str) -> None:
        """What cannot be armed is tried again in the next round, and holds up nothing that the venue does tell."""
        if not self._timed or time.monotonic() < self._arm_at:
            return
        with suppress(VenueError):
            self._venue.arm(symbol)
            self._armed_at = time.monotonic()
            self._arm_at = self._armed_at + TIMER_EVERY_S

    def _cancel_stuck(self, symbol: str) -> None:
        """What was asked to end and still rests, without waiting for a whole view: that takes many answers in a row."""
        state, late = self._state(), time.time_ns() - UNANSWERED_NS
        orders = () if state is None else state.orders
        stuck = {w.order.id for w in orders if w.cancel_requested_ns is not None and w.cancel_requested_ns < late}
        for order in self._venue.open_orders(symbol) if stuck else ():
            if order.our_id in stuck:
                self._venue.cancel(symbol, order)
