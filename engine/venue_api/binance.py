"""Binance USD-M futures over REST: signed requests, and the account as values.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info. A signature is the
HMAC-SHA256 of the query string; a timestamp must lie within recvWindow of the venue's clock, so that is read first.
"""

import hashlib
import hmac
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal, Self
from urllib.parse import urlencode

import httpx
import msgspec
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from engine.core.types import Instrument, Side
from engine.venue_api.errors import VenueError
from engine.venue_api.keys import Keys

REST = "https://fapi.binance.com"
TESTNET = "https://testnet.binancefuture.com"
RECV_WINDOW_MS = 5000
NOTHING_TO_CHANGE = frozenset({-4046, -4059})  # margin type, position mode: as asked already
TRIES = 4  # of what can be asked twice without harm

type Method = Literal["GET", "POST", "PUT", "DELETE"]


class OpenOrder(msgspec.Struct, frozen=True):
    """An order that rests at the venue. `client_id` is as the venue has it."""

    client_id: str
    venue_id: int
    side: Side
    price: Decimal
    leaves: Decimal
    position_side: str
    reduce_only: bool


class Holding(msgspec.Struct, frozen=True):
    """A position: signed size, average entry; `position_side` is BOTH, LONG or SHORT."""

    position_side: str
    size: Decimal
    entry: Decimal
    liquidation: Decimal


class Account(msgspec.Struct, frozen=True):
    """What the venue says of us and of one contract. Money in the margin asset; `max_notional` is the largest value of
    a position at this leverage."""

    hedge: bool
    leverage: int
    margin_type: str
    balance: Decimal
    available: Decimal
    max_notional: Decimal
    holdings: tuple[Holding, ...]
    orders: tuple[OpenOrder, ...]


class _UnansweredError(VenueError):
    """No answer, or one that asks to come back later."""


