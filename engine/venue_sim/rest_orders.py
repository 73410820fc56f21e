"""REST and WebSocket answers about an account's orders."""

from typing import Any

import msgspec

from engine.core.types import ZERO
from engine.venue_sim import trading
from engine.venue_sim.account import Account
from engine.venue_sim.errors import ApiError, no_such_order, unknown_order
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.order_words import amendment_rows, order_body
from engine.venue_sim.orders import Order, Status
from engine.venue_sim.paging import page
from engine.venue_sim.parameters import (
    Parameters,
    lots_of,
    optional_whole,
    order_request,
    price_of,
    side_of,
    text,
    whole,
)
from engine.venue_sim.price_match import priced

DONE = {"code": "200", "msg": "The operation of cancel all open order is done."}
MOST_AT_ONCE, MOST_CANCELLED = 5, 10


def place(exchange: Exchange, account: Account, given: Parameters) -> Any:
    market = exchange.market(text(given, "symbol"))
    contract, default_id = market.contract, f"venue-{exchange.next_id()}"
    request = order_request(priced(market, given), contract, now_ms=exchange.now_ms, default_id=default_id)
    order = trading.place(exchange, account, request)
    body = order_body(order, contract)
    if request.result:
        return body
    nothing = {"status": "NEW", "executedQty": contract.size(0), "cumQty": contract.size(0)}
    return body | nothing | {"cumQuote": f"{ZERO:.8f}", "avgPrice": "0.00"}


def test(exchange: Exchange, _account: Account, given: Parameters) -> Any:
    """Checks the form only, as the venue does."""
    market = exchange.market(text(given, "symbol"))
    order_request(priced(market, given), market.contract, now_ms=exchange.now_ms, default_id="test")
    return {}


def modify(exchange: Exchange, account: Account, given: Parameters) -> Any:
    market = exchange.market(text(given, "symbol"))
    contract, order = market.contract, _named(account, given)
    if order is None:
        raise no_such_order()
    lots, price = lots_of(given, contract), price_of(priced(market, given), contract)
    return order_body(trading.modify(exchange, order, side=side_of(given), lots=lots, price=price), contract)


def cancel(exchange: Exchange, account: Account, given: Parameters) -> Any:
    contract = exchange.market(text(given, "symbol")).contract
    order = _named(account, given)
    if order is None:
        raise unknown_order()
    return order_body(trading.cancel(exchange, order), contract)


def query(exchange: Exchange, account: Account, given: Parameters) -> Any:
    contract = exchange.market(text(given, "symbol")).contract
    order = _named(account, given)
    if order is None or _forgotten(exchange, order):
        raise no_such_order()
    return order_body(order, contract, queried=True)


def open_order(exchange: Exchange, account: Account, given: Parameters) -> Any:
    contract = exchange.market(text(given, "symbol")).contract
    order = _named(account, given)
    if order is None or not order.is_open:
        raise no_such_order()
    return order_body(order, contract, queried=True)


def open_orders(exchange: Exchange, account: Account, given: Parameters) -> Any:
    symbol = given.get("symbol") or None
    if symbol:
        exchange.market(symbol)
    return [_queried(exchange, order) for order in account.open_orders(symbol)]


def all_orders(exchange: Exchange, account: Account, given: Parameters) -> Any:
    symbol = exchange.market(text(given, "symbol")).symbol
    kept = (o for o in account.orders.values() if o.request.symbol == symbol and not _forgotten(exchange, o))
    asked = page(given, 500, from_key="orderId", week=True)
    return [_queried(exchange, order) for order in asked.of(kept, lambda o: o.created_ms, lambda o: o.id)]


def cancel_all(exchange: Exchange, account: Account, given: Parameters) -> Any:
    trading.cancel_all(exchange, account, exchange.market(text(given, "symbol")).symbol)
    return DONE | {"code": 200}


def countdown(exchange: Exchange, account: Account, given: Parameters) -> Any:
    """Arm, prolong or (with 0) disarm the timer that cancels a symbol's orders."""
    symbol, after_ms = exchange.market(text(given, "symbol")).symbol, whole(given, "countdownTime")
    if after_ms:
        account.countdowns[symbol] = exchange.now_ms + after_ms
    else:
        account.countdowns.pop(symbol, None)
    return {"symbol": symbol, "countdownTime": str(after_ms)}


def amendments(exchange: Exchange, account: Account, given: Parameters) -> Any:
    """Of one order or of all of a symbol, latest first."""
    market, named = exchange.market(text(given, "symbol")), given.get("orderId") or given.get("origClientOrderId")
    one = _named(account, given) if named else None
    orders = ([one] if one else []) if named else account.orders.values()
    rows = [
        row
        for order in orders
        if order.request.symbol == market.symbol
        for row in amendment_rows(order, market.contract)
    ]
    rows.sort(key=lambda row: row["amendmentId"])
    return page(given, 50, 100).of(rows, lambda row: row["time"])[::-1]


def place_many(exchange: Exchange, account: Account, given: Parameters) -> Any:
    return _each(given, "batchOrders", lambda one: place(exchange, account, one))


def modify_many(exchange: Exchange, account: Account, given: Parameters) -> Any:
    return _each(given, "batchOrders", lambda one: modify(exchange, account, one))


def cancel_many(exchange: Exchange, account: Account, given: Parameters) -> Any:
    symbol = text(given, "symbol")
    by_id = [{"symbol": symbol, "orderId": str(each)} for each in _listed(given, "orderIdList")]
    named = [{"symbol": symbol, "origClientOrderId": str(each)} for each in _listed(given, "origClientOrderIdList")]
    if not by_id and not named:
        raise ApiError(-1102, "Param 'origClientOrderIdList' or 'orderIdList' must be sent, but both were empty/null!")
    if len(by_id + named) > MOST_CANCELLED:
        raise ApiError(-4032, "Exceed maximum cancel order size.")
    return [_tried(lambda one=one: cancel(exchange, account, one)) for one in by_id + named]


def _each(given: Parameters, name: str, act: Any) -> Any:
    orders = _listed(given, name)
    if not 0 < len(orders) <= MOST_AT_ONCE or not all(isinstance(one, dict) for one in orders):
        raise ApiError(-4082, "Invalid number of batch place orders.")
    return [_tried(lambda one=one: act(_strings(one))) for one in orders]


def _listed(given: Parameters, name: str) -> list[Any]:
    """Under its name, or in small letters, as some clients write it."""
    try:
        found = msgspec.json.decode(given.get(name) or given.get(name.lower()) or "[]")
    except msgspec.DecodeError:
        found = None
    if not isinstance(found, list):
        raise ApiError(-1100, f"Illegal characters found in parameter '{name}'.")
    return found


def _strings(one: dict[str, Any]) -> dict[str, str]:
    return {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in one.items()}


def _tried(act: Any) -> Any:
    try:
        return act()
    except ApiError as error:
        return error.body()


def _named(account: Account, given: Parameters) -> Order | None:
    order_id, client_id = optional_whole(given, "orderId"), given.get("origClientOrderId")
    if order_id is None and not client_id:
        raise ApiError(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
    return trading.find(account, text(given, "symbol"), order_id, client_id)


def _queried(exchange: Exchange, order: Order) -> Any:
    return order_body(order, exchange.contracts[order.request.symbol], queried=True)


def _forgotten(exchange: Exchange, order: Order) -> bool:
    """The venue forgets cancelled and expired orders without a fill after three days."""
    idle = order.status in {Status.CANCELED, Status.EXPIRED} and not order.filled
    return idle and exchange.now_ms - order.created_ms > 3 * 86_400_000
