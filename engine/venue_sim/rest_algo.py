"""Conditional ("algo") orders: a trigger price that, once the market reaches it, places an ordinary order."""

from typing import Any

import msgspec

from engine.core.types import Side
from engine.venue_sim import trading
from engine.venue_sim.account import Account
from engine.venue_sim.contract import Contract
from engine.venue_sim.errors import ApiError, bad_value, no_such_order, unknown_order
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.market import Market
from engine.venue_sim.orders import Request
from engine.venue_sim.parameters import (
    CLIENT_ID,
    CONDITIONAL,
    Parameters,
    flag,
    lots_of,
    number,
    optional_whole,
    price_of,
    side_of,
    text,
)


class Algo(msgspec.Struct, kw_only=True, eq=False):
    """Mutable. `above`: it triggers at or above its price, else at or below."""

    id: int
    client_id: str
    symbol: str
    type: str
    side: Side
    position_side: str
    tif: str
    trigger: int
    price: int | None
    lots: int | None  # None closes the whole position
    above: bool
    by_mark: bool
    reduce_only: bool
    created_ms: int
    updated_ms: int
    status: str = "NEW"
    order_id: int | None = None


def place(exchange: Exchange, account: Account, given: Parameters) -> Any:
    market = exchange.market(text(given, "symbol"))
    kind, side = text(given, "type").upper(), side_of(given)
    if given.get("algoType", "CONDITIONAL") != "CONDITIONAL":
        raise bad_value("algoType")
    if kind not in CONDITIONAL - {"TRAILING_STOP_MARKET"}:
        raise ApiError(-1116, "Invalid orderType.")
    client_id = given.get("clientAlgoId") or f"algo-{exchange.next_id()}"
    if not CLIENT_ID.match(client_id):
        raise ApiError(-4015, "Client order id is not valid.")
    if any(a.client_id == client_id and a.status == "NEW" for a in account.algos.values()):
        raise ApiError(-4116, "ClientOrderId is duplicated.")
    position_side = given.get("positionSide") or "BOTH"
    if (position_side == "BOTH") == account.dual:
        raise ApiError(-4061, "Order's position side does not match user's setting.")
    made = Algo(
        id=exchange.next_id(),
        client_id=client_id,
        symbol=market.symbol,
        type=kind,
        side=side,
        position_side=position_side,
        tif=given.get("timeInForce") or "GTC",
        trigger=market.contract.ticks(number(given, "triggerPrice")),
        price=None if kind.endswith("MARKET") else price_of(given, market.contract),
        lots=None if flag(given, "closePosition", default=False) else lots_of(given, market.contract),
        above=(side is Side.BUY) == kind.startswith("STOP"),
        by_mark=given.get("workingType") == "MARK_PRICE",
        reduce_only=flag(given, "reduceOnly", default=False),
        created_ms=exchange.now_ms,
        updated_ms=exchange.now_ms,
    )
    if _reached(market, made):
        raise ApiError(-2021, "Order would immediately trigger.")
    account.algos[made.id] = made
    _say(exchange, account, made, "NEW")
    return _body(made, market.contract)


def cancel(exchange: Exchange, account: Account, given: Parameters) -> Any:
    found = _named(account, given)
    if found is None or found.status != "NEW":
        raise unknown_order()
    _say(exchange, account, found, "CANCELED")
    return {"algoId": found.id, "clientAlgoId": found.client_id, "code": "200", "msg": "success"}


def cancel_all(exchange: Exchange, account: Account, given: Parameters) -> Any:
    symbol = exchange.market(text(given, "symbol")).symbol
    for algo in [a for a in account.algos.values() if a.symbol == symbol and a.status == "NEW"]:
        _say(exchange, account, algo, "CANCELED")
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def query(exchange: Exchange, account: Account, given: Parameters) -> Any:
    found = _named(account, given)
    if found is None:
        raise no_such_order()
    return _body(found, exchange.contracts[found.symbol])


def open_orders(exchange: Exchange, account: Account, given: Parameters) -> Any:
    return [body for body in all_orders(exchange, account, given) if body["algoStatus"] == "NEW"]


