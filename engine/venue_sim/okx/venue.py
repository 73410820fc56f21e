"""The venue that speaks OKX's v5."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from engine.core.types import Instrument
from engine.venue_sim.account import Account, Leg
from engine.venue_sim.contract import Contract
from engine.venue_sim.exchange import Said
from engine.venue_sim.margin import Margins
from engine.venue_sim.market import Market
from engine.venue_sim.okx import account as accounts
from engine.venue_sim.okx import order_words as words
from engine.venue_sim.okx.contracts import codes, listed
from engine.venue_sim.okx.errors import OK, OkxError
from engine.venue_sim.okx.orders import outcomes
from engine.venue_sim.okx.routes import ORDERS, ROUTES
from engine.venue_sim.okx.topics import Topics
from engine.venue_sim.orders import Fill, Order
from engine.venue_sim.parameters import Parameters
from engine.venue_sim.venue import Asked, Venue

PRIVATE = ("orders", "positions", "account")
SILENT = ("orders-algo", "algo-advance", "liquidation-warning")  # nothing is ever said there
WINDOW_MS = 30_000
VERIFIED = "GET/users/self/verify"


class Signature(NamedTuple):
    """What came in the headers of a request, and the method, path and body that it was made over."""

    timestamp: str
    sign: str
    passphrase: str
    signed: str


class OkxVenue(Venue):
    """Mutable; one thread."""

    protocol, has_passphrase = "OKX", True
    streams: Topics

    @classmethod
    def listed(cls, instrument: Instrument) -> Instrument:
        return listed(instrument)

    def _subscriptions(self) -> Topics:
        self.exchange.said = Said(self._order_said, self._fill_said, self._account_said)
        return Topics(self.exchange.markets, codes(self.exchange))

    def answered(self, asked: Asked, orders: Sequence[Parameters], signature: Signature) -> tuple[str, Any]:
        """`code` and `data` of a REST request; `orders` are those that its body names. Raises ApiError."""
        self.beat()
        if (act := ORDERS.get(asked.what)) is not None:
            return outcomes(self.exchange, self._signed(asked.key, signature), act, orders)
        if (route := ROUTES.get(asked.what)) is None:
            raise OkxError(50404, "Not Found", 404)
        if not route.signed:
            return OK, route.act(self.exchange, asked.given)
        return OK, route.act(self.exchange, self._signed(asked.key, signature), asked.given)

    def _signed(self, key: str | None, given: Signature) -> Account:
        account = self.account_of(key)
        try:
            at_ms = int(datetime.fromisoformat(given.timestamp).timestamp() * 1000)
        except ValueError:
            raise OkxError(50112, "Invalid OK-ACCESS-TIMESTAMP", 401) from None
        self._check(account, given, at_ms)
        return account

    def _check(self, account: Account, given: Signature, at_ms: int) -> None:
        if abs(self.exchange.now_ms - at_ms) > WINDOW_MS:
            raise OkxError(50102, "Timestamp request expired", 401)
        if not hmac.compare_digest(given.passphrase, account.passphrase):
            raise OkxError(50105, "Request header OK-ACCESS-PASSPHRASE incorrect.", 401)
        made = hmac.new(account.secret.encode(), f"{given.timestamp}{given.signed}".encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(base64.b64encode(made).decode(), given.sign):
            raise OkxError(50113, "Invalid Sign", 401)

    def account_of(self, key: str | None) -> Account:
        if (found := self.exchange.accounts.get(key or "")) is None:
            raise OkxError(50111, "Invalid OK-ACCESS-KEY", 401)
        return found

    def logged_on(self, given: dict[str, Any]) -> Account:
        """The account that a connection's login opens. Raises ApiError."""
        self.beat()
        key, stamp, sign, word = (str(given.get(each, "")) for each in ("apiKey", "timestamp", "sign", "passphrase"))
        account = self.account_of(key)
        if not stamp.isdigit():
            raise OkxError(60004, "Invalid timestamp")
        self._check(account, Signature(stamp, sign, word, VERIFIED), int(stamp) * 1000)
        return account

    def first_words(self, account: Account, channel: str) -> dict[str, Any] | None:
        """What somebody is told who has just subscribed to an account's channel."""
        exchange = self.exchange
        match channel:
            case "account":
                return message(channel, accounts.balance(exchange, account, {}))
            case "positions":
                return message(channel, accounts.positions(exchange, account, {}))
            case _:
                return None

    def user(self, account: Account, event: dict[str, Any]) -> None:
        """What only Binance would say has no channels."""
        for each in event.get("channels", ()):
            self.streams.say(f"{account.key}:{each['arg']['channel']}", lambda each=each: each)  # type: ignore[misc]

    def forced(self, market: Market, order: Order, fill: Fill) -> None:
        """OKX's channel of liquidations is not served."""

    def _order_said(self, order: Order, contract: Contract, _execution: str, fill: Fill | None, **_: Any) -> Any:
        return {"channels": [message("orders", [words.order_row(order, contract, fill)])]}

    def _fill_said(self, _order: Order, _contract: Contract, _fill: Fill) -> Any:
        """Fills come with their orders."""
        return {}

    def _account_said(self, account: Account, margins: Margins, _reason: str, legs: list[Leg], **_: Any) -> Any:
        rows = [accounts.position(self.exchange, account, leg) for leg in legs]
        positions = [message("positions", rows)] if rows else []
        balance = message("account", [words.balance_row(account, margins, self.exchange.now_ms)])
        return {"channels": [*positions, balance]}


def message(channel: str, rows: list[Any]) -> dict[str, Any]:
    kind = {} if channel == "account" else {"instType": "SWAP"}
    return {"arg": {"channel": channel} | kind, "data": rows}
