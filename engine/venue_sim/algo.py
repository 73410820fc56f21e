"""A conditional ("algo") order: what it waits for, what it becomes, and how the venue writes it."""

from decimal import Decimal
from typing import Any

import msgspec

from engine.core.types import ZERO, Side
from engine.venue_sim.account import Account
from engine.venue_sim.contract import Contract
from engine.venue_sim.market import Market
from engine.venue_sim.orders import Order, Request


class Algo(msgspec.Struct, kw_only=True, eq=False):
    """Mutable. `above`: it triggers at or above its price, else at or below. One that trails follows the best price
    from `activation` on, and triggers when the price has come back from there by `callback`, a share."""

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
    callback: Decimal | None = None
    activation: int | None = None
    extreme: Decimal | None = None  # the best price since it is active
    protect: bool = False  # said back, without effect
    status: str = "NEW"
    order: Order | None = None  # what it became, at `triggered_ms`
    triggered_ms: int = 0
    reason: str = ""  # why the venue then refused that


def reached(market: Market, algo: Algo) -> bool:
    """Whether the market is where it triggers; one that trails is led along."""
    price = market.mark_price if algo.by_mark else market.contract.price_of(market.last_price)
    if not price:
        return False
    if algo.callback is None:
        return _is_at(price, market.contract.price_of(algo.trigger), above=algo.above)
    if algo.extreme is None and algo.activation is not None:
        active = _is_at(price, market.contract.price_of(algo.activation), above=not algo.above)
        if not active:
            return False
    best = min if algo.above else max
    algo.extreme = price if algo.extreme is None else best(algo.extreme, price)
    back = algo.extreme * (1 + algo.callback if algo.above else 1 - algo.callback)
    return price != algo.extreme and _is_at(price, back, above=algo.above)


def _is_at(price: Decimal, level: Decimal, *, above: bool) -> bool:
    return price >= level if above else price <= level


def placed(account: Account, contract: Contract, algo: Algo) -> Request:
    """The ordinary order that it becomes."""
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


def body_of(algo: Algo, contract: Contract) -> dict[str, Any]:
    body = {
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
        "triggerPrice": contract.price(algo.trigger),
        "price": contract.price(algo.price or 0),
        "icebergQuantity": None,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": "MARK_PRICE" if algo.by_mark else "CONTRACT_PRICE",
        "priceMatch": "NONE",
        "closePosition": algo.lots is None,
        "priceProtect": algo.protect,
        "reduceOnly": algo.reduce_only,
        "createTime": algo.created_ms,
        "updateTime": algo.updated_ms,
        "triggerTime": algo.triggered_ms,
        "goodTillDate": 0,
    }
    return body | _became(algo, contract) | (_trailing(algo, contract) if algo.callback else {})


def _became(algo: Algo, contract: Contract) -> dict[str, Any]:
    """The order that it placed, once it has."""
    if (order := algo.order) is None:
        return {"actualOrderId": "", "actualPrice": contract.price(0)}
    price = f"{order.average(contract):.{contract.price_places + 3}f}"
    filled = {"actualQty": contract.size(order.filled)} if order.filled else {}
    return {"actualOrderId": str(order.id), "actualPrice": price, "actualType": order.request.type} | filled


def _trailing(algo: Algo, contract: Contract) -> dict[str, Any]:
    rate = f"{((algo.callback or ZERO) * 100).normalize():f}"
    return {"activatePrice": contract.price(algo.activation or 0), "callbackRate": rate}


def event_of(algo: Algo, contract: Contract, at_ms: int) -> dict[str, Any]:
    """ALGO_UPDATE."""
    body = body_of(algo, contract)
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
        "X": algo.status,
        "ai": body["actualOrderId"],
        "ap": body["actualPrice"],
        "aq": body.get("actualQty", contract.size(0)),
        "act": body.get("actualType", "0"),
        "tp": body["triggerPrice"],
        "p": body["price"],
        "V": "EXPIRE_MAKER",
        "wt": body["workingType"],
        "pm": "NONE",
        "cp": algo.lots is None,
        "pP": algo.protect,
        "R": algo.reduce_only,
        "tt": algo.triggered_ms,
        "gtd": 0,
        "rm": algo.reason,
    }
    return {"e": "ALGO_UPDATE", "T": at_ms, "E": at_ms, "o": inner}
