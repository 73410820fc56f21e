"""Bybit's disconnection protection: once all connections are gone that have asked for it, the account's orders are
cancelled after a window of seconds.

Source: https://bybit-exchange.github.io/docs/v5/websocket/private/dcp, /order/dcp and /account/dcp-info. A connection
that takes its topic back is no longer one that has asked; the venue does not say whether that is how it sees it.
"""

from typing import Any

from engine.venue_sim.account import Account
from engine.venue_sim.bybit.errors import BybitError
from engine.venue_sim.bybit.order_words import BY_DCP
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.parameters import Parameters
from engine.venue_sim.subscriptions import Subscriptions
from engine.venue_sim.trading import cancel

TOPIC = "dcp.future"
PRODUCTS = ("OPTIONS", "DERIVATIVES", "SPOT")
LEAST_S, MOST_S = 3, 300


def info(_exchange: Exchange, account: Account, _given: Parameters) -> Any:
    """Nothing where it was not granted."""
    granted = {"product": "DERIVATIVES", "dcpStatus": "ON", "timeWindow": str(account.dcp_s)}
    return {"dcpInfos": [] if account.dcp_s is None else [granted]}


def set_window(_exchange: Exchange, account: Account, given: Parameters) -> Any:
    """Of derivatives; other products are not traded here."""
    seconds, product = given.get("timeWindow", ""), given.get("product", "OPTIONS")
    if not seconds.isdigit() or not LEAST_S <= int(seconds) <= MOST_S or product not in PRODUCTS:
        raise BybitError(10001, "params error: timeWindow or product invalid")
    if account.dcp_s is None:
        raise BybitError(10005, "Permission denied, please check your API key permissions.")
    if product == "DERIVATIVES":
        account.dcp_s = int(seconds)
    return {}


class Protection:
    """Which accounts have asked for it, and since when (ms) they are gone: None while they are there. Mutable."""

    def __init__(self) -> None:
        self._gone_ms: dict[str, int | None] = {}

    def asked(self, account: Account) -> None:
        self._gone_ms[account.key] = None

    def taken_back(self, account: Account, streams: Subscriptions) -> None:
        if _name(account) not in streams.by_name:
            self._gone_ms.pop(account.key, None)

    def keep_up(self, exchange: Exchange, streams: Subscriptions) -> None:
        for key, gone_ms in list(self._gone_ms.items()):
            account = exchange.accounts[key]
            if _name(account) in streams.by_name:
                self._gone_ms[key] = None
            elif gone_ms is None:
                self._gone_ms[key] = exchange.now_ms
            elif account.dcp_s is not None and exchange.now_ms - gone_ms >= account.dcp_s * 1000:
                del self._gone_ms[key]
                _strike(exchange, account)


def _name(account: Account) -> str:
    return f"{account.key}:{TOPIC}"


def _strike(exchange: Exchange, account: Account) -> None:
    exchange.listener.record("dcp", {"account": account.key})
    for order in account.open_orders():
        order.reason = BY_DCP
        cancel(exchange, order)
