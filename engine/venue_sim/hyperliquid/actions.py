"""What Hyperliquid's accounts can have done: orders, cancels, changes, leverage. Each order of a batch has an answer of
its own."""

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any

from engine.venue_sim import rest_settings, trading
from engine.venue_sim.account import Account
from engine.venue_sim.contract import Contract
from engine.venue_sim.errors import ApiError, unknown_order
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.hyperliquid import words
from engine.venue_sim.hyperliquid.errors import UNMATCHED, refused, said
from engine.venue_sim.market import Market
from engine.venue_sim.orders import Order
from engine.venue_sim.parameters import order_request

type Wire = dict[str, Any]

TIFS = {"Gtc": "GTC", "Alo": "GTX", "Ioc": "IOC", "FrontendMarket": "IOC"}
VOLUME = "Cannot set scheduled cancel time until enough volume traded."
SOONEST_MS = 5000


def place(exchange: Exchange, account: Account, action: Wire) -> Wire:
    return _answers("order", action["orders"], lambda wire: _placed(exchange, account, wire))


def _placed(exchange: Exchange, account: Account, wire: Wire) -> Wire:
    market, asset = market_of(exchange, wire["a"]), int(wire["a"])
    try:
        asked = _asked(market, wire)
        number = exchange.next_id()
        request = order_request(asked, market.contract, now_ms=exchange.now_ms, default_id=f"none-{number}")
        order = trading.place(exchange, account, request)
    except ApiError as error:
        return {"error": said(error, asset)}
    if order.is_open:
        return {"resting": _named(order)}
    if not order.filled:
        return {"error": f"{UNMATCHED} asset={asset}"}
    price = f"{order.average(market.contract):.{market.contract.price_places}f}"
    return {"filled": {"totalSz": market.contract.size(order.filled), "avgPx": price, **_named(order)}}


def _asked(market: Market, wire: Wire) -> dict[str, str]:
    """Raises ApiError for what is not traded here, or a price with too many digits."""
    limit = wire["t"].get("limit")
    if limit is None or limit["tif"] not in TIFS:
        raise refused("Only limit orders are traded here.")
    check_digits(wire["p"])
    return {
        "symbol": market.symbol,
        "side": "BUY" if wire["b"] else "SELL",
        "type": "LIMIT",
        "timeInForce": TIFS[limit["tif"]],
        "price": _on_the_grid(market.contract, wire) if TIFS[limit["tif"]] == "IOC" else wire["p"],
        "quantity": wire["s"],
        "reduceOnly": str(wire["r"]).lower(),
        "newClientOrderId": wire.get("c") or "",
    }


def _on_the_grid(contract: Contract, wire: Wire) -> str:
    """The book played here may be coarser than the venue's rule: a limit between two of its prices takes what it would
    at the one within."""
    tick, price = contract.instrument.tick, Decimal(wire["p"])
    return f"{(price / tick).to_integral_value(ROUND_FLOOR if wire['b'] else ROUND_CEILING) * tick:f}"


def check_digits(written: str) -> None:
    """A price that is not whole has five significant digits at most."""
    try:
        price = Decimal(written).normalize()
    except InvalidOperation:
        raise refused("Order has invalid price.") from None
    if price != price.to_integral_value() and len(price.as_tuple().digits) > words.DIGITS:
        raise ApiError(-4014, "")


def _named(order: Order) -> Wire:
    cloid = order.request.client_id
    return {"oid": order.id} | ({"cloid": cloid} if cloid.startswith(words.NAMED) else {})


def cancel(exchange: Exchange, account: Account, action: Wire) -> Wire:
    return _answers("cancel", action["cancels"], lambda w: _gone(exchange, account, w["a"], number=w["o"]))


def cancel_by_cloid(exchange: Exchange, account: Account, action: Wire) -> Wire:
    return _answers("cancel", action["cancels"], lambda w: _gone(exchange, account, w["asset"], name=w["cloid"]))


def _gone(exchange: Exchange, account: Account, asset: int, *, number: int | None = None, name: str = "") -> Any:
    order = trading.find(account, market_of(exchange, asset).symbol, number, name)
    try:
        trading.cancel(exchange, existing(order))
    except ApiError as error:
        return {"error": said(error, asset)}
    return "success"


def existing(order: Order | None) -> Order:
    if order is None:
        raise unknown_order()
    return order


def modify(exchange: Exchange, account: Account, action: Wire) -> Wire:
    """In one go: the order goes, and another one comes under a number of its own."""
    wanted, oid = action["order"], action["oid"]
    by_name = isinstance(oid, str)
    gone = _gone(exchange, account, wanted["a"], number=None if by_name else oid, name=oid if by_name else "")
    if gone != "success":
        return {"type": "order", "data": {"statuses": [gone]}}
    return {"type": "order", "data": {"statuses": [_placed(exchange, account, wanted)]}}


def leverage(exchange: Exchange, account: Account, action: Wire) -> Wire:
    """The margin's type goes with it; it stays where something is held."""
    symbol = market_of(exchange, action["asset"]).symbol
    if not 1 <= action["leverage"] <= words.MAX_LEVERAGE:
        raise refused("Invalid leverage value")
    if action["isCross"] == (symbol in account.isolated):
        if account.positions(symbol):
            raise refused("Cannot switch leverage type with open position.")
        account.isolated ^= {symbol}
    rest_settings.leverage(exchange, account, {"symbol": symbol, "leverage": str(action["leverage"])})
    return {"type": "default"}


def schedule_cancel(exchange: Exchange, account: Account, action: Wire) -> Wire:
    """A time at which all that rests is cancelled; without one it is taken back."""
    traded = words.volume(account, exchange.contracts)
    if traded < words.TIMER_FROM:
        raise refused(f"{VOLUME} Required: ${words.TIMER_FROM}. Traded: ${traded:.2f}.")
    if "time" in action and action["time"] < exchange.now_ms + SOONEST_MS:
        raise refused("Scheduled cancel time too early, must be at least 5 seconds from now.")
    account.countdowns = dict.fromkeys(exchange.markets, int(action["time"])) if "time" in action else {}
    return {"type": "default"}


def market_of(exchange: Exchange, asset: int) -> Market:
    markets = list(exchange.markets.values())
    if not 0 <= asset < len(markets):
        raise refused("Invalid asset")
    return markets[asset]


def _answers(kind: str, wires: list[Wire], act: Callable[[Wire], Any]) -> Wire:
    return {"type": kind, "data": {"statuses": [act(wire) for wire in wires]}}


ACTIONS: dict[str, Callable[[Exchange, Account, Wire], Wire]] = {
    "order": place,
    "cancel": cancel,
    "cancelByCloid": cancel_by_cloid,
    "modify": modify,
    "updateLeverage": leverage,
    "scheduleCancel": schedule_cancel,
}
