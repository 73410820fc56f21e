"""Bybit's public topics: a snapshot when one subscribes, and what changes from then on."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from engine.venue_sim.bybit import market_words as words
from engine.venue_sim.line import Line
from engine.venue_sim.market import Change, Market, Trade
from engine.venue_sim.subscriptions import Subscriptions
from engine.venue_sim.window import Window, opened

LEVELS = (1, 50, 200, 1000)
TICKER_MS = 100
_BOOK = re.compile(r"^orderbook\.(\d+)\.(\w+)$")
_PUBLIC = re.compile(r"^(publicTrade|tickers)\.(\w+)$")


class Topics(Subscriptions):
    """Mutable."""

    def __init__(self, markets: dict[str, Market]) -> None:
        super().__init__()
        self._markets = markets
        self._books: dict[str, Window] = {}
        self._tickers: dict[str, words.Body] = {}
        self._beat = 0

    def known(self, topic: str) -> bool:
        if (found := _BOOK.match(topic)) is not None:
            return int(found[1]) in LEVELS and found[2] in self._markets
        return (found := _PUBLIC.match(topic)) is not None and found[2] in self._markets

    def welcome(self, line: Line, topic: str, now_ms: int) -> None:
        """What somebody who has just subscribed to a known topic is told first."""
        if (found := _BOOK.match(topic)) is not None:
            line.send(msgspec.json.encode(self._snapshot(topic, int(found[1]), self._markets[found[2]], now_ms)))
        elif topic.startswith("tickers."):
            market = self._markets[topic.partition(".")[2]]
            told = self._tickers.setdefault(topic, words.ticker(market, now_ms))
            line.send(msgspec.json.encode(_ticker_message(topic, "snapshot", told, market, now_ms)))

    def _snapshot(self, topic: str, levels: int, market: Market, now_ms: int) -> words.Body:
        shown = self._books.get(topic)
        if shown is None:
            shown = self._books[topic] = opened(market, levels)
        sides = (shown.bids.items(), shown.asks.items())
        return words.book_message(topic, market, sides, u=shown.u, kind="snapshot", at_ms=now_ms)

    def depth(self, market: Market, change: Change) -> None:
        """A level that no longer is among the best is taken away, as one that was cancelled is."""
        for topic in [name for name, shown in self._books.items() if shown.market is market]:
            if topic not in self.by_name:
                del self._books[topic]
                continue
            shown = self._books[topic]
            if (changed := shown.moved()) is not None:
                message = words.book_message(topic, market, changed, u=shown.u, kind="delta", at_ms=change.at_ms)
                self.say(topic, lambda message=message: message)  # type: ignore[misc]

    def trade(self, market: Market, trade: Trade) -> None:
        topic = f"publicTrade.{market.symbol}"
        self.say(topic, lambda: words.trade_message(topic, market.contract, trade))

    def beat(self, markets: Iterable[Market], now_ms: int) -> None:
        if now_ms // TICKER_MS == self._beat:
            return
        self._beat = now_ms // TICKER_MS
        for market in markets:
            topic = f"tickers.{market.symbol}"
            if topic not in self.by_name:
                self._tickers.pop(topic, None)
                continue
            now, told = words.ticker(market, now_ms), self._tickers[topic]
            changed = {name: value for name, value in now.items() if value != told[name]}
            if changed:
                self._tickers[topic] = now
                news = {"symbol": market.symbol} | changed
                self.say(topic, lambda m=market, t=topic, n=news: _ticker_message(t, "delta", n, m, now_ms))  # type: ignore[misc]


def _ticker_message(topic: str, kind: str, data: words.Body, market: Market, at_ms: int) -> dict[str, Any]:
    return {"topic": topic, "type": kind, "data": data, "cs": market.update_id, "ts": at_ms}
