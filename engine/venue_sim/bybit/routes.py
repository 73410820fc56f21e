"""What Bybit's v5 answers over REST: method and path, who may ask."""

from collections.abc import Callable
from typing import Any

import msgspec

from engine.venue_sim.bybit import account, dcp
from engine.venue_sim.bybit import market_words as words
from engine.venue_sim.bybit.account import check_category, market_of
from engine.venue_sim.bybit.errors import BybitError
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.market import Market
from engine.venue_sim.parameters import Parameters

MOST_LEVELS = 500
MOST_TRADES = 1000
PAGE = 200


class Route(msgspec.Struct, frozen=True):
    """`act` is given the exchange, the account where it is `signed`, and the parameters; it returns `result`."""

    act: Callable[..., Any]
    signed: bool = True


def time(exchange: Exchange, _given: Parameters) -> Any:
    return {"timeSecond": str(exchange.now_ns // 10**9), "timeNano": str(exchange.now_ns)}


def instruments(exchange: Exchange, given: Parameters) -> Any:
    markets = _one_or_all(exchange, given)
    return {
        "category": "linear",
        "list": [words.instrument(market.contract) for market in markets],
        "nextPageCursor": "",
    }


def tickers(exchange: Exchange, given: Parameters) -> Any:
    rows = [words.ticker(market, exchange.now_ms) for market in _one_or_all(exchange, given)]
    return {"category": "linear", "list": rows}


def orderbook(exchange: Exchange, given: Parameters) -> Any:
    return words.book_body(market_of(exchange, given), _limit(given, 25, MOST_LEVELS), exchange.now_ms)


def recent_trades(exchange: Exchange, given: Parameters) -> Any:
    market = market_of(exchange, given)
    rows = [_recent(words.trade_row(market.contract, trade)) for trade in market.trades]
    return {"category": "linear", "list": rows[::-1][: _limit(given, 500, MOST_TRADES)]}


def _recent(row: words.Body) -> words.Body:
    names = {"i": "execId", "s": "symbol", "p": "price", "v": "size", "S": "side", "seq": "seq"}
    return {name: str(row[letter]) for letter, name in names.items()} | {
        "time": str(row["T"]),
        "isBlockTrade": False,
        "isRPITrade": False,
    }


def funding_history(exchange: Exchange, given: Parameters) -> Any:
    market = market_of(exchange, given)
    rows = [
        {"symbol": market.symbol, "fundingRate": f"{each.rate:f}", "fundingRateTimestamp": str(each.at_ms)}
        for each in market.settled
    ]
    return {"category": "linear", "list": rows[::-1][: _limit(given, PAGE, PAGE)]}


def _one_or_all(exchange: Exchange, given: Parameters) -> list[Market]:
    check_category(given)
    return [market_of(exchange, given)] if given.get("symbol") else list(exchange.markets.values())


def _limit(given: Parameters, default: int, most: int) -> int:
    asked = given.get("limit", str(default))
    if not asked.isdigit() or not 0 < int(asked) <= most:
        raise BybitError(10001, "params error: limit invalid")
    return int(asked)


ROUTES: dict[str, Route] = {
    "GET /v5/market/time": Route(time, signed=False),
    "GET /v5/market/instruments-info": Route(instruments, signed=False),
    "GET /v5/market/tickers": Route(tickers, signed=False),
    "GET /v5/market/orderbook": Route(orderbook, signed=False),
    "GET /v5/market/recent-trade": Route(recent_trades, signed=False),
    "GET /v5/market/funding/history": Route(funding_history, signed=False),
    "POST /v5/order/create": Route(account.create),
    "POST /v5/order/amend": Route(account.amend),
    "POST /v5/order/cancel": Route(account.cancel),
    "POST /v5/order/cancel-all": Route(account.cancel_all),
    "GET /v5/order/realtime": Route(account.open_orders),
    "GET /v5/order/history": Route(account.order_history),
    "GET /v5/execution/list": Route(account.executions),
    "GET /v5/position/list": Route(account.positions),
    "POST /v5/position/set-leverage": Route(account.set_leverage),
    "POST /v5/position/switch-mode": Route(account.switch_mode),
    "GET /v5/account/wallet-balance": Route(account.wallet),
    "GET /v5/account/info": Route(account.info),
    "GET /v5/account/fee-rate": Route(account.fee_rate),
    "GET /v5/account/transaction-log": Route(account.transaction_log),
    "GET /v5/account/query-dcp-info": Route(dcp.info),
    "POST /v5/order/disconnected-cancel-all": Route(dcp.set_window),
    "GET /v5/user/query-api": Route(account.whose),
}
OPERATIONS = {
    "order.create": account.create,
    "order.amend": account.amend,
    "order.cancel": account.cancel,
}
