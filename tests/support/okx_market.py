"""OKX's public market on loopback, of BTC-USDT-SWAP: its REST answers and its channels. Sizes are in contracts.

Source: OKX's API documentation, v5.
"""

import json
import zlib
from itertools import chain, zip_longest
from typing import Any

from aiohttp import web

from engine.core.types import Side
from tests.support.public_market import CENTRE, Heard, Levels, PublicMarket, Topic, Trade

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
    def routes(self) -> list[web.RouteDef]:
        answers = {
            "public/instruments": lambda: [CONTRACT],
            "public/time": lambda: [{"ts": str(self.now_ms())}],
            "public/mark-price": lambda: [self._mark()],
            "public/funding-rate": lambda: [self._funding()],
            "market/ticker": lambda: [self._quoted() | {"instId": SYMBOL}],
            "market/books": lambda: [self._levels(self.sides) | self._marks(-1)],
        }

        def answer(path: str) -> Any:
            async def answered(request: web.Request) -> web.Response:
                self.asked.append(request.path_qs)
                return web.json_response({"code": "0", "msg": "", "data": answers[path]()})

            return answered

        return [web.get(f"/api/v5/{path}", answer(path)) for path in answers] + [
            web.get(f"/ws/v5/{kind}", self.socket) for kind in ("public", "business")
        ]

    def heard(self, text: str) -> Heard:
        if text == "ping":
            return Heard(answers=("pong",))
        said = json.loads(text)
        answers = tuple(json.dumps({"event": said["op"], "arg": arg, "connId": "a4d3ae55"}) for arg in said["args"])
        topics = tuple((arg["channel"], arg.get("instId", "")) for arg in said["args"])
        wanted = said["op"] == "subscribe"
        return Heard(topics if wanted else (), () if wanted else topics, answers)

    def first(self, topic: Topic) -> str | None:
        match topic:
            case ("instruments", _):
                return _message({"channel": "instruments", "instType": "SWAP"}, CONTRACT)
            case ("books" | "books-l2-tbt", _):
                return _message(_arg(topic), self._shown(self.sides, -1), action="snapshot")
            case ("funding-rate", _):
                return _message(_arg(topic), self._funding())
        return None

    def told(self, topic: Topic, changed: dict[Side, Levels], trade: Trade | None) -> str | None:
        match topic:
            case ("books" | "books-l2-tbt", _):
                return _message(_arg(topic), self._shown(changed, self.steps - 1), action="update")
            case ("bbo-tbt", _):
                best = {side: dict(self.best(side)[:1]) for side in Side}
                return _message(_arg(topic), self._levels(best) | self._marks(self.steps - 1))
            case ("trades", _) if trade is not None:
                return _message(_arg(topic), self._printed(trade))
            case ("mark-price", _) if self.steps % 5 == 0:
                return _message(_arg(topic), self._mark())
            case ("index-tickers", _) if self.steps % 5 == 0:
                old = dict.fromkeys(("high24h", "low24h", "open24h", "sodUtc0", "sodUtc8"), str(CENTRE))
                return _message(_arg(topic), {"instId": INDEX, "idxPx": str(CENTRE), "ts": str(self.now_ms())} | old)
        return None

    def _shown(self, sides: dict[Side, Levels], before: int) -> dict[str, Any]:
        said = self._levels(sides) | self._marks(before)
        self.shown[int(said["ts"])] = {side: dict(levels) for side, levels in self.sides.items()}
        return said

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
        return {"ts": str(self.now_ms()), "checksum": signed, "prevSeqId": before, "seqId": self.steps}

    def _mark(self) -> dict[str, str]:
        return {"instType": "SWAP", "instId": SYMBOL, "markPx": str(CENTRE), "ts": str(self.now_ms())}

    def _funding(self) -> dict[str, str]:
        due = (self.now_ms() // _FUNDED_EACH_MS + 1) * _FUNDED_EACH_MS
        return {
            "instType": "SWAP", "instId": SYMBOL, "method": "current_period", "fundingRate": "0.0001",
            "nextFundingRate": "", "fundingTime": str(due), "nextFundingTime": str(due + _FUNDED_EACH_MS),
            "minFundingRate": "-0.00375", "maxFundingRate": "0.00375", "settState": "settled",
            "settFundingRate": "0.0001", "premium": "0.0001", "ts": str(self.now_ms()),
        }  # fmt: skip

    def _printed(self, trade: Trade) -> dict[str, Any]:
        said = {"instId": SYMBOL, "tradeId": str(trade.id), "px": str(trade.price), "sz": str(trade.size)}
        more = {"side": trade.side.name.lower(), "ts": str(self.now_ms()), "count": "1", "source": "0"}
        return said | more | {"seqId": self.steps}

    def _quoted(self) -> dict[str, str]:
        (bid, bid_size), (ask, ask_size) = (self.best(side)[0] for side in (Side.BUY, Side.SELL))
        return {
            "bidPx": str(bid),
            "bidSz": str(bid_size),
            "askPx": str(ask),
            "askSz": str(ask_size),
            "ts": str(self.now_ms()),
        }


def _message(arg: dict[str, str], data: dict[str, Any], **more: str) -> str:
    return json.dumps({"arg": arg, **more, "data": [data]})


def _arg(topic: Topic) -> dict[str, str]:
    return dict(zip(("channel", "instId"), topic, strict=True))
