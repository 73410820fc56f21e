"""One WebSocket connection: what it is subscribed to, and its messages on their way out, in order."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from aiohttp import WSCloseCode, web

type Delays = Callable[[bytes], Iterable[tuple[float, bytes]]]  # what becomes of a message: (seconds late, bytes)...

MOST_WAITING = 100_000  # messages; who reads slower than that is cut off, as at the venue


def untouched(message: bytes) -> Iterable[tuple[float, bytes]]:
    return ((0.0, message),)


class Line:
    """Mutable. `kind` is market, user or api; `send` never waits, `write` runs until the connection ends."""

    def __init__(
        self, socket: web.WebSocketResponse, transport: asyncio.Transport | None, kind: str, *, combined: bool
    ) -> None:
        self.socket, self.kind, self.combined = socket, kind, combined
        self._transport = transport
        self.names: dict[str, None] = {}  # in the order of subscription
        self.events: frozenset[str] | None = None  # of a user stream: those that are wanted; None is all
        self.delays: Delays = untouched
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue()

    def send(self, message: bytes) -> None:
        for late_s, each in self.delays(message):
            if late_s:
                asyncio.get_running_loop().call_later(late_s, self._put, each)
            else:
                self._put(each)

    def answer(self, message: bytes) -> None:
        """What must not be touched by faults: the answer to a subscription."""
        self._put(message)

    def _put(self, message: bytes) -> None:
        if self._waiting.qsize() < MOST_WAITING:
            self._waiting.put_nowait(message)
        else:
            self.drop()

    def drop(self) -> None:
        """End the connection as a broken network does: no goodbye."""
        if self._transport is not None:
            self._transport.abort()
        self._waiting.put_nowait(None)

    async def write(self) -> None:
        with suppress(ConnectionError, RuntimeError):
            while (message := await self._waiting.get()) is not None:
                await self.socket.send_str(message.decode())

    async def close(self) -> None:
        self._waiting.put_nowait(None)
        await self.socket.close(code=WSCloseCode.GOING_AWAY)