class Binance:
    """One account at one address. `clock_ms` is our own clock; `offset_ms` is the venue's less ours."""

    def __init__(self, address: str, keys: Keys, *, clock_ms: Callable[[], int], timeout_s: float = 5) -> None:
        self._http = httpx.Client(base_url=address, timeout=timeout_s, headers={"X-MBX-APIKEY": keys.key})
        self._keys, self._clock_ms = keys, clock_ms
        self.offset_ms = 0

    def __enter__(self) -> Self:
        self.synchronise()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def synchronise(self) -> int:
        """Read the venue's clock; the way there and back is taken to be equally long. Returns the offset in ms."""
        asked = self._clock_ms()
        server = int(self._read("/fapi/v1/time")["serverTime"])
        self.offset_ms = server - (asked + self._clock_ms()) // 2
        return self.offset_ms

    def contract(self, symbol: str) -> dict[str, Any]:
        """The symbol's own entry of exchangeInfo. Raises VenueError where the venue does not trade it."""
        found = (each for each in self._read("/fapi/v1/exchangeInfo")["symbols"] if each["symbol"] == symbol)
        entry: dict[str, Any] | None = next(found, None)
        if entry is None or entry.get("status", "TRADING") != "TRADING":
            raise VenueError(f"exchangeInfo {symbol}", "is not traded there")
        return entry

    def account(self, instrument: Instrument) -> Account:
        symbol = instrument.raw_symbol
        asset = {each["asset"]: each for each in self._signed_read("/fapi/v2/balance")}.get(instrument.settlement, {})
        entries = self._signed_read("/fapi/v2/positionRisk", symbol=symbol)
        if not entries:
            raise VenueError(f"positionRisk {symbol}", "no word on the contract")
        return Account(
            hedge=bool(self._signed_read("/fapi/v1/positionSide/dual")["dualSidePosition"]),
            leverage=int(entries[0]["leverage"]),
            margin_type=str(entries[0]["marginType"]).upper().replace("CROSSED", "CROSS"),
            balance=Decimal(asset.get("balance", 0)),
            available=Decimal(asset.get("availableBalance", 0)),
            max_notional=Decimal(entries[0].get("maxNotionalValue", "Infinity")),
            holdings=tuple(_holding(entry) for entry in entries if Decimal(entry["positionAmt"]) != 0),
            orders=self.open_orders(symbol),
        )

    def open_orders(self, symbol: str) -> tuple[OpenOrder, ...]:
        return tuple(_order(entry) for entry in self._signed_read("/fapi/v1/openOrders", symbol=symbol))

    def holdings(self, symbol: str) -> tuple[Holding, ...]:
        entries = self._signed_read("/fapi/v2/positionRisk", symbol=symbol)
        return tuple(_holding(entry) for entry in entries if Decimal(entry["positionAmt"]) != 0)

    def set_hedge(self, hedge: bool) -> None:
        self._change("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true" if hedge else "false")

    def set_leverage(self, symbol: str, leverage: int) -> None:
        self._change("POST", "/fapi/v1/leverage", symbol=symbol, leverage=leverage)

    def set_margin_type(self, symbol: str, margin_type: str) -> None:
        word = "CROSSED" if margin_type == "CROSS" else margin_type
        self._change("POST", "/fapi/v1/marginType", symbol=symbol, marginType=word)

    def cancel(self, symbol: str, order: OpenOrder) -> None:
        """An order that is over already counts as cancelled."""
        try:
            self._change("DELETE", "/fapi/v1/order", symbol=symbol, orderId=order.venue_id)
        except VenueError as error:
            if error.code not in (-2011, -2013):  # unknown order, order does not exist
                raise

    def cancel_all(self, symbol: str) -> None:
        self._change("DELETE", "/fapi/v1/allOpenOrders", symbol=symbol)

    def close_at_market(self, symbol: str, holding: Holding, client_id: str) -> None:
        """Under an id of its own, so that asking twice sends one order: the venue refuses the second."""
        leg = {} if holding.position_side == "BOTH" else {"positionSide": holding.position_side}
        reduce = {"reduceOnly": "true"} if holding.position_side == "BOTH" else {}
        side = "SELL" if holding.size > 0 else "BUY"
        fields = {"side": side, "type": "MARKET", "quantity": f"{abs(holding.size):f}", "newClientOrderId": client_id}
        self._signed("POST", "/fapi/v1/order", {"symbol": symbol, **fields, **leg, **reduce})

    def cancel_all_after(self, symbol: str, countdown_ms: int) -> None:
        """The dead man's timer: the venue cancels all orders of the contract unless this is asked again in time; 0
        turns it off."""
        self._change("POST", "/fapi/v1/countdownCancelAll", symbol=symbol, countdownTime=countdown_ms)

    def _read(self, path: str, **fields: object) -> Any:
        return _tried(lambda: self._answer("GET", path, fields))

    def _signed_read(self, path: str, **fields: object) -> Any:
        return _tried(lambda: self._signed("GET", path, fields))

    def _change(self, method: Method, path: str, **fields: object) -> Any:
        """What can be asked twice: that it is so already is an answer."""
        try:
            return _tried(lambda: self._signed(method, path, fields))
        except VenueError as error:
            if error.code not in NOTHING_TO_CHANGE:
                raise
            return None

    def _signed(self, method: Method, path: str, fields: dict[str, object]) -> Any:
        timed = fields | {"recvWindow": RECV_WINDOW_MS, "timestamp": self._clock_ms() + self.offset_ms}
        query = urlencode(timed)
        signature = hmac.new(self._keys.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        try:
            return self._answer(method, f"{path}?{query}&signature={signature}", {})
        except VenueError as error:
            if error.code == -1021:  # our clock has drifted since
                self.synchronise()
                raise _UnansweredError(
                    f"{method} {path}", "our clock and the venue's differ", code=error.code
                ) from None
            raise

    def _answer(self, method: Method, target: str, fields: dict[str, object]) -> Any:
        asked = f"{method} {target.partition('?')[0]}"
        try:
            response = self._http.request(method, target, params={k: str(v) for k, v in fields.items()} or None)
        except httpx.TransportError as error:  # its text may hold the address with the signature: only its kind is told
            raise _UnansweredError(asked, f"no answer: {type(error).__name__}", unknown=True) from None
        said = _json(response)
        if response.is_success:
            return said
        code, message = (said.get("code"), said.get("msg")) if isinstance(said, dict) else (None, None)
        text = str(message or f"HTTP status {response.status_code}")
        if response.status_code == 429 or response.status_code >= 500:
            raise _UnansweredError(asked, text, code=code, unknown=response.status_code >= 500)
        raise VenueError(asked, text, code=code)


def _tried(call: Callable[[], Any]) -> Any:
    again = Retrying(
        retry=retry_if_exception_type(_UnansweredError),
        stop=stop_after_attempt(TRIES),
        wait=wait_exponential(multiplier=0.2, max=2),
        reraise=True,
    )
    return again(call)


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _holding(entry: dict[str, Any]) -> Holding:
    size = Decimal(entry["positionAmt"])
    signed = -abs(size) if entry["positionSide"] == "SHORT" else size
    liquidation = Decimal(entry.get("liquidationPrice") or 0)
    return Holding(entry["positionSide"], signed, Decimal(entry["entryPrice"]), liquidation)


def _order(entry: dict[str, Any]) -> OpenOrder:
    return OpenOrder(
        client_id=entry["clientOrderId"],
        venue_id=int(entry["orderId"]),
        side=Side.BUY if entry["side"] == "BUY" else Side.SELL,
        price=Decimal(entry["price"]),
        leaves=Decimal(entry["origQty"]) - Decimal(entry["executedQty"]),
        position_side=entry.get("positionSide", "BOTH"),
        reduce_only=bool(entry.get("reduceOnly", False)),
    )
