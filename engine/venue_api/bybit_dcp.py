"""Bybit's dead man's timer, its disconnection protection: it cancels all orders of an account in derivatives once every
private connection that has asked for it was gone for a window of seconds.

Source: https://bybit-exchange.github.io/docs/v5/websocket/private/dcp and /order/dcp. So here is one that asks for it
and does nothing else, on a thread of its own, opened again when it breaks. A process that hangs keeps its connection
but sends no ping: the venue is asked to drop it then, after the shortest time that it takes.
"""

import asyncio
import hashlib
import hmac
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import aiohttp

from engine.venue_api.errors import VenueError
from engine.venue_api.keys import Keys

TOPIC = "dcp.future"  # of all derivatives
ALIVE_S = 30  # the venue looks every half minute: it is gone a minute after its last word at the latest
PATH = f"/v5/private?max_active_time={ALIVE_S}s"
PING_S, ANSWER_S = 10.0, 5.0
AGAIN_S, MOST_S = 0.5, 10.0  # between tries, twice as long after each: the venue counts connections
STANDS_S = 1.0  # for whoever asks; then it is asked again
_SIGNED_FOR_MS = 10_000


def signed(keys: Keys, now_ms: int) -> tuple[str, int, str]:
    """What opens a private connection."""
    expires = now_ms + _SIGNED_FOR_MS
    text = f"GET/realtime{expires}"
    return keys.key, expires, hmac.new(keys.secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class Presence:
    """From its making to `leave`. `check` raises VenueError while it does not stand."""

    def __init__(self, streams: str, keys: Keys, now_ms: Callable[[], int]) -> None:
        self._address, self._keys, self._now_ms = f"{streams}{PATH}", keys, now_ms
        self._stands, self._why = threading.Event(), "is not connected yet"
        self._loop, self._over = asyncio.new_event_loop(), asyncio.Event()
        self._heard, self._missed = True, True
        self._thread = threading.Thread(target=self._run, name="bybit-dcp", daemon=True)
        self._thread.start()

    def check(self) -> None:
        if not self._stands.wait(STANDS_S):
            raise VenueError(TOPIC, self._why)

    def leave(self, *, missed: bool) -> None:
        """Where it is not to be missed it takes the topic back before it hangs up."""
        self._missed = missed
        with suppress(RuntimeError):  # it has ended by itself
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(2 * ANSWER_S)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._stay())

    async def _stay(self) -> None:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=ANSWER_S)
        over, pause_s = asyncio.ensure_future(self._over.wait()), AGAIN_S
        async with aiohttp.ClientSession(timeout=timeout) as http:
            while not over.done():
                try:
                    await self._connected(http, over)
                except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                    self._why = f"no connection: {type(error).__name__}"
                except VenueError as error:
                    self._why = str(error)
                pause_s = AGAIN_S if self._stands.is_set() else min(2 * pause_s, MOST_S)
                self._stands.clear()
                await asyncio.wait([over], timeout=pause_s)

    async def _connected(self, http: aiohttp.ClientSession, over: asyncio.Future[Any]) -> None:
        hang_up = aiohttp.ClientWSTimeout(ws_close=1.0)
        async with http.ws_connect(self._address, timeout=hang_up) as socket:
            await self._ask(socket, "auth", *signed(self._keys, self._now_ms()))
            await self._ask(socket, "subscribe", TOPIC)
            self._stands.set()
            told = asyncio.ensure_future(self._listen(socket))
            pinged = asyncio.ensure_future(self._ping(socket))
            await asyncio.wait([over, told, pinged], return_when=asyncio.FIRST_COMPLETED)
            if over.done() and not told.done() and not self._missed:
                await socket.send_json({"op": "unsubscribe", "args": [TOPIC]})
                await asyncio.wait([told], timeout=ANSWER_S)
            for each in (told, pinged):
                each.cancel()
            await asyncio.gather(told, pinged, return_exceptions=True)
            self._why = "the connection broke"

    async def _ask(self, socket: aiohttp.ClientWebSocketResponse, op: str, *args: object) -> None:
        """Raises VenueError where the venue says no, TimeoutError where it says nothing."""
        await socket.send_json({"op": op, "args": args})
        message = await socket.receive(timeout=ANSWER_S)
        heard = message.json() if message.type is aiohttp.WSMsgType.TEXT else None
        said = heard if isinstance(heard, dict) else {"ret_msg": "the connection broke"}
        if not said.get("success"):
            raise VenueError(f"WS {op}", str(said.get("ret_msg")))

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """To its end, or to the answer that the topic was taken back."""
        async for message in socket:
            self._heard = True
            if '"unsubscribe"' in str(message.data):
                return

    async def _ping(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Until a ping was not answered by the time of the next."""
        while self._heard:
            self._heard = False
            await socket.send_json({"op": "ping"})
            await asyncio.sleep(PING_S)
        self._heard = True
