"""A recorded tape as a live feed: a data client that sends a catalog's messages, and the time that they stand for.

A live node takes one message of data at a time, and before the next one all that followed from it: commands to the
simulated venue and its answers. So a tape gives the same run at any speed, if time is told the same way. Before the
first message of an instant comes a pulse, the index price of an instrument that does not exist, with that instant; what
is due earlier has a pulse of its own, and what follows from it is waited for. Nothing is sent so far ahead that
something could become due before it.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from nautilus_trader.live import DataClientConfig
from nautilus_trader.live.clients import DataClientFactory, MarketDataClient
from nautilus_trader.model import IndexPriceUpdate, InstrumentId, Price, Venue

from engine.core.types import SECOND, Nanos
from engine.nautilus.clock import FeedClock
from engine.nautilus.subscriptions import PULSE

_AHEAD = 2_000  # messages sent that the node has not come to yet
_NAP_S = 0.005  # a wait that is shorter is not worth while


class Tape(NamedTuple):
    """What is sent, up to `to_ns`. `speed`: seconds of the tape a second; None: as fast as it can be taken. `held_ns`:
    what follows from a message becomes due no earlier than this after it; 0: at once, or it is due already.

    `ended` is called once all of it has arrived; `failed` with what went wrong in reading it.
    """

    contract: Any
    messages: Iterable[Any]
    clock: FeedClock
    to_ns: Nanos
    held_ns: Nanos
    speed: float | None
    ended: Callable[[], None]
    failed: Callable[[BaseException], None]


class TapeFactory(DataClientFactory):
    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def create(self, *, name: str, config: DataClientConfig, cache: Any, clock: Any) -> "TapeClient":  # type: ignore[override]
        return TapeClient(self._tape, name=name, config=config, cache=cache, clock=clock)


class TapeClient(MarketDataClient):
    def __init__(self, tape: Tape, *, name: str, config: DataClientConfig, cache: Any, clock: Any) -> None:
        super().__init__(name=name, config=config, cache=cache, clock=clock, venue=Venue(name))
        self._tape = tape
        self._pulse_id = InstrumentId.from_str(f"{PULSE}.{name}")
        self._sent = 0
        self._at = self._settled = tape.clock.timestamp_ns()
        self._began: tuple[float, Nanos] | None = None

    async def _connect(self) -> None:
        self._handle_instrument(self._tape.contract)

    async def _disconnect(self) -> None:
        pass

    async def _subscribed(self, command: Any) -> None:
        """All of the tape is sent, whatever is asked for."""

    _subscribe_book_deltas = _subscribe_quotes = _subscribe_trades = _subscribed
    _subscribe_mark_prices = _subscribe_funding_rates = _subscribed

    async def _subscribe_index_prices(self, _command: Any) -> None:
        """Asked for last."""
        self.create_task(self._played(), "tape")

    async def _played(self) -> None:
        try:
            await self._play()
        except Exception as failure:  # noqa: BLE001  the run ends with it
            self._tape.failed(failure)

    async def _play(self) -> None:
        clock = self._tape.clock
        for message in self._tape.messages:
            if message.ts_init != self._at:
                await self._paced(message.ts_init)
                await self._reach(message.ts_init)
            self._handle_data(message)
        await self._reach(self._tape.to_ns)
        await self._settle()
        clock.set_time_alert_ns("ended", self._tape.to_ns, lambda _fired: self._tape.ended())
        while (due := clock.next_due_ns) is not None:
            self._pulse(due)
            await self._settle()

    async def _reach(self, at: Nanos) -> None:
        if self._tape.held_ns and at - self._settled > self._tape.held_ns:
            await self._settle()
        while (due := self._tape.clock.next_due_ns) is not None and due <= at:
            await self._settle()
            self._pulse(due)
            await self._settle()
        self._pulse(at)

    async def _settle(self) -> None:
        """All that was sent has been taken, with all that followed from it."""
        self._pulse(self._at)
        await self._taken(0)
        self._settled = self._at

    async def _taken(self, left: int) -> None:
        clock = self._tape.clock
        while self._sent - clock.advanced > left:
            clock.told.clear()
            await clock.told.wait()

    async def _paced(self, at: Nanos) -> None:
        if self._tape.speed is not None:
            now = asyncio.get_running_loop().time()
            began, first = self._began = self._began or (now, at)
            wait = began + (at - first) / SECOND / self._tape.speed - now
            if wait > _NAP_S:
                await asyncio.sleep(wait)
        if self._sent - self._tape.clock.advanced > _AHEAD:
            await self._taken(_AHEAD // 2)

    def _pulse(self, at: Nanos) -> None:
        self._at = at
        self._sent += 1
        self._handle_data(IndexPriceUpdate(self._pulse_id, Price.from_str("1"), at, at))
