"""Hyperliquid's public market on loopback, of BTC: what `POST /info` answers, and its channels. A book is told whole,
the best twenty levels a side. Source: Hyperliquid's API documentation.
"""

import json
from decimal import Decimal
from typing import Any

from aiohttp import web

from engine.core.types import Side
from tests.support.public_market import CENTRE, Heard, Levels, PublicMarket, Topic, Trade

COIN, DEPTH = "BTC", 20
META = {
    "universe": [{"name": COIN, "szDecimals": 5, "maxLeverage": 40, "marginTableId": 56}],
    "marginTables": [
        [56, {"description": "tiered 40x", "marginTiers": [{"lowerBound": "0.0", "maxLeverage": 40}]}],
    ],
    "collateralToken": 0,
}
USDC = {
    "name": "USDC", "szDecimals": 8, "weiDecimals": 8, "index": 0, "tokenId": "0x6d1e7cde53ba9467b783cb7c530ce054",
    "isCanonical": True, "evmContract": None, "fullName": None,
}  # fmt: skip


class HyperliquidMarket(PublicMarket):
    tick, lot = Decimal(1), Decimal("0.00001")  # five digits of a price at most

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/info", self._info), web.get("/ws", self.socket)]

    async def _info(self, request: web.Request) -> web.Response:
        text = await request.text()
        self.asked.append(text)
        match json.loads(text)["type"]:
            case "meta":
                return web.json_response(META)
            case "allPerpMetas":
                return web.json_response([META])
            case "metaAndAssetCtxs":
                return web.json_response([META, [self._context()]])
            case "spotMeta":
                return web.json_response({"tokens": [USDC], "universe": []})
            case "outcomeMeta":
                return web.json_response({"outcomes": [], "questions": []})
            case "perpDexs":
                return web.json_response([None])
            case "allMids":
                return web.json_response({COIN: str(CENTRE)})
            case "l2Book":
                return web.json_response(self._book())
        return web.Response(status=422, text="Failed to deserialize the JSON body into the target type")

    def heard(self, text: str) -> Heard:
        said = json.loads(text)
        if said["method"] == "ping":
            return Heard(answers=(json.dumps({"channel": "pong"}),))
        topics = ((said["subscription"]["type"], said["subscription"].get("coin", "")),)
        wanted = said["method"] == "subscribe"
        answers = (_message("subscriptionResponse", said),)
        return Heard(topics if wanted else (), () if wanted else topics, answers)

    def first(self, topic: Topic) -> str | None:
        return None if topic[0] == "trades" else self.told(topic, {}, None)

    def told(self, topic: Topic, changed: dict[Side, Levels], trade: Trade | None) -> str | None:
        match topic[0]:
            case "l2Book":
                return _message("l2Book", self._book())
            case "bbo":
                best = [_level(self.best(side)[0]) for side in (Side.BUY, Side.SELL)]
                return _message("bbo", {"coin": COIN, "time": self.now_ms(), "bbo": best})
            case "trades" if trade is not None:
                return _message("trades", [self._printed(trade)])
            case "activeAssetCtx" if self.steps % 5 == 0:
                return _message("activeAssetCtx", {"coin": COIN, "ctx": self._context()})
        return None

    def _book(self) -> dict[str, Any]:
        now = self.now_ms()
        best = {side: self.best(side)[:DEPTH] for side in (Side.BUY, Side.SELL)}
        self.shown[now] = {side: dict(levels) for side, levels in best.items()}
        return {"coin": COIN, "time": now, "levels": [[*map(_level, levels)] for levels in best.values()]}

    def _printed(self, trade: Trade) -> dict[str, Any]:
        users = [f"0x{n:040x}" for n in (1, 2)]
        price, size = str(trade.price), str(trade.size)
        side = "B" if trade.side is Side.BUY else "A"
        said = {"coin": COIN, "side": side, "px": price, "sz": size, "time": self.now_ms(), "tid": trade.id}
        return said | {"hash": f"0x{trade.id:064x}", "users": users}

    def _context(self) -> dict[str, Any]:
        prices = dict.fromkeys(("prevDayPx", "markPx", "midPx", "oraclePx"), str(CENTRE))
        volumes = {"dayNtlVlm": "1000000.0", "dayBaseVlm": "20.0", "openInterest": "31000.5", "premium": "0.0001"}
        return prices | volumes | {"funding": "0.0000125", "impactPxs": [str(CENTRE), str(CENTRE)]}


def _message(channel: str, data: Any) -> str:
    return json.dumps({"channel": channel, "data": data})


def _level(level: tuple[Decimal, Decimal]) -> dict[str, Any]:
    return {"px": f"{level[0].normalize():f}", "sz": f"{level[1].normalize():f}", "n": 1}
