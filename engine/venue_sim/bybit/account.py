"""Bybit's REST about an account: its orders, executions, positions, balance and settings."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, unquote

from engine.venue_sim import rest_settings, trading
from engine.venue_sim.account import Account, Leg
from engine.venue_sim.bybit import order_words as words
from engine.venue_sim.bybit.errors import BybitError
from engine.venue_sim.contract import money
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.market import Market
from engine.venue_sim.orders import Order
from engine.venue_sim.paging import WEEK_MS
from engine.venue_sim.parameters import Parameters, order_request, whole

_LEGS = {"0": "BOTH", "1": "LONG", "2": "SHORT"}
_TIFS = {word: tif for tif, word in words.TIFS.items() if tif != "GTD"}
_BOTH_SIDES = "3"
SPOT = "SPOT_TRADE"  # of the pair that has the contract's symbol; only the wallet knows of it here
_LOG = {"FUNDING_FEE": "SETTLEMENT", "REALIZED_PNL": "TRADE", "COMMISSION": "TRADE", SPOT: "TRADE"}
_CURSOR = ":0"


def market_of(exchange: Exchange, given: Parameters) -> Market:
    """Raises BybitError for another category than linear, or a symbol that is not traded."""
    check_category(given)
    if (found := exchange.markets.get(given.get("symbol", ""))) is None:
        raise BybitError(10001, "params error: symbol invalid")
    return found


def check_category(given: Parameters) -> None:
    if given.get("category") != "linear":
        raise BybitError(10001, "params error: only category linear is traded here")


def create(exchange: Exchange, account: Account, given: Parameters) -> Any:
    market = market_of(exchange, given)
    asked = {
        "symbol": market.symbol,
        "side": given.get("side", "").upper(),
        "type": given.get("orderType", "").upper(),
        "quantity": given.get("qty", ""),
        "positionSide": _LEGS.get(given.get("positionIdx", "0"), ""),
        "reduceOnly": given.get("reduceOnly", "false"),
        "newClientOrderId": given.get("orderLinkId", ""),
    }
    if asked["type"] == "LIMIT":
        asked |= {"price": given.get("price", ""), "timeInForce": _TIFS.get(given.get("timeInForce", "GTC"), "")}
    number = exchange.next_id()
    request = order_request(asked, market.contract, now_ms=exchange.now_ms, default_id=f"none-{number}")
    return _named(trading.place_or_note(exchange, account, request, words.CROSSED))


def _named(order: Order) -> Any:
    return {"orderId": words.order_id(order.id), "orderLinkId": order.request.client_id}


def amend(exchange: Exchange, account: Account, given: Parameters) -> Any:
    order = _found(exchange, account, given)
    contract = exchange.contracts[order.request.symbol]
    asked = {"quantity": given.get("qty") or contract.size(order.lots)}
    price = given.get("price") or contract.price(order.price or 0)
    request = {"price": price, "side": order.request.side.name, "type": "LIMIT", "timeInForce": "GTC"}
    wanted = order_request({**asked, **request}, contract, now_ms=exchange.now_ms, default_id="amended")
    return _named(trading.modify(exchange, order, side=order.request.side, lots=wanted.lots, price=wanted.price or 0))


def cancel(exchange: Exchange, account: Account, given: Parameters) -> Any:
    return _named(trading.cancel(exchange, _found(exchange, account, given)))


def cancel_all(exchange: Exchange, account: Account, given: Parameters) -> Any:
    check_category(given)
    symbol = market_of(exchange, given).symbol if given.get("symbol") else None
    return {"list": [_named(order) for order in trading.cancel_all(exchange, account, symbol)], "success": "1"}


def _number(given: Parameters) -> int | None:
    return words.order_number(given["orderId"]) if given.get("orderId") else None


def _found(exchange: Exchange, account: Account, given: Parameters) -> Order:
    market = market_of(exchange, given)
    number = _number(given)
    order = trading.find(account, market.symbol, number, given.get("orderLinkId"))
    if order is None:
        raise BybitError(110001, "order not exists or too late to cancel")
    return order


def open_orders(exchange: Exchange, account: Account, given: Parameters) -> Any:
    """Of one symbol or of all."""
    orders = _asked(account, account.open.values(), given)
    return _page(exchange, given, orders, _order_row)


def order_history(exchange: Exchange, account: Account, given: Parameters) -> Any:
    """Those that are over, newest first."""
    over = (order for order in reversed(account.orders.values()) if not order.is_open)
    return _page(exchange, given, _asked(account, over, given), _order_row)


def _order_row(exchange: Exchange, order: Order) -> Any:
    return words.order_row(order, exchange.contracts[order.request.symbol])


def _asked(account: Account, orders: Iterable[Order], given: Parameters) -> list[Order]:
    """Neither conditional ones are traded here nor contracts that are settled in another asset than the account's."""
    check_category(given)
    if given.get("orderFilter") == "StopOrder" or given.get("settleCoin", account.asset) != account.asset:
        return []
    number = _number(given)
    wanted = {"symbol": given.get("symbol"), "client_id": given.get("orderLinkId")}
    named = (each for each in orders if number in {None, each.id})
    return [each for each in named if all(not v or getattr(each.request, k) == v for k, v in wanted.items())]


