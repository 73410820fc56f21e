"""What OKX's v5 answers over REST: method and path, who may ask."""

from collections.abc import Callable
from typing import Any

import msgspec

from engine.venue_sim.exchange import Exchange
from engine.venue_sim.market import Market
from engine.venue_sim.okx import account, orders
from engine.venue_sim.okx import market_words as words
from engine.venue_sim.okx.contracts import codes, family, instrument_row
from engine.venue_sim.okx.errors import OkxError
from engine.venue_sim.okx.orders import market_of
from engine.venue_sim.parameters import Parameters, whole

MOST_LEVELS = 400
PAGE = 100


class Route(msgspec.Struct, frozen=True):
    """`act` is given the exchange, the account where it is `signed`, and the parameters; it returns `data`."""

    act: Callable[..., Any]
    signed: bool = True


def time(exchange: Exchange, _given: Parameters) -> Any:
    return [{"ts": str(exchange.now_ms)}]


def instruments(exchange: Exchange, given: Parameters) -> Any:
    if given.get("instType") != "SWAP":
        return []
    named = {symbol: code for code, symbol in codes(exchange).items()}
    markets = [market for market in _asked(exchange, given) if given.get("instId") in {None, "", market.symbol}]
    if not markets:
        raise OkxError(51001, "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
    return [instrument_row(market.contract, named[market.symbol]) for market in markets]


def _asked(exchange: Exchange, given: Parameters) -> list[Market]:
    families = {None, ""}
    return [each for each in exchange.markets.values() if given.get("instFamily") in families | {family(each.contract)}]


def marks(exchange: Exchange, given: Parameters) -> Any:
    wanted = (each for each in exchange.markets.values() if given.get("instId") in {None, "", each.symbol})
    return [words.mark(market, exchange.now_ms) for market in wanted]


def indexes(exchange: Exchange, given: Parameters) -> Any:
    every = [words.index(market, exchange.now_ms) for market in exchange.markets.values()]
    return [row for row in every if given.get("instId") in {None, "", row["instId"]}]


def funding(exchange: Exchange, given: Parameters) -> Any:
    return [words.funding(market_of(exchange, given), exchange.now_ms)]


def paid(exchange: Exchange, given: Parameters) -> Any:
    market = market_of(exchange, given)
    rows = [
        {
            "instType": "SWAP",
            "instId": market.symbol,
            "fundingRate": f"{each.rate:f}",
            "realizedRate": f"{each.rate:f}",
            "fundingTime": str(each.at_ms),
            "method": "current_period",
        }
        for each in reversed(market.settled)
    ]
    return rows[: _limit(given, PAGE)]


def book(exchange: Exchange, given: Parameters) -> Any:
    count = min(whole(given, "sz", 1), MOST_LEVELS)
    return [words.book_now(market_of(exchange, given), count, exchange.now_ms)]


def trades(exchange: Exchange, given: Parameters) -> Any:
    market = market_of(exchange, given)
    return [words.trade(market.contract, each) for each in reversed(market.trades)][: _limit(given, 5 * PAGE)]


def ticker(exchange: Exchange, given: Parameters) -> Any:
    return [words.ticker(market_of(exchange, given), exchange.now_ms)]


def tickers(exchange: Exchange, _given: Parameters) -> Any:
    return [words.ticker(market, exchange.now_ms) for market in exchange.markets.values()]


def _limit(given: Parameters, most: int) -> int:
    return min(whole(given, "limit", PAGE), most)


ROUTES: dict[str, Route] = {
    "GET /api/v5/public/time": Route(time, signed=False),
    "GET /api/v5/public/instruments": Route(instruments, signed=False),
    "GET /api/v5/public/mark-price": Route(marks, signed=False),
    "GET /api/v5/public/funding-rate": Route(funding, signed=False),
    "GET /api/v5/public/funding-rate-history": Route(paid, signed=False),
    "GET /api/v5/market/index-tickers": Route(indexes, signed=False),
    "GET /api/v5/market/books": Route(book, signed=False),
    "GET /api/v5/market/trades": Route(trades, signed=False),
    "GET /api/v5/market/ticker": Route(ticker, signed=False),
    "GET /api/v5/market/tickers": Route(tickers, signed=False),
    "POST /api/v5/trade/cancel-all-after": Route(orders.cancel_all_after),
    "GET /api/v5/trade/order": Route(account.order),
    "GET /api/v5/trade/orders-pending": Route(account.pending),
    "GET /api/v5/trade/orders-history": Route(account.history),
    "GET /api/v5/trade/orders-algo-pending": Route(account.nothing),
    "GET /api/v5/trade/orders-algo-history": Route(account.nothing),
    "GET /api/v5/trade/fills": Route(account.fills),
    "GET /api/v5/trade/fills-history": Route(account.fills),
    "GET /api/v5/account/bills": Route(account.bills),
    "GET /api/v5/account/bills-archive": Route(account.bills),
    "GET /api/v5/account/balance": Route(account.balance),
    "GET /api/v5/account/positions": Route(account.positions),
    "GET /api/v5/account/config": Route(account.config),
    "GET /api/v5/account/leverage-info": Route(account.leverage),
    "GET /api/v5/account/trade-fee": Route(account.fee_rates),
    "POST /api/v5/account/set-leverage": Route(account.set_leverage),
    "POST /api/v5/account/set-position-mode": Route(account.set_position_mode),
}
ORDERS: dict[str, orders.Act] = {  # answered with what became of each
    "POST /api/v5/trade/order": orders.place,
    "POST /api/v5/trade/amend-order": orders.amend,
    "POST /api/v5/trade/cancel-order": orders.cancel,
    "POST /api/v5/trade/batch-orders": orders.place,
    "POST /api/v5/trade/amend-batch-orders": orders.amend,
    "POST /api/v5/trade/cancel-batch-orders": orders.cancel,
}
OPERATIONS: dict[str, orders.Act] = {
    "order": orders.place,
    "amend-order": orders.amend,
    "cancel-order": orders.cancel,
    "batch-orders": orders.place,
    "batch-amend-orders": orders.amend,
    "batch-cancel-orders": orders.cancel,
}
