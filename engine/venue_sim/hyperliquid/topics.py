"""Hyperliquid's subscriptions: a book comes whole, its best twenty levels a side."""

from collections.abc import Iterable
from typing import Any

import msgspec

from engine.venue_sim.hyperliquid import words
from engine.venue_sim.line import Line
from engine.venue_sim.market import Change, Market, Trade
from engine.venue_sim.subscriptions import Subscriptions

BOOK_MS = 500
CONTEXT_MS = 1000
OF_MARKET = ("l2Book", "bbo", "trades", "activeAssetCtx")
OF_ACCOUNT = ("orderUpdates", "userEvents", "userFills", "userFundings")


class Topics(Subscriptions):
    """Mutable."""

    def __init__(self, markets: dict[str, Market]) -> None:
        super().__init__()
        self._markets = markets
        self._beats = {BOOK_MS: 0, CONTEXT_MS: 0}

    def known(self, subscription: dict[str, Any]) -> str | None:
        """Its topic; None for what is not spoken."""
        kind, coin = str(subscription.get("type")), subscription.get("coin")
        if kind in OF_MARKET and coin in self._markets:
            return f"{kind}:{coin}"
        if kind in OF_ACCOUNT:
            return f"{kind}:{str(subscription.get('user')).lower()}"
        return "allMids" if kind == "allMids" else None

    def welcome(self, line: Line, topic: str, now_ms: int) -> None:
        """What somebody who has just subscribed is told first."""
        kind, _, coin = topic.partition(":")
        if kind in {"l2Book", "bbo", "activeAssetCtx"}:
            line.send(msgspec.json.encode(_message(kind, self._markets[coin], now_ms)))
        elif kind == "userFills":
            line.send(msgspec.json.encode(channel(kind, {"isSnapshot": True, "user": coin, "fills": []})))

    def depth(self, market: Market, change: Change) -> None:
        self._tell("bbo", market, change.at_ms)

    def trade(self, market: Market, trade: Trade) -> None:
        self.say(f"trades:{market.symbol}", lambda: channel("trades", [words.printed(market.contract, trade)]))

    def beat(self, markets: Iterable[Market], now_ms: int) -> None:
        due = [each for each in self._beats if now_ms // each != self._beats[each]]
        for each in due:
            self._beats[each] = now_ms // each
        for market in markets if due else ():
            if BOOK_MS in due:
                self._tell("l2Book", market, now_ms)
            if CONTEXT_MS in due:
                self._tell("activeAssetCtx", market, now_ms)

    def _tell(self, kind: str, market: Market, now_ms: int) -> None:
        self.say(f"{kind}:{market.symbol}", lambda: _message(kind, market, now_ms))


def _message(kind: str, market: Market, now_ms: int) -> dict[str, Any]:
    match kind:
        case "l2Book":
            return channel(kind, words.book(market, now_ms))
        case "bbo":
            return channel(kind, words.best(market, now_ms))
        case _:
            return channel(kind, {"coin": market.symbol, "ctx": words.context(market, now_ms)})


def channel(name: str, data: Any) -> dict[str, Any]:
    return {"channel": name, "data": data}
