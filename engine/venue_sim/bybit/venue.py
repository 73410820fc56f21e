"""The venue that speaks Bybit's v5."""

import hashlib
import hmac
from functools import cached_property
from typing import Any, NamedTuple

from engine.venue_sim.account import Account, Leg
from engine.venue_sim.bybit import order_words as words
from engine.venue_sim.bybit.dcp import TOPIC, Protection
from engine.venue_sim.bybit.errors import BybitError
from engine.venue_sim.bybit.routes import ROUTES
from engine.venue_sim.bybit.topics import Topics
from engine.venue_sim.contract import Contract
from engine.venue_sim.exchange import Said
from engine.venue_sim.margin import Margins
from engine.venue_sim.market import Market
from engine.venue_sim.orders import Fill, Order
from engine.venue_sim.venue import Asked, Venue

PRIVATE = ("order", "execution", "position", "wallet", TOPIC)
AHEAD_MS = 1000
_NO_KEY = BybitError(10003, "API key is invalid.")
_NO_SIGN = BybitError(10004, "Error sign, please check your signature generation algorithm.")


class Signature(NamedTuple):
    """What came in the headers of a request, and the query or body that it was made over."""

    timestamp: str
    window: str
    sign: str
    signed: str


class BybitVenue(Venue):
    """Mutable; one thread."""

    protocol = "BYBIT"
    streams: Topics

    def _subscriptions(self) -> Topics:
        self.exchange.said = Said(self._order_said, self._fill_said, self._account_said)
        return Topics(self.exchange.markets)

    @cached_property
    def protection(self) -> Protection:
        return Protection()

    def _keep_up(self) -> None:
        now_ms = self.exchange.now_ms
        for line in list(self.streams.lines):
            if line.patience_ms is not None and now_ms - line.heard_ms > line.patience_ms:
                self.record("silent", {"line": line.kind})
                line.drop()
                self.streams.leave(line)
        super()._keep_up()
        self.protection.keep_up(self.exchange, self.streams)

    def answered(self, asked: Asked, signature: Signature) -> Any:
        """`result` of a REST request. Raises ApiError."""
        self.beat()
        route = ROUTES.get(asked.what)
        if route is None:
            raise BybitError(404, "Not Found", 404)
        if not route.signed:
            return route.act(self.exchange, asked.given)
        return route.act(self.exchange, self._signed(asked.key, signature), asked.given)

    def _signed(self, key: str | None, given: Signature) -> Account:
        account = self.account_of(key)
        window = given.window or "5000"
        if not given.timestamp.isdigit() or not window.isdigit():
            raise BybitError(10002, "invalid request, please check your server timestamp or recv_window param")
        age = self.exchange.now_ms - int(given.timestamp)
        if not -AHEAD_MS <= age < int(window):
            raise BybitError(10002, "invalid request, please check your server timestamp or recv_window param")
        if not _is_signed(account, f"{given.timestamp}{key}{given.window}{given.signed}", given.sign):
            raise _NO_SIGN
        return account

    def account_of(self, key: str | None) -> Account:
        if (found := self.exchange.accounts.get(key or "")) is None:
            raise _NO_KEY
        return found

    def logged_on(self, key: str, expires: str, sign: str) -> Account:
        """The account that a connection's auth opens. Raises ApiError."""
        self.beat()
        account = self.account_of(key)
        if not expires.isdigit() or int(expires) <= self.exchange.now_ms:
            raise BybitError(10004, "Params Error: expires")
        if not _is_signed(account, f"GET/realtime{expires}", sign):
            raise _NO_SIGN
        return account

    def user(self, account: Account, event: dict[str, Any]) -> None:
        """What only Binance would say has no topics."""
        for message in event.get("topics", ()):
            self.streams.say(f"{account.key}:{message['topic']}", lambda message=message: message)  # type: ignore[misc]

    def forced(self, market: Market, order: Order, fill: Fill) -> None:
        """Bybit's topic of liquidations is not served."""

    def _order_said(self, order: Order, contract: Contract, _execution: str, _fill: Fill | None, **_: Any) -> Any:
        return {"topics": [words.message("order", [words.order_row(order, contract)], self.exchange.now_ms)]}

    def _fill_said(self, order: Order, contract: Contract, fill: Fill) -> Any:
        row = words.execution_row(fill, contract, order)
        return {"topics": [words.message("execution", [row], self.exchange.now_ms)]}

    def _account_said(self, account: Account, margins: Margins, _reason: str, legs: list[Leg], **_: Any) -> Any:
        markets, now_ms = self.exchange.markets, self.exchange.now_ms
        rows = [
            words.position_row(account, margins, leg, markets[leg[0]].contract, markets[leg[0]].mark_price)
            for leg in legs
        ]
        positions = [words.message("position", rows, now_ms)] if rows else []
        return {"topics": [*positions, words.message("wallet", [words.wallet_row(account, margins)], now_ms)]}


def _is_signed(account: Account, text: str, sign: str) -> bool:
    expected = hmac.new(account.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, sign.lower())