def executions(exchange: Exchange, account: Account, given: Parameters) -> Any:
    """Newest first. The venue answers for at most a week at once."""
    check_category(given)
    start, end = _span(exchange, given)
    number = _number(given)
    fills = [
        fill
        for fill in reversed(account.fills)
        if start <= fill.at_ms <= end
        and given.get("symbol") in {None, "", fill.symbol}
        and number in {None, fill.order_id}
    ]
    return _page(
        exchange,
        given,
        fills,
        lambda e, fill: words.execution_row(fill, e.contracts[fill.symbol], account.orders[fill.order_id]),
    )


def _span(exchange: Exchange, given: Parameters) -> tuple[int, int]:
    end = whole(given, "endTime", exchange.now_ms)
    start = whole(given, "startTime", max(end - WEEK_MS, 1))
    if end - start > WEEK_MS:
        raise BybitError(10001, "params error: the time range must be within 7 days")
    return start, end


def _page[T](exchange: Exchange, given: Parameters, rows: list[T], write: Callable[[Exchange, T], Any]) -> Any:
    """A cursor is where the next page begins, as it is to stand in an address; NautilusTrader's clients encode it once
    more."""
    begins = {"cursor": unquote(given.get("cursor", "")).removesuffix(_CURSOR)}
    start, limit = whole(begins, "cursor", 0), min(whole(given, "limit", 20), 100)
    more = quote(f"{start + limit}{_CURSOR}") if len(rows) > start + limit else ""
    listed = [write(exchange, row) for row in rows[start : start + limit]]
    return {"category": "linear", "list": listed, "nextPageCursor": more}


def positions(exchange: Exchange, account: Account, given: Parameters) -> Any:
    """Of a symbol that is asked for by name also where nothing is held."""
    check_category(given)
    if given.get("symbol"):
        market_of(exchange, given)
        words_of_legs = ("LONG", "SHORT") if account.dual else ("BOTH",)
        legs: list[Leg] = [(given["symbol"], word) for word in words_of_legs]
    else:
        legs = [leg for leg, _ in account.positions()]
    return {"category": "linear", "list": [position(exchange, account, leg) for leg in legs], "nextPageCursor": ""}


def position(exchange: Exchange, account: Account, leg: Leg) -> Any:
    market = exchange.markets[leg[0]]
    return words.position_row(account, exchange.margins(account), leg, market.contract, market.mark_price)


def wallet(exchange: Exchange, account: Account, given: Parameters) -> Any:
    if given.get("accountType") != "UNIFIED":
        raise BybitError(10001, "params error: accountType only supports UNIFIED")
    return {"list": [words.wallet_row(account, exchange.margins(account))]}


def info(_exchange: Exchange, account: Account, _given: Parameters) -> Any:
    margin = "ISOLATED_MARGIN" if account.isolated else "REGULAR_MARGIN"
    more = {"dcpStatus": "OFF", "timeWindow": 0, "smpGroup": 0, "isMasterTrader": False, "spotHedgingStatus": "OFF"}
    return {"marginMode": margin, "updatedTime": "0", "unifiedMarginStatus": 5, **more}


def fee_rate(exchange: Exchange, _account: Account, given: Parameters) -> Any:
    rows = [
        {
            "symbol": symbol,
            "baseCoin": "",
            "takerFeeRate": f"{contract.instrument.taker_fee:f}",
            "makerFeeRate": f"{contract.instrument.maker_fee:f}",
        }
        for symbol, contract in exchange.contracts.items()
        if given.get("symbol") in {None, "", symbol}
    ]
    return {"list": rows}


def transaction_log(exchange: Exchange, account: Account, given: Parameters) -> Any:
    """Changes of the wallet, newest first; `change` is what came, negative where it went."""
    start, end = _span(exchange, given)
    rows = [each for each in reversed(account.incomes) if start <= each.at_ms <= end]
    return _page(
        exchange,
        given,
        rows,
        lambda _, each: {
            "id": str(each.id),
            "symbol": each.symbol,
            "category": "spot" if each.kind == SPOT else "linear",
            "type": _LOG.get(each.kind, "TRANSFER_IN" if each.amount > 0 else "TRANSFER_OUT"),
            "currency": account.asset,
            "transactionTime": str(each.at_ms),
            "change": money(each.amount),
            "tradeId": each.trade_id,
        },
    )


def set_leverage(exchange: Exchange, account: Account, given: Parameters) -> Any:
    symbol, wanted = market_of(exchange, given).symbol, given.get("buyLeverage", "")
    if not wanted.isdigit() or wanted != given.get("sellLeverage"):
        raise BybitError(10001, "params error: buyLeverage must equal sellLeverage")
    if int(wanted) == account.leverage(symbol):
        raise BybitError(110043, "leverage not modified")
    rest_settings.leverage(exchange, account, {"symbol": symbol, "leverage": wanted})
    return {}


def switch_mode(exchange: Exchange, account: Account, given: Parameters) -> Any:
    check_category(given)
    dual = "true" if given.get("mode") == _BOTH_SIDES else "false"
    rest_settings.set_position_mode(exchange, account, {"dualSidePosition": dual})
    return {}


def whose(_exchange: Exchange, account: Account, _given: Parameters) -> Any:
    """What the venue says of the key that asks: the number of its account."""
    return {"userID": int(account.key[:8], 16), "apiKey": account.key, "readOnly": 0, "uta": 1}
