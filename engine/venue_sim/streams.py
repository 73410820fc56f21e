"""Which stream says what, and when: names as Binance spells them, messages made only where someone listens."""

import re
from collections.abc import Iterable
from functools import partial
from typing import Any

import msgspec

from engine.core.types import Side
from engine.venue_sim import market_words as words
from engine.venue_sim.market import Candle, Change, Market, Trade
from engine.venue_sim.rest_market import INTERVALS_MS
from engine.venue_sim.subscriptions import Subscriptions

DEPTH = re.compile(r"@depth(5|10|20)?(?:@(0|100|250|500)ms)?$")
DEFAULT_MS = 250
CADENCES_MS = (100, 250, 500)
KLINE, CONTINUOUS = "@kline_", "_perpetual@continuousKline_"


class Window:
    """The book's changes since the last message of one cadence. Mutable."""

    def __init__(self, change: Change) -> None:
        self.first, self.previous, self.last = change.first, change.previous, change.last
        self.bids, self.asks = dict(change.bids), dict(change.asks)

    def add(self, change: Change) -> None:
        self.last = change.last
        self.bids.update(change.bids)
        self.asks.update(change.asks)

    def change(self, symbol: str, at_ms: int) -> Change:
        bids, asks = list(self.bids.items()), list(self.asks.items())
        return Change(symbol, at_ms, self.first, self.last, self.previous, bids, asks)


class Streams(Subscriptions):
    """Who listens to what. Mutable."""

    def __init__(self) -> None:
        super().__init__()
        self._windows: dict[tuple[str, int], Window] = {}
        self._beats: dict[int, int] = {}
        self._unsaid_ms: dict[str, int] = {}  # candle stream -> the first candle that may still change
        self._tops: dict[str, Any] = {}

    def depth(self, market: Market, change: Change) -> None:
        symbol = market.symbol.lower()
        self.say(f"{symbol}@depth@0ms", lambda: words.depth_event(market.contract, change))
        for cadence in CADENCES_MS:
            window = self._windows.get((market.symbol, cadence))
            if window is None:
                self._windows[market.symbol, cadence] = Window(change)
            else:
                window.add(change)
        tops = (market.bids, market.asks)
        if tops != self._tops.get(symbol):
            self._tops[symbol] = tops
            for name in (f"{symbol}@bookTicker", "!bookTicker"):
                self.say(name, lambda: words.book_ticker_event(market, change.at_ms))

    def trade(self, market: Market, trade: Trade) -> None:
        symbol = market.symbol.lower()
        self.say(f"{symbol}@trade", lambda: words.trade_event(market.contract, trade))
        self.say(f"{symbol}@aggTrade", lambda: words.agg_trade_event(market.contract, trade))

    def beat(self, markets: Iterable[Market], now_ms: int) -> None:
        """Send what goes out at intervals and is due."""
        due = [every for every in (100, 250, 500, 1000, 2000, 3000) if self._due(every, now_ms)]
        for market in markets if due else ():
            for every in due:
                self._regular(market, every, now_ms)
        if 1000 in due:
            self._arrays(list(markets), now_ms)

    def _due(self, every_ms: int, now_ms: int) -> bool:
        beat = now_ms // every_ms
        if self._beats.get(every_ms) == beat:
            return False
        self._beats[every_ms] = beat
        return True

    def _regular(self, market: Market, every_ms: int, now_ms: int) -> None:
        symbol = market.symbol.lower()
        if every_ms in CADENCES_MS:
            self._window(market, every_ms, now_ms)
        if every_ms == 250:
            self._klines(market, now_ms)
        if every_ms == 1000:
            self.say(f"{symbol}@markPrice@1s", lambda: words.mark_event(market, now_ms))
        if every_ms == 2000:
            self.say(f"{symbol}@ticker", lambda: words.ticker_event(market, now_ms))
            self.say(f"{symbol}@miniTicker", lambda: words.mini_ticker_event(market, now_ms))
        if every_ms == 3000:
            self.say(f"{symbol}@markPrice", lambda: words.mark_event(market, now_ms))

    def _arrays(self, markets: list[Market], now_ms: int) -> None:
        self.say("!markPrice@arr@1s", lambda: [words.mark_event(market, now_ms) for market in markets])
        self.say("!markPrice@arr", lambda: [words.mark_event(market, now_ms) for market in markets])
        self.say("!ticker@arr", lambda: [words.ticker_event(market, now_ms) for market in markets])
        self._asset_indexes(sorted({market.contract.instrument.settlement for market in markets}), now_ms)
        self.say("!miniTicker@arr", lambda: [words.mini_ticker_event(market, now_ms) for market in markets])

    def _asset_indexes(self, assets: list[str], now_ms: int) -> None:
        self.say("!assetIndex@arr", lambda: [words.asset_index_event(asset, now_ms) for asset in assets])
        for asset in assets:
            self.say(f"{asset.lower()}usd@assetIndex", partial(words.asset_index_event, asset, now_ms))

    def _window(self, market: Market, every_ms: int, now_ms: int) -> None:
        window = self._windows.pop((market.symbol, every_ms), None)
        if window is None:
            return
        change, symbol = window.change(market.symbol, now_ms), market.symbol.lower()
        suffixes = [f"@{every_ms}ms", *([""] if every_ms == DEFAULT_MS else [])]
        for suffix in suffixes:
            self.say(f"{symbol}@depth{suffix}", lambda: words.depth_event(market.contract, change))
            self.say(f"{symbol}@rpiDepth{suffix}", lambda: words.depth_event(market.contract, change))
            for count in (5, 10, 20):
                top = msgspec.structs.replace(
                    change, bids=_top(market, Side.BUY, count), asks=_top(market, Side.SELL, count)
                )
                self.say(f"{symbol}@depth{count}{suffix}", partial(words.depth_event, market.contract, top))

    def _klines(self, market: Market, now_ms: int) -> None:
        """Each candle ends with a word that says so, also where the next has already begun."""
        symbol = market.symbol.lower()
        for prefix, event in (
            (f"{symbol}{KLINE}", words.kline_event),
            (f"{symbol}{CONTINUOUS}", words.continuous_event),
        ):
            for name in [name for name in self.by_name if name.startswith(prefix)]:
                interval = name.removeprefix(prefix)
                if width := INTERVALS_MS.get(interval):
                    for candle in self._fresh(name, words.candles(market, width)[-2:], width, now_ms):
                        self.say(name, partial(event, market, candle, interval, width_ms=width, at_ms=now_ms))

    def _fresh(self, name: str, newest: list[Candle], width_ms: int, now_ms: int) -> list[Candle]:
        """Of the two newest candles those of which the stream has not yet said that they are over."""
        since = self._unsaid_ms.get(name, newest[-1].open_ms if newest else 0)
        fresh = [candle for candle in newest if candle.open_ms >= since]
        if fresh:
            over = now_ms >= fresh[-1].open_ms + width_ms
            self._unsaid_ms[name] = fresh[-1].open_ms + (width_ms if over else 0)
        return fresh


def _top(market: Market, side: Side, count: int) -> list[tuple[int, int]]:
    return market.matching.sides[side].top(count)
