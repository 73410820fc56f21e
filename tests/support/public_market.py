"""A public market on loopback, of one contract, that changes by itself and keeps all that it says: what venues have in
common. See okx_market and hyperliquid_market for how each says it."""

import asyncio
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from threading import Thread
from typing import Any, NamedTuple

from aiohttp import WSMsgType, web

from engine.core.types import Side

type Levels = dict[Decimal, Decimal]
type Topic = tuple[str, str]  # channel, and what it is of

LEVELS, CENTRE, PAUSE_S = 30, Decimal(50_000), 0.03


class Trade(NamedTuple):
    id: int
    side: Side
    price: Decimal
    size: Decimal


class Heard(NamedTuple):
    """What a client wants to be told of from now on, and no longer; what it is answered at once."""

    wanted: tuple[Topic, ...] = ()
    unwanted: tuple[Topic, ...] = ()
    answers: tuple[str, ...] = ()


class PublicMarket(ABC):
    """`shown` is the book after each message of it, by its time in milliseconds; `trades` are those told. While it
    is `away` it lets nobody in; while `losing` what it says is lost on the way."""

    tick, lot = Decimal("0.1"), Decimal("0.01")

    def __init__(self) -> None:
        self.rest = self.ws = ""
        self.sides: dict[Side, Levels] = {side: {} for side in Side}
        self.shown: dict[int, dict[Side, Levels]] = {}
        self.trades: list[Trade] = []
        self.asked: list[str] = []
        self.steps = 0
        self.away = self.losing = False
        self._last_ms = 0
        self._chance = random.Random(7)
        self._topics: dict[web.WebSocketResponse, set[Topic]] = {}
        self._turn = asyncio.Lock()
        for side in Side:
            for n in range(LEVELS):
                self.sides[side][self._price(side, n)] = self._size()

    @abstractmethod
    def routes(self) -> list[web.RouteDef]: ...

    @abstractmethod
    def heard(self, text: str) -> Heard: ...

    @abstractmethod
    def first(self, topic: Topic) -> str | None:
        """What a topic begins with."""

    @abstractmethod
    def told(self, topic: Topic, changed: dict[Side, Levels], trade: Trade | None) -> str | None:
        """What is said of a step."""

    @property
    def topics(self) -> set[Topic]:
        return set().union(*self._topics.values())

    def now_ms(self) -> int:
        """No two messages are of the same millisecond."""
        self._last_ms = max(time.time_ns() // 1_000_000, self._last_ms + 1)
        return self._last_ms

    def best(self, side: Side) -> list[tuple[Decimal, Decimal]]:
        return sorted(self.sides[side].items(), key=lambda level: -side * level[0])

    async def cut(self) -> None:
        async with self._turn:
            for socket in [*self._topics]:
                self._topics.pop(socket)
                await socket.close()

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        if self.away:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._topics[socket] = set()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self.asked.append(message.data)
                async with self._turn:
                    heard = self.heard(message.data)
                    firsts = [first for topic in heard.wanted if (first := self.first(topic)) is not None]
                    for answer in (*heard.answers, *firsts):
                        await socket.send_str(answer)
                    topics = self._topics.get(socket, set())
                    topics -= {*heard.unwanted}
                    topics |= {*heard.wanted}
        self._topics.pop(socket, None)
        return socket

    async def play(self) -> None:
        while True:
            await asyncio.sleep(PAUSE_S)
            async with self._turn:
                changed, trade = self._step()
                said = {topic: self.told(topic, changed, trade) for topic in self.topics}
                if trade is not None and not self.losing and any(channel == "trades" for channel, _ in said):
                    self.trades.append(trade)
                for socket, wanted in [] if self.losing else [*self._topics.items()]:
                    for text in filter(None, [said[topic] for topic in wanted]):
                        with suppress(ConnectionError):  # it is leaving
                            await socket.send_str(text)

    def _step(self) -> tuple[dict[Side, Levels], Trade | None]:
        """A few levels change, near the best more than far from it; now and then there is a trade."""
        self.steps += 1
        changed: dict[Side, Levels] = {side: {} for side in Side}
        for side in self._chance.choices([*Side], k=3):
            price = self._price(side, int(self._chance.expovariate(0.2)) % LEVELS)
            gone = price in self.sides[side] and len(self.sides[side]) > LEVELS - 5 and self._chance.randrange(3) == 0
            size = Decimal(0) if gone else self._size()
            self.sides[side].pop(price, None)
            self.sides[side] |= {} if gone else {price: size}
            changed[side][price] = size
        if self.steps % 3:
            return changed, None
        side = self._chance.choice([*Side])
        best, size = self.best(side.opposite)[0]
        return changed, Trade(self.steps, side, best, min(size, self.lot * self._chance.randint(1, 99)))

    def _price(self, side: Side, n: int) -> Decimal:
        return CENTRE - side * self.tick * (n + 1)

    def _size(self) -> Decimal:
        return self.lot * self._chance.randint(1, 900)


@contextmanager
def played[M: PublicMarket](market: M) -> Iterator[tuple[M, Callable[[Any], Any]]]:
    """The market at work on a thread of its own, with its addresses; and a function that awaits something there."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()

    def there(what: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(what, loop).result()

    async def begin() -> tuple[web.AppRunner, asyncio.Task[None]]:
        app = web.Application()
        app.add_routes(market.routes())
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        market.rest, market.ws = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"
        return runner, asyncio.create_task(market.play())

    async def end(runner: web.AppRunner, playing: asyncio.Task[None]) -> None:
        playing.cancel()
        await runner.cleanup()

    runner, playing = there(begin())
    try:
        yield market, there
    finally:
        there(end(runner, playing))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
