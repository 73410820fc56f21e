"""What an account has been through: its trades, what changed its wallet, and what the venue closed by force."""

from typing import Any

from engine.venue_sim.account import Account
from engine.venue_sim.contract import money
from engine.venue_sim.errors import ApiError
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.order_words import fill_body, order_body
from engine.venue_sim.paging import page
from engine.venue_sim.parameters import Parameters, optional_whole, text, whole
from engine.venue_sim.upkeep import AUTOCLOSE


def user_trades(exchange: Exchange, account: Account, given: Parameters) -> Any:
    symbol, order_id = exchange.market(text(given, "symbol")).symbol, optional_whole(given, "orderId")
    if given.get("fromId") and (given.get("startTime") or given.get("endTime")):
        raise ApiError(-1128, "Combination of optional parameters invalid.")
    wanted = (fill for fill in account.fills if fill.symbol == symbol and order_id in {None, fill.order_id})
    shown = page(given, 500, from_key="fromId", week=True).of(wanted, lambda fill: fill.at_ms, lambda fill: fill.id)
    return [fill_body(fill, exchange.contracts[symbol], account.asset) for fill in shown]


def income(_exchange: Exchange, account: Account, given: Parameters) -> Any:
    """The page of this number, from 1, of all that lies in the span."""
    symbol, kind = given.get("symbol") or None, given.get("incomeType") or None
    wanted = [each for each in account.incomes if symbol in {None, each.symbol} and kind in {None, each.kind}]
    asked, number = page(given, 100), whole(given, "page", 1)
    if given.get("page"):
        skipped = asked._replace(limit=len(wanted) or 1, forwards=True).of(wanted, lambda each: each.at_ms)
        shown = skipped[(number - 1) * asked.limit : number * asked.limit]
    else:
        shown = asked.of(wanted, lambda each: each.at_ms)
    return [
        {
            "symbol": each.symbol,
            "incomeType": each.kind,
            "income": money(each.amount),
            "asset": account.asset,
            "info": each.trade_id or each.kind,
            "time": each.at_ms,
            "tranId": each.id,
            "tradeId": each.trade_id,
        }
        for each in shown
    ]


def force_orders(exchange: Exchange, account: Account, given: Parameters) -> Any:
    """Liquidations; nobody is deleveraged here."""
    symbol, kind = given.get("symbol") or None, given.get("autoCloseType") or "LIQUIDATION"
    wanted = [
        order
        for order in account.orders.values()
        if order.request.client_id.startswith(AUTOCLOSE)
        and symbol in {None, order.request.symbol}
        and kind == "LIQUIDATION"
    ]
    shown = page(given, 50, 100, week=True).of(wanted, lambda order: order.created_ms)
    return [order_body(order, exchange.contracts[order.request.symbol], queried=True) for order in shown]
