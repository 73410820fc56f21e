"""Orders, fills and balances as Binance writes them: REST's long names and the user stream's letters."""

from collections.abc import Iterator
from typing import Any

from engine.core.types import ZERO
from engine.venue_sim.account import Account, Leg
from engine.venue_sim.contract import Contract, money
from engine.venue_sim.margin import Margins
from engine.venue_sim.orders import Fill, Order


def order_body(order: Order, contract: Contract, *, queried: bool = False) -> dict[str, Any]:
    """As the answer to an order, a cancel or (with `queried`) a question about it."""
    request = order.request
    body = {
        "orderId": order.id,
        "symbol": request.symbol,
        "status": str(order.status),
        "clientOrderId": request.client_id,
        "price": contract.price(order.price or 0),
        "avgPrice": f"{order.average(contract):.{contract.price_places + 3}f}",
        "origQty": contract.size(order.lots),
        "executedQty": contract.size(order.filled),
        "cumQuote": money(order.quote),
        "timeInForce": request.tif,
        "type": request.type,
        "reduceOnly": request.reduce_only,
        "closePosition": False,
        "side": request.side.name,
        "positionSide": request.position_side,
        "stopPrice": "0",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": request.type,
        "priceMatch": request.price_match,
        "selfTradePreventionMode": request.stp,
        "goodTillDate": request.good_till_ms,
        "updateTime": order.updated_ms,
    }
    if queried:
        return body | {"time": order.created_ms}
    return body | {"cumQty": contract.size(order.filled)}


def amendment_rows(order: Order, contract: Contract) -> Iterator[dict[str, Any]]:
    """Lines of orderAmendment."""
    for count, each in enumerate(order.amendments, 1):
        price, size = map(contract.price, each.price), map(contract.size, each.lots)
        amendment = {
            "price": dict(zip(("before", "after"), price, strict=True)),
            "origQty": dict(zip(("before", "after"), size, strict=True)),
            "count": count,
        }
        yield {
            "amendmentId": each.id,
            "symbol": contract.symbol,
            "pair": contract.symbol,
            "orderId": order.id,
            "clientOrderId": order.request.client_id,
            "time": each.at_ms,
            "amendment": amendment,
        }


def order_event(order: Order, contract: Contract, execution: str, fill: Fill | None, *, asset: str) -> dict[str, Any]:
    """ORDER_TRADE_UPDATE. `execution` is NEW, TRADE, CANCELED, EXPIRED, AMENDMENT or CALCULATED."""
    request, at_ms = order.request, order.updated_ms
    paid: dict[str, Any] = {} if fill is None else {"N": asset, "n": money(fill.commission)}
    inner = {
        "s": request.symbol,
        "c": request.client_id,
        "S": request.side.name,
        "o": request.type,
        "f": request.tif,
        "q": contract.size(order.lots),
        "p": contract.price(order.price or 0),
        "ap": f"{order.average(contract):.{contract.price_places + 3}f}",
        "sp": "0",
        "x": execution,
        "X": str(order.status),
        "i": order.id,
        "l": contract.size(fill.lots if fill else 0),
        "z": contract.size(order.filled),
        "L": contract.price(fill.price if fill else 0),
        **paid,
        "T": at_ms,
        "t": fill.id if fill else 0,
        "b": "0",
        "a": "0",
        "m": fill.maker if fill else False,
        "R": request.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": request.type,
        "ps": request.position_side,
        "cp": False,
        "rp": money(fill.realised if fill else ZERO),
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": request.stp,
        "pm": request.price_match,
        "gtd": request.good_till_ms,
    }
    return {"e": "ORDER_TRADE_UPDATE", "E": at_ms, "T": at_ms, "o": inner}


def trade_lite(order: Order, contract: Contract, fill: Fill) -> dict[str, Any]:
    """The short word that the venue sends ahead of a fill's long one."""
    request = order.request
    return {
        "e": "TRADE_LITE",
        "E": fill.at_ms,
        "T": fill.at_ms,
        "s": request.symbol,
        "q": contract.size(order.lots),
        "p": contract.price(order.price or 0),
        "m": fill.maker,
        "c": request.client_id,
        "S": request.side.name,
        "L": contract.price(fill.price),
        "l": contract.size(fill.lots),
        "t": fill.id,
        "i": order.id,
    }


def account_event(
    account: Account, margins: Margins, reason: str, legs: list[Leg], *, change: str, at_ms: int
) -> dict[str, Any]:
    """ACCOUNT_UPDATE: the wallet, and those legs that changed."""
    shared = money(margins.shared_wallet)
    balance = {"a": account.asset, "wb": money(account.wallet), "cw": shared, "bc": change}
    positions = [position_letters(account, margins, leg) for leg in legs]
    return {"e": "ACCOUNT_UPDATE", "E": at_ms, "T": at_ms, "a": {"m": reason, "B": [balance], "P": positions}}


def position_letters(account: Account, margins: Margins, leg: Leg) -> dict[str, Any]:
    position = account.position(*leg)
    isolated = leg[0] in account.isolated
    return {
        "s": leg[0],
        "pa": f"{position.size:f}",
        "ep": f"{position.entry or ZERO:f}",
        "bep": f"{position.entry or ZERO:f}",
        "cr": money(account.realised.get(leg, ZERO)),
        "up": money(margins.unrealised(leg, position)),
        "mt": "isolated" if isolated else "cross",
        "iw": money(margins.isolated_wallet(leg, position)),
        "ps": leg[1],
        "ma": account.asset,
    }


def fill_body(fill: Fill, contract: Contract, asset: str) -> dict[str, Any]:
    """A line of userTrades."""
    return {
        "symbol": fill.symbol,
        "id": fill.id,
        "orderId": fill.order_id,
        "side": fill.side.name,
        "price": contract.price(fill.price),
        "qty": contract.size(fill.lots),
        "realizedPnl": money(fill.realised),
        "quoteQty": money(contract.value(fill.price, fill.lots)),
        "commission": money(fill.commission),
        "commissionAsset": asset,
        "time": fill.at_ms,
        "positionSide": fill.position_side,
        "buyer": fill.side > 0,
        "maker": fill.maker,
    }
