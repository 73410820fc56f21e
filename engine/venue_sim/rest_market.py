"""REST answers that anyone may have: market data and the contracts' rules."""

from collections.abc import Callable
from typing import Any

from engine.venue_sim import market_words as words
from engine.venue_sim.errors import ApiError
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.exchange_info import exchange_info
from engine.venue_sim.market import Candle, Market, Trade
from engine.venue_sim.paging import page
from engine.venue_sim.parameters import Parameters, text, whole
from engine.venue_sim.price_bars import Bar, Bars, bar_row, wider
from engine.venue_sim.upkeep import INTERVAL_MS

MOST_CANDLES = 1500
DEPTHS = (5, 10, 20, 50, 100, 500, 1000)
UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "M": 2_592_000_000}
INTERVALS_MS = {
    name: int(name[:-1]) * UNITS_MS[name[-1]]
    for name in ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")
}


def ping(_exchange: Exchange, _given: Parameters) -> Any:
    return {}


def time(exchange: Exchange, _given: Parameters) -> Any:
    return {"serverTime": exchange.now_ms}


def info(exchange: Exchange, _given: Parameters) -> Any:
    return exchange_info(exchange.contracts, exchange.now_ms)


def depth(exchange: Exchange, given: Parameters) -> Any:
    limit = whole(given, "limit", 500)
    if limit not in DEPTHS:
        raise ApiError(-4021, f"{limit} is not valid depth limit")
    return words.depth_body(_market(exchange, given), limit, exchange.now_ms)


def trades(exchange: Exchange, given: Parameters) -> Any:
    market = _market(exchange, given)
    return [words.trade_body(market.contract, trade) for trade in _recent(market, given)]


def agg_trades(exchange: Exchange, given: Parameters) -> Any:
    market = _market(exchange, given)
    return [words.agg_trade_body(market.contract, trade) for trade in _recent(market, given)]


def _recent(market: Market, given: Parameters) -> list[Trade]:
    return page(given, 500, from_key="fromId").of(market.trades, lambda trade: trade.at_ms, lambda trade: trade.id)


def klines(exchange: Exchange, given: Parameters) -> Any:
    return _candles(_market(exchange, given), given)


def continuous_klines(exchange: Exchange, given: Parameters) -> Any:
    """A pair has its perpetual contract here, and no other."""
    market = exchange.market(text(given, "pair"))
    if text(given, "contractType").upper() != "PERPETUAL":
        raise ApiError(-4104, "Invalid contract type")
    return _candles(market, given)


def _candles(market: Market, given: Parameters) -> Any:
    width_ms = _width_ms(given)
    made = _within(given, words.candles(market, width_ms))
    return [words.candle_row(market.contract, candle, width_ms) for candle in made]


def price_klines(bars_of: Callable[[Market], Bars], name: str) -> Callable[[Exchange, Parameters], Any]:
    """Of a price that nobody trades at; `name` is the parameter that names the contract."""

    def answer(exchange: Exchange, given: Parameters) -> Any:
        market, width_ms = exchange.market(text(given, name)), _width_ms(given)
        return [bar_row(bar, width_ms) for bar in _within(given, wider(bars_of(market).minutes, width_ms))]

    return answer


def _width_ms(given: Parameters) -> int:
    width_ms = INTERVALS_MS.get(text(given, "interval"))
    if width_ms is None:
        raise ApiError(-1120, "Invalid interval.")
    return width_ms


def _within[T: (Candle, Bar)](given: Parameters, made: list[T]) -> list[T]:
    return page(given, 500, MOST_CANDLES).of(made, lambda each: each.open_ms)


def ticker_price(exchange: Exchange, given: Parameters) -> Any:
    def body(market: Market) -> Any:
        price = market.contract.price(market.last_price)
        return {"symbol": market.symbol, "price": price, "time": exchange.now_ms}

    return _one_or_all(exchange, given, body)


def book_ticker(exchange: Exchange, given: Parameters) -> Any:
    return _one_or_all(exchange, given, lambda market: words.book_ticker_body(market, exchange.now_ms))


def ticker_day(exchange: Exchange, given: Parameters) -> Any:
    return _one_or_all(exchange, given, lambda market: words.ticker_body(market, exchange.now_ms))


def premium_index(exchange: Exchange, given: Parameters) -> Any:
    return _one_or_all(exchange, given, lambda market: words.premium_body(market, exchange.now_ms))


def open_interest(exchange: Exchange, given: Parameters) -> Any:
    """Not on a tape: the accounts' own."""
    market = _market(exchange, given)
    held = [p.size for a in exchange.accounts.values() for _, p in a.positions(market.symbol) if p.size > 0]
    return {"symbol": market.symbol, "openInterest": f"{sum(held)}", "time": exchange.now_ms}


def funding_rate(exchange: Exchange, given: Parameters) -> Any:
    symbol = given.get("symbol")
    markets = [exchange.market(symbol)] if symbol else list(exchange.markets.values())
    rows = sorted((each for market in markets for each in market.settled), key=lambda each: each.at_ms)
    return [
        {
            "symbol": each.symbol,
            "fundingTime": each.at_ms,
            "fundingRate": f"{each.rate:.8f}",
            "markPrice": f"{each.mark:.8f}",
        }
        for each in page(given, 100).of(rows, lambda each: each.at_ms)
    ]


def funding_info(exchange: Exchange, _given: Parameters) -> Any:
    hours = INTERVAL_MS // 3_600_000
    cap = {"adjustedFundingRateCap": "0.02000000", "adjustedFundingRateFloor": "-0.02000000"}
    return [{"symbol": symbol, **cap, "fundingIntervalHours": hours} for symbol in exchange.markets]


def _market(exchange: Exchange, given: Parameters) -> Market:
    return exchange.market(text(given, "symbol"))


def _one_or_all(exchange: Exchange, given: Parameters, body: Any) -> Any:
    if symbol := given.get("symbol"):
        return body(exchange.market(symbol))
    return [body(market) for market in exchange.markets.values()]
