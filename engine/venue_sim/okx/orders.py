"""OKX's words for placing, changing and cancelling orders, over REST and WebSocket alike."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from engine.venue_sim import trading
from engine.venue_sim.account import Account
from engine.venue_sim.contract import Contract
from engine.venue_sim.errors import ApiError
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.market import Market
from engine.venue_sim.okx import order_words as words
from engine.venue_sim.okx.contracts import codes
from engine.venue_sim.okx.errors import FAILED, OK, OkxError, is_of_the_venue, said
from engine.venue_sim.orders import Order
from engine.venue_sim.parameters import Parameters, order_request, text, whole

_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_TIFS = {"limit": "GTC", "post_only": "GTX", "ioc": "IOC", "fok": "FOK"}
_AT_MARKET = frozenset({"market", "optimal_limit_ioc"})
_WAITS = range(10, 121)  # s

type Act = Callable[[Exchange, Account, Parameters], Order]


def market_of(exchange: Exchange, given: Parameters) -> Market:
    """By name, or by number as orders over WebSocket do. Raises OkxError for what is not traded here."""
    symbol = given.get("instId") or codes(exchange).get(given.get("instIdCode", ""), "")
    if (found := exchange.markets.get(symbol)) is None:
        raise OkxError(51001, "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
    return found


def place(exchange: Exchange, account: Account, given: Parameters) -> Order:
    """Of cross margin alone. One that must not take and would is taken note of, and cancelled at once."""
    contract, kind = market_of(exchange, given).contract, given.get("ordType", "")
    number = exchange.next_id()
    client_id = given.get("clOrdId") or f"none{number}"
    wrong = {
        "tdMode": given.get("tdMode") != "cross",
        "clOrdId": not _ID.fullmatch(client_id),
        "ordType": kind not in _AT_MARKET and kind not in _TIFS,
    }
    for name in (name for name, is_wrong in wrong.items() if is_wrong):
        raise OkxError(51000, f"Parameter {name} error")
    asked = {
        "symbol": contract.symbol,
        "side": given.get("side", "").upper(),
        "type": "MARKET" if kind in _AT_MARKET else "LIMIT",
        "quantity": given.get("sz", ""),
        "positionSide": words.LEGS.get(given.get("posSide") or "net", ""),
        "reduceOnly": "false" if account.dual else given.get("reduceOnly") or "false",
        "newClientOrderId": client_id,
    }
    if asked["type"] == "LIMIT":
        asked |= {"price": given.get("px", ""), "timeInForce": _TIFS[kind]}
    request = order_request(asked, contract, now_ms=exchange.now_ms, default_id=client_id)
    return trading.place_or_note(exchange, account, request, words.WOULD_TAKE)


def amend(exchange: Exchange, account: Account, given: Parameters) -> Order:
    order = found(exchange, account, given)
    contract = exchange.contracts[order.request.symbol]
    asked = {
        "quantity": given.get("newSz") or contract.size(order.lots),
        "price": given.get("newPx") or contract.price(order.price or 0),
        "side": order.request.side.name,
        "type": "LIMIT",
        "timeInForce": "GTC",
    }
    wanted = order_request(asked, contract, now_ms=exchange.now_ms, default_id="amended")
    return trading.modify(exchange, order, side=order.request.side, lots=wanted.lots, price=wanted.price or 0)


def cancel(exchange: Exchange, account: Account, given: Parameters) -> Order:
    return trading.cancel(exchange, found(exchange, account, given))


def found(exchange: Exchange, account: Account, given: Parameters) -> Order:
    market = market_of(exchange, given)
    number = int(given["ordId"]) if given.get("ordId", "").isdigit() else None
    order = trading.find(account, market.symbol, number, given.get("clOrdId"))
    if order is None:
        raise OkxError(51603, "Order does not exist")
    return order


def outcomes(exchange: Exchange, account: Account, act: Act, asked: Sequence[Parameters]) -> tuple[str, list[Any]]:
    """What became of each, and the number for all: 1 where every one failed, 2 where some did. Raises ApiError where
    the venue itself does not serve."""
    rows = [_outcome(exchange, account, act, given) for given in asked]
    failed = sum(row["sCode"] != OK for row in rows)
    return OK if not failed else FAILED if failed == len(rows) else "2", rows


def _outcome(exchange: Exchange, account: Account, act: Act, given: Parameters) -> Any:
    stamp = {"tag": given.get("tag", ""), "ts": str(exchange.now_ms)}
    try:
        order = act(exchange, account, given)
    except ApiError as error:
        code, message = said(error.code, error.message)
        if is_of_the_venue(code):
            raise
        named = {"ordId": given.get("ordId", ""), "clOrdId": given.get("clOrdId", "")}
        return named | stamp | {"sCode": str(code), "sMsg": message}
    return _named(order, exchange.contracts[order.request.symbol]) | stamp | {"sCode": OK, "sMsg": ""}


def _named(order: Order, contract: Contract) -> dict[str, Any]:
    row = words.order_row(order, contract)
    return {name: row[name] for name in ("ordId", "clOrdId")}


def cancel_all_after(exchange: Exchange, account: Account, given: Parameters) -> Any:
    """The timer of the whole account: all its orders, of every contract."""
    seconds = whole({"timeOut": text(given, "timeOut")}, "timeOut")
    if seconds and seconds not in _WAITS:
        raise OkxError(51000, "Parameter timeOut error")
    due = exchange.now_ms + seconds * 1000
    account.countdowns = dict.fromkeys(exchange.markets, due) if seconds else {}
    return [{"triggerTime": str(due if seconds else 0), "tag": "", "ts": str(exchange.now_ms)}]
