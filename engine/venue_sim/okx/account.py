"""OKX's REST about an account: its orders, fills, bills, positions, balance and settings."""

from collections.abc import Iterable
from typing import Any

from engine.venue_sim import rest_settings
from engine.venue_sim.account import Account, Leg
from engine.venue_sim.contract import money
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.okx import order_words as words
from engine.venue_sim.okx.errors import OkxError
from engine.venue_sim.okx.orders import found, market_of
from engine.venue_sim.orders import Order
from engine.venue_sim.parameters import Parameters, whole

PAGE = 100
SPOT = "SPOT_TRADE"  # of a pair that has the contract's currencies; only the balance knows of it here
_BILLS = {"FUNDING_FEE": ("8", "SWAP"), "REALIZED_PNL": ("2", "SWAP"), "COMMISSION": ("2", "SWAP"), SPOT: ("2", "SPOT")}
_TRANSFER = ("1", "")
_MODES = {"net_mode": "false", "long_short_mode": "true"}


def order(exchange: Exchange, account: Account, given: Parameters) -> Any:
    each = found(exchange, account, given)
    return [words.order_row(each, exchange.contracts[each.request.symbol])]


def pending(exchange: Exchange, account: Account, given: Parameters) -> Any:
    return _orders(exchange, reversed(account.open.values()), given)


def history(exchange: Exchange, account: Account, given: Parameters) -> Any:
    """Those that are over."""
    return _orders(exchange, (each for each in reversed(account.orders.values()) if not each.is_open), given)


def _orders(exchange: Exchange, orders: Iterable[Order], given: Parameters) -> Any:
    """Newest first."""
    wanted = (each for each in orders if given.get("instId") in {None, "", each.request.symbol})
    rows = [words.order_row(each, exchange.contracts[each.request.symbol]) for each in wanted]
    return _page(rows, given, "ordId")


def fills(exchange: Exchange, account: Account, given: Parameters) -> Any:
    """Newest first."""
    rows = [
        words.fill_row(each, exchange.contracts[each.symbol], account.orders[each.order_id])
        for each in reversed(account.fills)
        if given.get("instId") in {None, "", each.symbol} and given.get("ordId") in {None, "", str(each.order_id)}
    ]
    return _page(_within(rows, given), given, "billId")


def bills(_exchange: Exchange, account: Account, given: Parameters) -> Any:
    """Changes of the balance, newest first; `balChg` is what came, negative where it went."""
    rows = []
    for each in reversed(account.incomes):
        kind, product = _BILLS.get(each.kind, _TRANSFER)
        rows.append(
            {
                "billId": str(each.id),
                "type": kind,
                "subType": "",
                "instType": product,
                "instId": each.symbol,
                "ccy": account.asset,
                "balChg": money(each.amount),
                "pnl": "0",
                "fee": "0",
                "tradeId": each.trade_id,
                "ts": str(each.at_ms),
            }
        )
    return _page(_within(rows, given), given, "billId")


def _within(rows: list[Any], given: Parameters) -> list[Any]:
    begin, end = (whole(given, name, default) for name, default in (("begin", 0), ("end", 1 << 62)))
    return [row for row in rows if begin <= int(row["ts"]) <= end]


def _page(rows: list[Any], given: Parameters, number: str) -> Any:
    """Those that are older than `after`."""
    after = whole(given, "after", 1 << 62)
    older = [row for row in rows if int(row[number]) < after]
    return older[: min(whole(given, "limit", PAGE), PAGE)]


def nothing(_exchange: Exchange, _account: Account, _given: Parameters) -> Any:
    """Of what is not traded here: conditional orders."""
    return []


def positions(exchange: Exchange, account: Account, given: Parameters) -> Any:
    """What is held."""
    legs = [leg for leg, _ in account.positions() if given.get("instId") in {None, "", leg[0]}]
    return [position(exchange, account, leg) for leg in legs]


def position(exchange: Exchange, account: Account, leg: Leg) -> Any:
    market = exchange.markets[leg[0]]
    return words.position_row(account, exchange.margins(account), leg, market.mark_price)


def balance(exchange: Exchange, account: Account, _given: Parameters) -> Any:
    return [words.balance_row(account, exchange.margins(account), exchange.now_ms)]


def config(_exchange: Exchange, account: Account, _given: Parameters) -> Any:
    mode = "long_short_mode" if account.dual else "net_mode"
    number = str(int(account.key[:8].encode().hex(), 16))
    return [
        {
            "uid": number,
            "mainUid": number,
            "acctLv": "3" if account.multi_assets else "2",
            "posMode": mode,
            "autoLoan": False,
            "greeksType": "PA",
            "level": "Lv1",
            "levelTmp": "",
            "ctIsoMode": "automatic",
            "mgnIsoMode": "automatic",
            "perm": "read_only,trade",
            "label": "",
            "ip": "",
        }
    ]


def leverage(exchange: Exchange, account: Account, given: Parameters) -> Any:
    return [_leverage(market_of(exchange, given).symbol, account)]


def set_leverage(exchange: Exchange, account: Account, given: Parameters) -> Any:
    symbol, wanted = market_of(exchange, given).symbol, given.get("lever", "")
    if not wanted.isdigit() or given.get("mgnMode") != "cross":
        raise OkxError(51000, f"Parameter {'mgnMode' if wanted.isdigit() else 'lever'} error")
    rest_settings.leverage(exchange, account, {"symbol": symbol, "leverage": wanted})
    return [_leverage(symbol, account)]


def _leverage(symbol: str, account: Account) -> Any:
    return {"instId": symbol, "mgnMode": "cross", "posSide": "net", "lever": str(account.leverage(symbol)), "ccy": ""}


def set_position_mode(exchange: Exchange, account: Account, given: Parameters) -> Any:
    """To what it is already: done."""
    if (wanted := _MODES.get(given.get("posMode", ""))) is None:
        raise OkxError(51000, "Parameter posMode error")
    if (wanted == "true") != account.dual:
        rest_settings.set_position_mode(exchange, account, {"dualSidePosition": wanted})
    return [{"posMode": given["posMode"]}]


def fee_rates(exchange: Exchange, _account: Account, _given: Parameters) -> Any:
    """What is paid, negative."""
    terms = next(iter(exchange.contracts.values())).instrument
    maker, taker = (f"{-fee:f}" for fee in (terms.maker_fee, terms.taker_fee))
    both = {"maker": maker, "taker": taker, "makerU": maker, "takerU": taker}
    more = {"level": "Lv1", "instType": "SWAP", "category": "1", "delivery": "", "exercise": "", "settle": ""}
    return [both | more | {"ts": str(exchange.now_ms)}]