def all_orders(exchange: Exchange, account: Account, given: Parameters) -> Any:
    symbol = given.get("symbol") or None
    kept = [algo for algo in account.algos.values() if symbol in {None, algo.symbol}]
    return [_body(algo, exchange.contracts[algo.symbol]) for algo in kept]


def trigger(exchange: Exchange, account: Account) -> None:
    """Place what the market has reached. What the venue then refuses is rejected, not tried again."""
    for algo in list(account.algos.values()):
        market = exchange.markets[algo.symbol]
        if algo.status != "NEW" or not _reached(market, algo):
            continue
        _say(exchange, account, algo, "TRIGGERING")
        try:
            order = trading.place(exchange, account, _order(account, market.contract, algo))
        except ApiError:
            _say(exchange, account, algo, "REJECTED")
        else:
            algo.order_id = order.id
            _say(exchange, account, algo, "TRIGGERED")
            _say(exchange, account, algo, "FINISHED")


def _order(account: Account, contract: Contract, algo: Algo) -> Request:
    held = account.position(algo.symbol, algo.position_side).size
    return Request(
        symbol=algo.symbol,
        side=algo.side,
        type="MARKET" if algo.price is None else "LIMIT",
        tif=algo.tif,
        lots=int(abs(held) / contract.instrument.step) if algo.lots is None else algo.lots,
        price=algo.price,
        client_id=algo.client_id,
        position_side=algo.position_side,
        reduce_only=(algo.reduce_only or algo.lots is None) and algo.position_side == "BOTH",
    )


def _reached(market: Market, algo: Algo) -> bool:
    price = market.mark_price if algo.by_mark else market.contract.price_of(market.last_price)
    at = market.contract.price_of(algo.trigger)
    return bool(price) and (price >= at if algo.above else price <= at)


def _named(account: Account, given: Parameters) -> Algo | None:
    algo_id, client_id = optional_whole(given, "algoId"), given.get("clientAlgoId")
    named = (a for a in reversed(account.algos.values()) if a.id == algo_id or a.client_id == client_id)
    return next(named, None)


def _body(algo: Algo, contract: Contract) -> dict[str, Any]:
    return {
        "algoId": algo.id,
        "clientAlgoId": algo.client_id,
        "algoType": "CONDITIONAL",
        "orderType": algo.type,
        "type": algo.type,
        "symbol": algo.symbol,
        "side": algo.side.name,
        "positionSide": algo.position_side,
        "timeInForce": algo.tif,
        "quantity": contract.size(algo.lots or 0),
        "algoStatus": algo.status,
        "actualOrderId": str(algo.order_id or ""),
        "triggerPrice": contract.price(algo.trigger),
        "price": contract.price(algo.price or 0),
        "icebergQuantity": None,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": "MARK_PRICE" if algo.by_mark else "CONTRACT_PRICE",
        "priceMatch": "NONE",
        "closePosition": algo.lots is None,
        "priceProtect": False,
        "reduceOnly": algo.reduce_only,
        "createTime": algo.created_ms,
        "updateTime": algo.updated_ms,
        "triggerTime": 0,
        "goodTillDate": 0,
    }


def _say(exchange: Exchange, account: Account, algo: Algo, status: str) -> None:
    algo.status, algo.updated_ms = status, exchange.now_ms
    contract = exchange.contracts[algo.symbol]
    body = _body(algo, contract)
    exchange.listener.record("algo_order", {"account": account.key, "order": body})
    inner = {
        "caid": algo.client_id,
        "aid": algo.id,
        "at": "CONDITIONAL",
        "o": algo.type,
        "s": algo.symbol,
        "S": algo.side.name,
        "ps": algo.position_side,
        "f": algo.tif,
        "q": body["quantity"],
        "X": status,
        "ai": body["actualOrderId"],
        "ap": "0",
        "aq": "0",
        "act": "0",
        "tp": body["triggerPrice"],
        "p": body["price"],
        "V": "EXPIRE_MAKER",
        "wt": body["workingType"],
        "pm": "NONE",
        "cp": algo.lots is None,
        "pP": False,
        "R": algo.reduce_only,
        "tt": 0,
        "gtd": 0,
        "rm": "",
    }
    event = {"e": "ALGO_UPDATE", "T": exchange.now_ms, "E": exchange.now_ms, "o": inner}
    exchange.listener.user(account, event)
