"""OKX's public market on loopback, of BTC-USDT-SWAP: its REST answers and its channels. Sizes are in contracts.

Source: OKX's API documentation, v5.
"""

import json
import time
import zlib
from decimal import Decimal
from itertools import chain, zip_longest
from typing import Any

from aiohttp import web

from engine.core.types import Side
from tests.support.public_market import CENTRE, Levels, PublicMarket, Topic, Trade

SYMBOL, INDEX = "BTC-USDT-SWAP", "BTC-USDT"
CONTRACT = {
    "instType": "SWAP", "instId": SYMBOL, "instIdCode": 10459, "uly": INDEX, "instFamily": INDEX, "category": "1",
    "baseCcy": "", "quoteCcy": "", "settleCcy": "USDT", "ctVal": "0.01", "ctMult": "1", "ctValCcy": "BTC",
    "optType": "", "stk": "", "listTime": "1573557408000", "expTime": "", "lever": "100", "tickSz": "0.1",
    "lotSz": "0.01", "minSz": "0.01", "ctType": "linear", "alias": "", "state": "live", "ruleType": "normal",
    "maxLmtSz": "100000000", "maxMktSz": "12000", "maxLmtAmt": "20000000", "maxMktAmt": "", "maxTwapSz": "100000000",
    "maxIcebergSz": "100000000", "maxTriggerSz": "100000000", "maxStopSz": "12000", "openType": "",
    "auctionEndTime": "", "contTdSwTime": "", "preMktSwTime": "", "futureSettlement": False, "posLmtAmt": "",
    "posLmtPct": "", "maxPlatOILmt": "", "tradeQuoteCcyList": [],
}  # fmt: skip
_CHECKED = 25  # levels a side that a checksum is of
_FUNDED_EACH_MS = 8 * 3_600_000


class OkxMarket(PublicMarket):
    """`shown` goes by seqId."""

    def routes(self) -> list[web.RouteDef]:
        answers = {
            "public/instruments": lambda: [CONTRACT],
            "public/time": lambda: [{"ts": _now()}],
            "public/mark-price": lambda: [self._mark()],
            "public/funding-rate": lambda: [self._funding()],
            "market/ticker": lambda: [self._quoted() | {"instId": SYMBOL}],
            "market/books": lambda: [self._whole(-1)],
        }

        def answer(path: str) -> Any:
            async def answered(request: web.Request) -> web.Response:
                self.asked.append(request.path_qs)
                return web.json_response({"code": "0", "msg": "", "data": answers[path]()})

            return answered

        return [web.get(f"/api/v5/{path}", answer(path)) for path in answers] + [web.get("/ws", self.socket)]

    def heard(self, text: str) -> tuple[list[Topic], list[str]]:
        if text == "ping":
            return [], ["pong"]
        said = json.loads(text)
        acks = [json.dumps({"event": said["op"], "arg": arg, "connId": "a4d3ae55"}) for arg in said["args"]]
        wanted = [(arg["channel"], arg.get("instId", "")) for arg in said["args"]] if said["op"] == "subscribe" else []
        return wanted, acks

    def first(self, topic: Topic) -> str | None:
        match topic:
            case ("instruments", _):
                return _message({"channel": "instruments", "instType": "SWAP"}, CONTRACT)
            case ("books" | "books-l2-tbt", _):
                self._show()
                return _message(_arg(topic), self._whole(-1), action="snapshot")
            case ("funding-rate", _):
                return _message(_arg(topic), self._funding())
        return None

    def told(self, topic: Topic, changed: dict[Side, Levels], trade: Trade | None) -> str | None:
        match topic:
            case ("books" | "books-l2-tbt", _):
                self._show()
                update = self._levels(changed) | self._marks(self.steps - 1)
                return _message(_arg(topic), update, action="update")
            case ("bbo-tbt", _):
                best = {side: dict(self.best(side)[:1]) for side in Side}
                return _message(_arg(topic), self._levels(best) | self._marks(self.steps - 1))
            case ("trades", _) if trade is not None:
                return _message(_arg(topic), _printed(trade) | {"seqId": self.steps})
            case ("mark-price", _) if self.steps % 5 == 0:
                return _message(_arg(topic), self._mark())
            case ("index-tickers", _) if self.steps % 5 == 0:
                old = dict.fromkeys(("high24h", "low24h", "open24h", "sodUtc0", "sodUtc8"), str(CENTRE))
                return _message(_arg(topic), {"instId": INDEX, "idxPx": str(CENTRE), "ts": _now()} | old)
        return None

    def _show(self) -> None:
        self.shown[self.steps] = {side: dict(levels) for side, levels in self.sides.items()}

    def _whole(self, before: int) -> dict[str, Any]:
        return self._levels(self.sides) | self._marks(before)

    def _levels(self, sides: dict[Side, Levels]) -> dict[str, Any]:
        names = {"asks": Side.SELL, "bids": Side.BUY}
        return {
            name: [[str(price), str(size), "0", "1"] for price, size in sorted(sides[side].items(), reverse=side > 0)]
            for name, side in names.items()
        }

    def _marks(self, before: int) -> dict[str, Any]:
        """The number, that of the message before, the time, and the checksum of the book as it now is."""
        sides = [[f"{price}:{size}" for price, size in self.best(side)[:_CHECKED]] for side in (Side.BUY, Side.SELL)]
        text = ":".join(each for each in chain(*zip_longest(*sides)) if each is not None)
        crc = zlib.crc32(text.encode())
        signed = crc - (1 << 32 if crc >> 31 else 0)
        return {"ts": _now(), "checksum": signed, "prevSeqId": before, "seqId": self.steps}

    def _mark(self) -> dict[str, str]:
        return {"instType": "SWAP", "instId": SYMBOL, "markPx": str(CENTRE), "ts": _now()}

    def _funding(self) -> dict[str, str]:
        due = (int(_now()) // _FUNDED_EACH_MS + 1) * _FUNDED_EACH_MS
        return {
            "instType": "SWAP", "instId": SYMBOL, "method": "current_period", "fundingRate": "0.0001",
            "nextFundingRate": "", "fundingTime": str(due), "nextFundingTime": str(due + _FUNDED_EACH_MS),
            "minFundingRate": "-0.00375", "maxFundingRate": "0.00375", "settState": "settled",
            "settFundingRate": "0.0001", "premium": "0.0001", "ts": _now(),
        }  # fmt: skip

    def _quoted(self) -> dict[str, str]:
        (bid, bid_size), (ask, ask_size) = (self.best(side)[0] for side in (Side.BUY, Side.SELL))
        return {"bidPx": str(bid), "bidSz": str(bid_size), "askPx": str(ask), "askSz": str(ask_size), "ts": _now()}


def _printed(trade: Trade) -> dict[str, str]:
    said = {"instId": SYMBOL, "tradeId": str(trade.id), "px": str(trade.price), "sz": str(trade.size)}
    return said | {"side": trade.side.name.lower(), "ts": _now(), "count": "1", "source": "0"}


def _message(arg: dict[str, str], data: dict[str, Any], **more: str) -> str:
    return json.dumps({"arg": arg, **more, "data": [data]})


def _arg(topic: Topic) -> dict[str, str]:
    return dict(zip(("channel", "instId"), topic, strict=True))


def _now() -> str:
    return str(time.time_ns() // 1_000_000)
