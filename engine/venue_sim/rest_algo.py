"""Conditional ("algo") orders: a trigger price that, once the market reaches it, places an ordinary order."""

from decimal import Decimal
from typing import Any

from engine.core.types import Side
from engine.venue_sim import trading
from engine.venue_sim.account import Account
from engine.venue_sim.algo import Algo, body_of, event_of, placed, reached
from engine.venue_sim.contract import Contract
from engine.venue_sim.errors import ApiError, bad_value, no_such_order, unknown_order
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.paging import page
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

WORKING_TYPES = ("CONTRACT_PRICE", "MARK_PRICE")
TRAILING = "TRAILING_STOP_MARKET"
OVER = frozenset({"CANCELED", "REJECTED", "FINISHED"})
LEAST_CALLBACK, MOST_CALLBACK = Decimal("0.1"), Decimal(10)  # per cent


def place(exchange: Exchange, account: Account, given: Parameters) -> Any:
    market = exchange.market(text(given, "symbol"))
    kind, side = text(given, "type").upper(), side_of(given)
    if given.get("algoType", "CONDITIONAL") != "CONDITIONAL":
        raise bad_value("algoType")
    if kind not in CONDITIONAL:
        raise ApiError(-1116, "Invalid orderType.")
    if given.get("workingType", "CONTRACT_PRICE") not in WORKING_TYPES:
        raise ApiError(-4031, f"Invalid parameter working type: {given['workingType']}")
    client_id = _client_id(exchange, account, given)
    _check_reduces(account, given)
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
        trigger=0 if kind == TRAILING else market.contract.ticks(number(given, "triggerPrice")),
        price=None if kind.endswith("MARKET") else price_of(given, market.contract),
        lots=_lots(given, market.contract),
        above=(side is Side.BUY) != kind.startswith("TAKE"),
        by_mark=given.get("workingType") == "MARK_PRICE",
        reduce_only=flag(given, "reduceOnly", default=False),
        created_ms=exchange.now_ms,
        updated_ms=exchange.now_ms,
        protect=flag(given, "priceProtect", default=False),
        callback=_callback(given) if kind == TRAILING else None,
        activation=_activation(given, market.contract) if kind == TRAILING else None,
    )
    if made.lots is None:
        _check_alone(account, made)
    if reached(market, made) or (made.activation is not None and made.extreme is not None):
        raise ApiError(-2021, "Order would immediately trigger.")
    account.algos[made.id] = account.waiting[made.id] = made
    _say(exchange, account, made, "NEW")
    return body_of(made, market.contract)


def _client_id(exchange: Exchange, account: Account, given: Parameters) -> str:
    client_id = given.get("clientAlgoId") or f"algo-{exchange.next_id()}"
    if not CLIENT_ID.match(client_id):
        raise ApiError(-4015, "Client order id is not valid.")
    if any(a.client_id == client_id and a.status == "NEW" for a in account.waiting.values()):
        raise ApiError(-4116, "ClientOrderId is duplicated.")
    return client_id


def _check_reduces(account: Account, given: Parameters) -> None:
    """A position in Hedge mode, or one that is closed whole, is reduced by nothing else."""
    closes = flag(given, "closePosition", default=False)
    if closes and not given["type"].upper().endswith("MARKET"):
        raise ApiError(-4136, f"Target strategy invalid for orderType {given['type']},closePosition true")
    if flag(given, "reduceOnly", default=False) and (closes or account.dual):
        raise ApiError(-1106, "Parameter 'reduceonly' sent when not required.")


def _check_alone(account: Account, made: Algo) -> None:
    """One stop and one take profit that close a position whole."""
    taking = made.type.startswith("TAKE")
    for other in account.waiting.values():
        waits = other.status == "NEW" and other.lots is None and other.type.startswith("TAKE") == taking
        leg = (other.symbol, other.side, other.position_side)
        if waits and leg == (made.symbol, made.side, made.position_side):
            message = "An open stop or take profit order with GTE and closePosition in the direction is existing."
            raise ApiError(-4130, message)


def _lots(given: Parameters, contract: Contract) -> int | None:
    """None for whatever is held."""
    if not flag(given, "closePosition", default=False):
        return lots_of(given, contract)
    if given.get("quantity"):
        raise ApiError(-4137, "Quantity must be zero with closePosition equals true")
    return None


