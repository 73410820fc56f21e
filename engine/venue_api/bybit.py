"""What is asked of Bybit's linear perpetuals over REST, of a unified account in One-way mode."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.core.types import Instrument, Nanos, Side
from engine.venue_api.account import MS, WEEK_MS, Account, Funding, Holding, Moved, OpenOrder, Trade, View
from engine.venue_api.bybit_dcp import Presence
from engine.venue_api.errors import VenueError
from engine.venue_api.keys import Keys
from engine.venue_api.signed_v5 import RECV_WINDOW_MS, SignedV5
from engine.venue_api.steady import steady
from engine.venue_api.venue import Doubt, Terms, Timer

REST = "https://api.bybit.com"
TESTNET = "https://api-testnet.bybit.com"
STREAMS = "wss://stream.bybit.com"
TESTNET_STREAMS = "wss://stream-testnet.bybit.com"
OVER = 110001  # the order is over, or too late to cancel
LEGS = {0: "BOTH", 1: "LONG", 2: "SHORT"}
MARGINS = {"REGULAR_MARGIN": "CROSS", "ISOLATED_MARGIN": "ISOLATED"}
FORCED = {"BustTrade": "autoclose-", "AdlTrade": "adl_autoclose-"}  # as engine.run.reconcile calls them
TRADED = frozenset({"Trade", *FORCED})
OF_TRADING = frozenset({"TRADE", "SETTLEMENT", "LIQUIDATION", "ADL"})


class Bybit(SignedV5):
    """One account at one address, as engine.venue_api.signed_v5; `streams` is where its WebSockets are."""

    def __init__(
        self,
        address: str,
        keys: Keys,
        *,
        clock_ms: Callable[[], int],
        timeout_s: float = 5,
        streams: str = STREAMS,
    ) -> None:
        super().__init__(address, keys, clock_ms=clock_ms, timeout_s=timeout_s)
        self._streams = streams
        self._presence: Presence | None = None

    def __exit__(self, *exit_: object) -> None:
        """What was not disarmed is missed: the venue cancels what still rests."""
        self._leave(missed=True)
        super().__exit__(*exit_)

    def terms(self, symbol: str) -> Terms:
        """Raises VenueError where the venue does not trade it."""
        rows = self.read("/v5/market/instruments-info", category="linear", symbol=symbol)["list"]
        if not rows or rows[0]["status"] != "Trading":
            raise VenueError(f"instruments-info {symbol}", "is not traded there")
        lot = rows[0]["lotSizeFilter"]
        return Terms(
            tick=Decimal(rows[0]["priceFilter"]["tickSize"]),
            step=Decimal(lot["qtyStep"]),
            min_size=Decimal(lot["minOrderQty"]),
            min_notional=Decimal(lot["minNotionalValue"]) if "minNotionalValue" in lot else None,
            max_market_size=Decimal(lot["maxMktOrderQty"]) if "maxMktOrderQty" in lot else None,
        )

    def account(self, instrument: Instrument) -> Account:
        symbol = instrument.raw_symbol
        if instrument.settlement != "USDT":
            message = "only contracts in USDT are traded at: others are settled anew every session"
            raise VenueError(f"position/list {symbol}", message)
        rows = self._positions(symbol)
        if not rows:
            raise VenueError(f"position/list {symbol}", "no word on the contract")
        leverage = Decimal(rows[0]["leverage"] or 0)
        margin = self.signed_read("/v5/account/info")["marginMode"]
        wallet = self._wallet(instrument.settlement)
        return Account(
            hedge=any(int(row["positionIdx"]) for row in rows),
            leverage=int(leverage) if leverage == int(leverage) else 0,  # a fraction is none that a run file can want
            margin_type=MARGINS.get(margin, margin),
            balance=_balance(wallet, instrument.settlement),
            available=_available(wallet, instrument.settlement),
            max_notional=Decimal(rows[0].get("riskLimitValue") or "Infinity"),
            holdings=_held(rows),
            orders=self.open_orders(symbol),
        )

    def _positions(self, symbol: str) -> list[dict[str, Any]]:
        return self.pages("/v5/position/list", category="linear", symbol=symbol, limit=200)

    def _wallet(self, coin: str) -> dict[str, Any]:
        rows = self.signed_read("/v5/account/wallet-balance", accountType="UNIFIED", coin=coin)["list"]
        return dict(rows[0]) if rows else {}

    def mark(self, symbol: str) -> Decimal:
        return Decimal(self.read("/v5/market/tickers", category="linear", symbol=symbol)["list"][0]["markPrice"])

    def alias(self) -> str:
        """The venue's own number of the account, by which it can be told from others."""
        return str(self.signed_read("/v5/user/query-api").get("userID", ""))

    def doubts(self) -> tuple[Doubt, ...]:
        """Fees and the margin's interest are booked in the contract's own currency. NautilusTrader's adapter reads the
        executions of a week before it starts, and ends the process at one that does not name it."""
        remedy = "NautilusTrader 2.0.0rc7 cannot read the account's executions of the last week, and would crash"
        return (Doubt("fees without a currency", self._has_nameless_fees, remedy),)

    def _has_nameless_fees(self) -> bool:
        """As far as the newest tell."""
        newest = self.signed_read("/v5/execution/list", category="linear", limit=100)["list"]
        return any(not row.get("feeCurrency") for row in newest)

    def open_orders(self, symbol: str) -> tuple[OpenOrder, ...]:
        rows = self.pages("/v5/order/realtime", category="linear", symbol=symbol, openOnly=0, limit=50)
        open_ones = (row for row in rows if row["orderStatus"] in {"New", "PartiallyFilled", "Untriggered"})
        return tuple(sorted((_order(row) for row in open_ones), key=lambda each: each.venue_id))

    def holdings(self, symbol: str) -> tuple[Holding, ...]:
        return _held(self._positions(symbol))

    def view(self, instrument: Instrument, since_ns: Nanos) -> View:
        """Read again while it moves. Raises VenueError where it does not stand still."""
        return steady(self, instrument.raw_symbol, lambda standing: self._view(instrument, since_ns // MS, *standing))

    def _view(
        self, instrument: Instrument, since_ms: int, orders: tuple[OpenOrder, ...], holdings: tuple[Holding, ...]
    ) -> View:
        symbol, coin = instrument.raw_symbol, instrument.settlement
        executed = self._since("/v5/execution/list", since_ms, category="linear", symbol=symbol, limit=100)
        traded = [row for row in executed if row["execType"] in TRADED]
        log = self._since("/v5/account/transaction-log", since_ms, accountType="UNIFIED", currency=coin, limit=50)
        funded = [row for row in log if row["type"] == "SETTLEMENT" and _is_of_trading(row, symbol)]
        others = [row for row in log if not _is_of_trading(row, symbol)]
        return View(
            at_ns=0,
            orders=orders,
            holdings=holdings,
            trades=tuple(_trade(row, coin) for row in traded),
            fundings=tuple(Funding(Decimal(row["change"]), _at_ns(row)) for row in funded),
            moves=tuple(Moved(Decimal(row["change"]), str(row["type"]), _at_ns(row)) for row in others),
            names={str(row["orderId"]): name for row in traded if (name := _name(row))},
            balance=_balance(self._wallet(coin), coin),
        )

    def _since(self, path: str, since_ms: int, **fields: object) -> list[dict[str, Any]]:
        """Oldest first. The venue answers for at most a week at once."""
        rows: list[dict[str, Any]] = []
        now_ms = self.now_ms
        for begin in range(since_ms, now_ms + 1, WEEK_MS):
            end = min(begin + WEEK_MS - 1, now_ms + RECV_WINDOW_MS)
            rows += self.pages(path, **fields, startTime=begin, endTime=end)[::-1]
        return rows

    def set_hedge(self, symbol: str, hedge: bool) -> None:
        self.change("/v5/position/switch-mode", category="linear", symbol=symbol, mode=3 if hedge else 0)

    def set_leverage(self, symbol: str, leverage: int) -> None:
        both = {"buyLeverage": str(leverage), "sellLeverage": str(leverage)}
        self.change("/v5/position/set-leverage", category="linear", symbol=symbol, **both)

    def set_margin_type(self, symbol: str, margin_type: str) -> None:
        """Never: it would change the margin of all that the account holds."""
        raise VenueError(f"{margin_type} margin of {symbol}", "is the whole account's at Bybit: set it there")

    def cancel(self, symbol: str, resting: OpenOrder) -> None:
        """An order that is over already counts as cancelled."""
        try:
            self.change("/v5/order/cancel", category="linear", symbol=symbol, orderId=resting.venue_id)
        except VenueError as error:
            if error.code != OVER:
                raise

    def close_at_market(self, symbol: str, held: Holding, client_id: str) -> None:
        """Under an id of its own, so that asking twice sends one order: the venue refuses the second."""
        index = next(index for index, word in LEGS.items() if word == held.position_side)
        order = {"category": "linear", "symbol": symbol, "positionIdx": index, "orderLinkId": client_id}
        side = "Sell" if held.size > 0 else "Buy"
        market = {"side": side, "orderType": "Market", "qty": f"{abs(held.size):f}", "reduceOnly": True}
        self.signed("POST", "/v5/order/create", {**order, **market})

    def timer(self) -> Timer | None:
        """Where the venue has granted it, as it does to institutions that ask. The window is the whole account's, its
        owner's choice: it is left as it is."""
        granted = self.signed_read("/v5/account/query-dcp-info").get("dcpInfos") or ()
        found = next((row for row in granted if (row["product"], row["dcpStatus"]) == ("DERIVATIVES", "ON")), None)
        if found is None:
            return None
        strikes = f"{found['timeWindow']} s after the account's last connection that asks for it is gone"
        return Timer(strikes, "orders of others in all derivatives of the account")

    def arm(self, _symbol: str) -> None:
        if self._presence is None:
            self._presence = Presence(self._streams, self._keys, lambda: self.now_ms)
        self._presence.check()

    def disarm(self, _symbol: str) -> None:
        self._leave(missed=False)

    def _leave(self, *, missed: bool) -> None:
        if self._presence is not None:
            self._presence.leave(missed=missed)
            self._presence = None


def _balance(wallet: dict[str, Any], coin: str) -> Decimal:
    return Decimal(_coin(wallet, coin).get("walletBalance") or 0)


def _available(wallet: dict[str, Any], coin: str) -> Decimal:
    """Where each position has a margin of its own, the venue says none of the whole account: what no margin binds."""
    if said := wallet.get("totalAvailableBalance"):
        return Decimal(said)
    bound = (Decimal(_coin(wallet, coin).get(each) or 0) for each in ("totalPositionIM", "totalOrderIM", "locked"))
    return max(_balance(wallet, coin) - sum(bound), Decimal(0))


def _coin(wallet: dict[str, Any], coin: str) -> dict[str, Any]:
    return next((each for each in wallet.get("coin", ()) if each["coin"] == coin), {})


def _is_of_trading(row: dict[str, Any], symbol: str) -> bool:
    """Of the contract: its pair is traded under the same symbol on the spot market."""
    return (row["category"], row["symbol"]) == ("linear", symbol) and row["type"] in OF_TRADING


def _held(rows: list[dict[str, Any]]) -> tuple[Holding, ...]:
    return tuple(_holding(row) for row in rows if Decimal(row["size"] or 0))


def _holding(row: dict[str, Any]) -> Holding:
    size = Decimal(row["size"])
    signed = size if row["side"] == "Buy" else -size
    word = LEGS[int(row["positionIdx"])]
    return Holding(word, signed, Decimal(row["avgPrice"] or 0), Decimal(row.get("liqPrice") or 0))


def _order(row: dict[str, Any]) -> OpenOrder:
    return OpenOrder(
        client_id=row["orderLinkId"],
        venue_id=row["orderId"],
        side=Side.BUY if row["side"] == "Buy" else Side.SELL,
        price=Decimal(row["price"] or 0),
        leaves=Decimal(row["leavesQty"]),
        position_side=LEGS[int(row["positionIdx"])],
        reduce_only=bool(row["reduceOnly"]),
    )


def _name(row: dict[str, Any]) -> str:
    """Of an execution's order; what the venue itself has sent has none."""
    forced = FORCED.get(row["execType"])
    return str(row["orderLinkId"] or ("" if forced is None else f"{forced}{row['orderId']}"))


def _trade(row: dict[str, Any], coin: str) -> Trade:
    if (paid_in := row.get("feeCurrency")) not in {None, "", coin} and Decimal(row["execFee"]):
        raise VenueError(f"execution {row['execId']}", f"a fee was paid in {paid_in}: the books are in {coin}")
    return Trade(
        id=row["execId"],
        order_id=row["orderId"],
        side=Side.BUY if row["side"] == "Buy" else Side.SELL,
        position_side="BOTH",
        price=Decimal(row["execPrice"]),
        size=Decimal(row["execQty"]),
        fee=Decimal(row["execFee"]),
        maker=bool(row["isMaker"]),
        at_ns=int(row["execTime"]) * MS,
    )


def _at_ns(row: dict[str, Any]) -> Nanos:
    return int(row["transactionTime"]) * MS
