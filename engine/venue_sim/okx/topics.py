"""OKX's public channels: the first words when one subscribes, and what changes from then on."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from engine.venue_sim.line import Line
from engine.venue_sim.market import Change, Market, Trade
from engine.venue_sim.okx import market_words as words
from engine.venue_sim.okx.contracts import family, instrument_row
from engine.venue_sim.subscriptions import Subscriptions
from engine.venue_sim.window import Window, opened

BEAT_MS = 200
LEVELS = {"books": 400, "books5": 5, "bbo-tbt": 1}
_TIMED: dict[str, Callable[[Market, int], words.Body]] = {
    "tickers": words.ticker,
    "mark-price": words.mark,
    "index-tickers": words.index,
    "funding-rate": words.funding,
}
_WHOLE = ("books5", "bbo-tbt")


class Topics(Subscriptions):
    """Under the name channel:contract (of an index: its pair). Mutable."""

    def __init__(self, markets: dict[str, Market], codes: dict[str, str]) -> None:
        super().__init__()
        self._markets = markets
        self._pairs = {family(market.contract): market for market in markets.values()}
        self._rows = [instrument_row(markets[symbol].contract, code) for code, symbol in codes.items()]
        self._books: dict[str, Window] = {}
        self._told: dict[str, words.Body] = {}
        self._beat = 0

    def known(self, arg: dict[str, Any]) -> bool:
        channel, symbol = arg.get("channel"), arg.get("instId")
        if channel == "instruments":
            return arg.get("instType") == "SWAP"
        if channel == "index-tickers":
            return symbol in self._pairs
        return symbol in self._markets and (channel in LEVELS or channel in _TIMED or channel == "trades")

    def welcome(self, line: Line, arg: dict[str, Any], now_ms: int) -> None:
        """What somebody who has just subscribed to a known channel is told first."""
        channel, name = arg["channel"], name_of(arg)
        if channel == "instruments":
            line.send(msgspec.json.encode({"arg": arg, "data": self._rows}))
        elif channel == "books":
            window = self._books.setdefault(name, opened(self._markets[arg["instId"]], LEVELS[channel]))
            levels = (window.bids.items(), window.asks.items())
            row = words.book(window.market, levels, now_ms, before=-1, number=window.u)
            line.send(msgspec.json.encode({"arg": arg, "action": "snapshot", "data": [row]}))
        elif channel in LEVELS:
            row = words.book_now(self._markets[arg["instId"]], LEVELS[channel], now_ms)
            line.send(msgspec.json.encode({"arg": arg, "data": [row]}))
        elif channel in _TIMED:
            row = _TIMED[channel](self._market(channel, arg["instId"]), now_ms)
            line.send(msgspec.json.encode({"arg": arg, "data": [row]}))

    def _market(self, channel: str, symbol: str) -> Market:
        return (self._pairs if channel == "index-tickers" else self._markets)[symbol]

    def depth(self, market: Market, change: Change) -> None:
        """A level that no longer is among the best is taken away, as one that was cancelled is."""
        name = f"books:{market.symbol}"
        if name not in self.by_name:
            self._books.pop(name, None)
        elif (changed := (window := self._books[name]).moved()) is not None:
            row = words.book(market, changed, change.at_ms, before=window.u - 1, number=window.u)
            self.say(name, lambda: _message(name, row) | {"action": "update"})
        for channel in _WHOLE:
            self._tell_whole(channel, market, change.at_ms)

    def _tell_whole(self, channel: str, market: Market, at_ms: int) -> None:
        name = f"{channel}:{market.symbol}"
        if name not in self.by_name:
            return
        row = words.book_now(market, LEVELS[channel], at_ms)
        levels = {side: row[side] for side in ("bids", "asks")}
        if self._told.get(name) != levels:
            self._told[name] = levels
            self.say(name, lambda: _message(name, row))

    def trade(self, market: Market, trade: Trade) -> None:
        name = f"trades:{market.symbol}"
        self.say(name, lambda: _message(name, words.trade(market.contract, trade)))

    def beat(self, _markets: Iterable[Market], now_ms: int) -> None:
        if now_ms // BEAT_MS == self._beat:
            return
        self._beat = now_ms // BEAT_MS
        for name in [each for each in self.by_name if each.partition(":")[0] in _TIMED]:
            channel, _, symbol = name.partition(":")
            row = _TIMED[channel](self._market(channel, symbol), now_ms)
            news = {key: value for key, value in row.items() if key != "ts"}
            if self._told.get(name) != news:
                self._told[name] = news
                self.say(name, lambda name=name, row=row: _message(name, row))  # type: ignore[misc]


def name_of(arg: dict[str, Any]) -> str:
    return f"{arg.get('channel')}:{arg.get('instId') or arg.get('instType') or ''}"


def _message(name: str, row: words.Body) -> dict[str, Any]:
    channel, _, symbol = name.partition(":")
    return {"arg": {"channel": channel, "instId": symbol}, "data": [row]}