def _callback(given: Parameters) -> Decimal:
    rate = number(given, "callbackRate")
    if not LEAST_CALLBACK <= rate <= MOST_CALLBACK:
        raise ApiError(-2007, "Invalid callBack rate.")
    if flag(given, "closePosition", default=False):
        raise ApiError(-4136, f"Target strategy invalid for orderType {TRAILING},closePosition true")
    return rate / 100


def _activation(given: Parameters, contract: Contract) -> int | None:
    """Clients write its name in either way."""
    name = next((name for name in ("activatePrice", "activationPrice") if given.get(name)), None)
    return None if name is None else contract.ticks(number(given, name))


def cancel(exchange: Exchange, account: Account, given: Parameters) -> Any:
    found = _named(account, given)
    if found is None or found.status != "NEW":
        raise unknown_order()
    _say(exchange, account, found, "CANCELED")
    return {"algoId": found.id, "clientAlgoId": found.client_id, "code": "200", "msg": "success"}


def cancel_all(exchange: Exchange, account: Account, given: Parameters) -> Any:
    symbol = exchange.market(text(given, "symbol")).symbol
    for algo in [a for a in account.waiting.values() if a.symbol == symbol and a.status == "NEW"]:
        _say(exchange, account, algo, "CANCELED")
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def query(exchange: Exchange, account: Account, given: Parameters) -> Any:
    found = _named(account, given)
    if found is None:
        raise no_such_order()
    return body_of(found, exchange.contracts[found.symbol])


def open_orders(exchange: Exchange, account: Account, given: Parameters) -> Any:
    symbol = given.get("symbol") or None
    waiting = (a for a in account.waiting.values() if a.status == "NEW" and symbol in {None, a.symbol})
    return [body_of(algo, exchange.contracts[algo.symbol]) for algo in waiting]


def all_orders(exchange: Exchange, account: Account, given: Parameters) -> Any:
    symbol = given.get("symbol") or None
    kept = (algo for algo in account.algos.values() if symbol in {None, algo.symbol})
    shown = page(given, 500, from_key="algoId", week=True).of(kept, lambda algo: algo.created_ms, lambda algo: algo.id)
    return [body_of(algo, exchange.contracts[algo.symbol]) for algo in shown]


def trigger(exchange: Exchange, account: Account) -> None:
    """Place what the market has reached, and end what was placed and is over."""
    for algo in list(account.waiting.values()):
        if algo.status == "NEW" and reached(exchange.markets[algo.symbol], algo):
            _trigger(exchange, account, algo)
        if algo.status == "TRIGGERED" and algo.order is not None and not algo.order.is_open:
            _say(exchange, account, algo, "FINISHED")


def _trigger(exchange: Exchange, account: Account, algo: Algo) -> None:
    """What the venue then refuses is rejected, not tried again."""
    algo.triggered_ms = exchange.now_ms
    _say(exchange, account, algo, "TRIGGERING")
    try:
        algo.order = trading.place(exchange, account, placed(account, exchange.contracts[algo.symbol], algo))
    except ApiError as error:
        algo.reason = error.message
        _say(exchange, account, algo, "REJECTED")
    else:
        _say(exchange, account, algo, "TRIGGERED")


def _named(account: Account, given: Parameters) -> Algo | None:
    algo_id, client_id = optional_whole(given, "algoId"), given.get("clientAlgoId")
    if algo_id is None and not client_id:
        raise ApiError(-1102, "Param 'clientalgoid' or 'algoid' must be sent, but both were empty/null!")
    named = (a for a in reversed(account.algos.values()) if a.id == algo_id or a.client_id == client_id)
    return next(named, None)


def _say(exchange: Exchange, account: Account, algo: Algo, status: str) -> None:
    algo.status, algo.updated_ms = status, exchange.now_ms
    if status in OVER:
        account.waiting.pop(algo.id, None)
    contract = exchange.contracts[algo.symbol]
    exchange.listener.record("algo_order", {"account": account.key, "order": body_of(algo, contract)})
    exchange.listener.user(account, event_of(algo, contract, exchange.now_ms))
