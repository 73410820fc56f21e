"""One WebSocket connection: what it is subscribed to, and its messages on their way out, in order."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from aiohttp import WSCloseCode, web

# What becomes of a message: how many seconds it is late, its bytes, and whether those behind it wait for it.
type Meet = Callable[[bytes], Iterable[tuple[float, bytes, bool]]]

MOST_WAITING = 100_000  # messages; who reads slower than that is cut off, as at the venue
PATIENCE_S = 1.0


def untouched(message: bytes) -> Iterable[tuple[float, bytes, bool]]:
    return ((0.0, message, False),)


class Line:
    """Mutable. `kind` is market, user or api; `send` never waits, `write` runs until the connection ends."""

    def __init__(
        self, socket: web.WebSocketResponse, transport: asyncio.Transport | None, kind: str, *, combined: bool
    ) -> None:
        self.socket, self.kind, self.combined = socket, kind, combined
        self._transport = transport
        self.names: dict[str, None] = {}  # in the order of subscription
        self.events: frozenset[str] | None = None  # of a user stream: those that are wanted; None is all
        self.meet: Meet = untouched
        self.patience_ms: int | None = None  # dropped once nothing was heard of it for longer
        self.heard_ms = 0
        self._written = asyncio.Event()
        self._waiting: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()

    def send(self, message: bytes) -> None:
        for late_s, each, held in self.meet(message):
            if held or not late_s:
                self._put(each, late_s)
            else:
                asyncio.get_running_loop().call_later(late_s, self._put, each)

    def answer(self, message: bytes) -> None:
        """What must not be touched by faults: the answer to a subscription."""
        self._put(message)

    def _put(self, message: bytes, pause_s: float = 0.0) -> None:
        if self._waiting.qsize() < MOST_WAITING:
            self._waiting.put_nowait((pause_s, message))
        else:
            self.drop()

    def drop(self) -> None:
        """End the connection as a broken network does: no goodbye."""
        if self._transport is not None:
            self._transport.abort()
        self._waiting.put_nowait(None)

    async def write(self) -> None:
        with suppress(ConnectionError, RuntimeError):
            while (waiting := await self._waiting.get()) is not None:
                pause_s, message = waiting
                if pause_s:
                    await asyncio.sleep(pause_s)
                await self.socket.send_str(message.decode())
        self._written.set()

    async def close(self) -> None:
        """Once all that waits is sent, if that does not take long."""
        self._waiting.put_nowait(None)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._written.wait(), PATIENCE_S)
        await self.socket.close(code=WSCloseCode.GOING_AWAY)
