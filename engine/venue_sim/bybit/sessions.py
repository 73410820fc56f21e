"""Bybit's connections that are an account's: its private stream, and the one that takes orders."""

from collections.abc import Callable
from typing import Any

import msgspec

from engine.venue_sim.account import Account
from engine.venue_sim.bybit.dcp import TOPIC
from engine.venue_sim.bybit.errors import said
from engine.venue_sim.bybit.frames import acknowledged, topics_of
from engine.venue_sim.bybit.routes import OPERATIONS
from engine.venue_sim.bybit.venue import PRIVATE, BybitVenue
from engine.venue_sim.errors import ApiError
from engine.venue_sim.frames import frame_of, strings
from engine.venue_sim.line import Line
from engine.venue_sim.striking import outcome
from engine.venue_sim.venue import Asked


class Session:
    """Nothing is said or taken before it has logged on. Mutable."""

    def __init__(self, venue: BybitVenue) -> None:
        self._venue = venue
        self._account: Account | None = None

    async def private(self, line: Line, text: str) -> bytes:
        frame, line.heard_ms = frame_of(text), self._venue.exchange.now_ms
        operation, answer, topics = frame.get("op"), acknowledged(line, frame), topics_of(frame)
        if operation == "ping":
            return msgspec.json.encode({**answer, "op": "pong", "args": [str(self._venue.exchange.now_ms)]})
        if operation == "auth":
            code, message = self._log_on(frame)
            return msgspec.json.encode(answer | {"success": not code, "ret_msg": message})
        if self._account is None:
            return msgspec.json.encode(answer | {"success": False, "ret_msg": "error:request not authorized"})
        if operation not in {"subscribe", "unsubscribe"} or not set(topics) <= set(PRIVATE):
            return msgspec.json.encode(answer | {"success": False, "ret_msg": "error:handler not found"})
        streams = self._venue.streams
        change = streams.subscribe if operation == "subscribe" else streams.unsubscribe
        change(line, [f"{self._account.key}:{topic}" for topic in topics])
        if TOPIC in topics:
            self._protect(self._account, asked=operation == "subscribe")
        return msgspec.json.encode(answer)

    def _protect(self, account: Account, *, asked: bool) -> None:
        protection = self._venue.protection
        if asked:
            protection.asked(account)
        else:
            protection.taken_back(account, self._venue.streams)

    async def trade(self, line: Line, text: str) -> bytes | None:
        frame = frame_of(text)
        operation = str(frame.get("op"))
        answer = {"reqId": frame.get("reqId", ""), "retCode": 0, "retMsg": "OK", "op": operation}
        answer["connId"] = f"{id(line):x}"
        if operation == "ping":
            return msgspec.json.encode({**answer, "op": "pong", "data": [str(self._venue.exchange.now_ms)]})
        if operation == "auth":
            code, message = self._log_on(frame)
            return msgspec.json.encode(answer | {"retCode": code, "retMsg": message or "OK"})
        account, act = self._account, OPERATIONS.get(operation)
        if account is None or act is None:
            code, message = (10404, "op type is not found") if account else (20001, "Request not authorized")
            return msgspec.json.encode(answer | {"retCode": code, "retMsg": message})
        return await self._ordered(line, answer, account, act, strings(next(iter(frame.get("args") or ()), {})))

    async def _ordered(
        self, line: Line, answer: dict[str, Any], account: Account, act: Callable[..., Any], given: dict[str, str]
    ) -> bytes | None:
        venue = self._venue

        def acted() -> Any:
            venue.beat()
            return act(venue.exchange, account, given)

        found = await outcome(venue, Asked(f"WS {answer['op']}", given, account.key), acted)
        if found.body is None:
            line.drop()
            return None
        code, message = said(found.code, found.body["msg"]) if found.code else (0, "OK")
        data = {} if found.code else found.body
        return msgspec.json.encode(answer | {"retCode": code, "retMsg": message, "data": data, "retExtInfo": {}})

    def _log_on(self, frame: dict[str, Any]) -> tuple[int, str]:
        try:
            key, expires, sign = topics_of(frame)
            self._account = self._venue.logged_on(key, expires, sign)
        except ValueError:
            return 10001, "Params Error"
        except ApiError as error:
            return error.code, error.message
        return 0, ""
