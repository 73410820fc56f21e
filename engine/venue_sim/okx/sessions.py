"""OKX's connections: its channels, an account's, and orders over them."""

from typing import Any

import msgspec

from engine.venue_sim.account import Account
from engine.venue_sim.errors import ApiError
from engine.venue_sim.frames import frame_of, strings
from engine.venue_sim.line import Line
from engine.venue_sim.okx.contracts import codes
from engine.venue_sim.okx.errors import said
from engine.venue_sim.okx.orders import outcomes
from engine.venue_sim.okx.routes import OPERATIONS
from engine.venue_sim.okx.topics import name_of
from engine.venue_sim.okx.venue import PRIVATE, SILENT, OkxVenue
from engine.venue_sim.striking import outcome
from engine.venue_sim.venue import Asked

_LOG_IN_FIRST = (60011, "Please log in")
_NO_SUCH_CHANNEL = 60018
_NO_SUCH_REQUEST = (60012, "Illegal request")


class Session:
    """What is an account's is neither said nor taken before it has logged in. Mutable."""

    def __init__(self, venue: OkxVenue) -> None:
        self._venue = venue
        self._account: Account | None = None

    async def hear(self, line: Line, text: str) -> bytes | None:
        if text == "ping":
            return b"pong"
        frame = frame_of(text)
        operation = str(frame.get("op"))
        args = [each for each in frame.get("args") or () if isinstance(each, dict)]
        if operation == "login" and args:
            return self._log_in(line, args[0])
        if operation in {"subscribe", "unsubscribe"}:
            for arg in args:
                self._subscribe(line, operation, arg)
            return None
        if operation in OPERATIONS:
            return await self._ordered(line, operation, str(frame.get("id", "")), [strings(each) for each in args])
        return _refused(line, *_NO_SUCH_REQUEST)

    def _log_in(self, line: Line, given: dict[str, Any]) -> bytes:
        try:
            self._account = self._venue.logged_on(given)
        except ApiError as error:
            return _refused(line, error.code, error.message)
        return _event(line, event="login", code="0", msg="")

    def _subscribe(self, line: Line, operation: str, arg: dict[str, Any]) -> None:
        """The first words of a channel come after the answer."""
        channel, streams = str(arg.get("channel")), self._venue.streams
        own = channel in PRIVATE or channel in SILENT
        if own and self._account is None:
            line.answer(_refused(line, *_LOG_IN_FIRST))
            return
        if not own and not streams.known(arg):
            line.answer(_refused(line, _NO_SUCH_CHANNEL, f"Wrong URL or {name_of(arg)} doesn't exist"))
            return
        line.answer(_event(line, event=operation, arg=arg))
        name = f"{self._account.key}:{channel}" if own and self._account else name_of(arg)
        if operation == "unsubscribe":
            streams.unsubscribe(line, [name])
            return
        streams.subscribe(line, [name])
        if not own:
            streams.welcome(line, arg, self._venue.exchange.now_ms)
        elif self._account and (first := self._venue.first_words(self._account, channel)) is not None:
            line.send(msgspec.json.encode(first))

    async def _ordered(self, line: Line, operation: str, name: str, asked: list[dict[str, str]]) -> bytes | None:
        venue, account = self._venue, self._account
        if account is None:
            return _refused(line, *_LOG_IN_FIRST)
        named = codes(venue.exchange)
        orders = [{"instId": named.get(each.get("instIdCode", ""), "")} | each for each in asked]

        def acted() -> Any:
            venue.beat()
            return outcomes(venue.exchange, account, OPERATIONS[operation], orders)

        given = orders[0] if orders else {}
        found = await outcome(venue, Asked(f"WS {operation}", given, account.key), acted)
        if found.body is None:
            line.drop()
            return None
        if found.code:
            code, message = said(found.code, found.body["msg"])
            return msgspec.json.encode({"id": name, "op": operation, "code": str(code), "msg": message, "data": []})
        code, rows = found.body
        return msgspec.json.encode({"id": name, "op": operation, "code": code, "msg": "", "data": rows})


def _event(line: Line, **fields: Any) -> bytes:
    return msgspec.json.encode(fields | {"connId": f"{id(line):x}"})


def _refused(line: Line, code: int, message: str) -> bytes:
    return _event(line, event="error", code=str(code), msg=message)
