"""What is asked of Binance USD-M futures over REST."""

from decimal import Decimal
from typing import Any

from engine.core.types import Instrument, Nanos
from engine.venue_api.account import (
    MS,
    WEEK_MS,
    Account,
    Holding,
    OpenOrder,
    VenueId,
    View,
    fundings,
    holding,
    moves,
    order,
    our_id,
    trade,
)
from engine.venue_api.errors import VenueError
from engine.venue_api.signed import RECV_WINDOW_MS, Signed
from engine.venue_api.steady import steady
from engine.venue_api.venue import Doubt, Terms, Timer

REST = "https://fapi.binance.com"
TESTNET = "https://testnet.binancefuture.com"
PAGE = 1000
COUNTDOWN_MS = 60_000


class Binance(Signed):
    """One account at one address, as engine.venue_api.signed."""

    def terms(self, symbol: str) -> Terms:
        """By the symbol's own entry of exchangeInfo. Raises VenueError where the venue does not trade it."""
        found = (each for each in self.read("/fapi/v1/exchangeInfo")["symbols"] if each["symbol"] == symbol)
        entry: dict[str, Any] | None = next(found, None)
        if entry is None or entry.get("status", "TRADING") != "TRADING":
            raise VenueError(f"exchangeInfo {symbol}", "is not traded there")
        filters = {each["filterType"]: each for each in entry["filters"]}

        def term(kind: str, name: str) -> Decimal | None:
            value = filters.get(kind, {}).get(name)
            return None if value is None else Decimal(value)

        return Terms(
            tick=term("PRICE_FILTER", "tickSize"),
            step=term("LOT_SIZE", "stepSize"),
            min_size=term("LOT_SIZE", "minQty"),
            min_notional=term("MIN_NOTIONAL", "notional"),
            max_market_size=term("MARKET_LOT_SIZE", "maxQty"),
        )

    def account(self, instrument: Instrument) -> Account:
        symbol = instrument.raw_symbol
        asset = {each["asset"]: each for each in self.signed_read("/fapi/v2/balance")}.get(instrument.settlement, {})
        entries = self.signed_read("/fapi/v2/positionRisk", symbol=symbol)
        if not entries:
            raise VenueError(f"positionRisk {symbol}", "no word on the contract")
        return Account(
            hedge=bool(self.signed_read("/fapi/v1/positionSide/dual")["dualSidePosition"]),
            leverage=int(entries[0]["leverage"]),
            margin_type=str(entries[0]["marginType"]).upper().replace("CROSSED", "CROSS"),
            balance=Decimal(asset.get("balance", 0)),
            available=Decimal(asset.get("availableBalance", 0)),
            max_notional=Decimal(entries[0].get("maxNotionalValue", "Infinity")),
            holdings=tuple(holding(entry) for entry in entries if Decimal(entry["positionAmt"]) != 0),
            orders=self.open_orders(symbol),
        )

    def mark(self, symbol: str) -> Decimal:
        return Decimal(self.read("/fapi/v1/premiumIndex", symbol=symbol)["markPrice"])

    def alias(self) -> str:
        """The venue's own name for the account, by which it can be told from others."""
        entries = self.signed_read("/fapi/v2/balance")
        return str(entries[0].get("accountAlias", "")) if entries else ""

    def doubts(self) -> tuple[Doubt, ...]:
        books = "the books are in the contract's currency"
        fees = Doubt("fees in BNB", self._pays_fees_in_bnb, f"turn it off at the venue: {books}")
        remedy = f"choose single-asset mode at the venue: {books}"
        return fees, Doubt("margin of several assets", self._shares_margin_among_assets, remedy)

    def _pays_fees_in_bnb(self) -> bool:
        return bool(self.signed_read("/fapi/v1/feeBurn")["feeBurn"])

    def _shares_margin_among_assets(self) -> bool:
        return bool(self.signed_read("/fapi/v1/multiAssetsMargin")["multiAssetsMargin"])

    def open_orders(self, symbol: str) -> tuple[OpenOrder, ...]:
        return tuple(order(entry) for entry in self.signed_read("/fapi/v1/openOrders", symbol=symbol))

    def holdings(self, symbol: str) -> tuple[Holding, ...]:
        entries = self.signed_read("/fapi/v2/positionRisk", symbol=symbol)
        return tuple(holding(entry) for entry in entries if Decimal(entry["positionAmt"]) != 0)

    def view(self, instrument: Instrument, since_ns: Nanos) -> View:
        """Read again while it moves. Raises VenueError where it does not stand still, or a fee was paid in another
        asset than the margin's."""
        return steady(self, instrument.raw_symbol, lambda standing: self._view(instrument, since_ns // MS, *standing))

    def _view(
        self, instrument: Instrument, since_ms: int, orders: tuple[OpenOrder, ...], holdings: tuple[Holding, ...]
    ) -> View:
        symbol, asset = instrument.raw_symbol, instrument.settlement
        trades = tuple(
            trade(each, asset) for each in self._since("/fapi/v1/userTrades", symbol, since_ms, "fromId", "id")
        )
        placed = self._since("/fapi/v1/allOrders", symbol, since_ms, "orderId", "orderId")
        incomes = [row for row in self._incomes(since_ms) if row["asset"] == asset]
        balances = {each["asset"]: each for each in self.signed_read("/fapi/v2/balance")}
        names: dict[VenueId, str] = {int(each["orderId"]): our_id(each["clientOrderId"]) for each in placed}
        for order_id in {each.order_id for each in trades} - names.keys():  # placed before
            asked = self.signed_read("/fapi/v1/order", symbol=symbol, orderId=order_id)
            names[order_id] = our_id(asked["clientOrderId"])
        return View(
            at_ns=0,
            orders=orders,
            holdings=holdings,
            trades=trades,
            fundings=fundings(incomes, symbol),
            moves=moves(incomes, symbol),
            names=names,
            balance=Decimal(balances.get(asset, {}).get("balance", 0)),
        )

    def _incomes(self, since_ms: int) -> list[dict[str, Any]]:
        """Of all contracts: they share the balance."""
        rows: dict[tuple[str, str, str], dict[str, Any]] = {}
        while True:
            page = self.signed_read("/fapi/v1/income", startTime=since_ms, limit=PAGE)
            known = len(rows)
            rows |= {(row["incomeType"], str(row["tranId"]), row["symbol"]): row for row in page}
            if len(page) < PAGE or len(rows) == known:
                return list(rows.values())
            since_ms = int(page[-1]["time"])

    def _since(self, path: str, symbol: str, since_ms: int, from_key: str, key: str) -> list[dict[str, Any]]:
        """All rows from a time on. The venue answers for at most a week and a page at once."""
        rows: list[dict[str, Any]] = []
        now_ms = self.now_ms
        for begin in range(since_ms, now_ms + 1, WEEK_MS):
            end = min(begin + WEEK_MS - 1, now_ms + RECV_WINDOW_MS)
            page = self.signed_read(path, symbol=symbol, startTime=begin, endTime=end, limit=PAGE)
            rows += page
            while len(page) == PAGE:
                page = self.signed_read(path, symbol=symbol, limit=PAGE, **{from_key: int(page[-1][key]) + 1})
                rows += page
        return [row for row in {int(row[key]): row for row in rows}.values() if int(row["time"]) >= since_ms]

    def set_hedge(self, _symbol: str, hedge: bool) -> None:
        self.change("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true" if hedge else "false")

    def set_leverage(self, symbol: str, leverage: int) -> None:
        self.change("POST", "/fapi/v1/leverage", symbol=symbol, leverage=leverage)

    def set_margin_type(self, symbol: str, margin_type: str) -> None:
        word = "CROSSED" if margin_type == "CROSS" else margin_type
        self.change("POST", "/fapi/v1/marginType", symbol=symbol, marginType=word)

    def cancel(self, symbol: str, resting: OpenOrder) -> None:
        """An order that is over already counts as cancelled."""
        try:
            self.change("DELETE", "/fapi/v1/order", symbol=symbol, orderId=resting.venue_id)
        except VenueError as error:
            if error.code not in (-2011, -2013):  # unknown order, order does not exist
                raise

    def close_at_market(self, symbol: str, held: Holding, client_id: str) -> None:
        """Under an id of its own, so that asking twice sends one order: the venue refuses the second."""
        leg = {} if held.position_side == "BOTH" else {"positionSide": held.position_side}
        reduce = {"reduceOnly": "true"} if held.position_side == "BOTH" else {}
        side = "SELL" if held.size > 0 else "BUY"
        fields = {"side": side, "type": "MARKET", "quantity": f"{abs(held.size):f}", "newClientOrderId": client_id}
        self.signed("POST", "/fapi/v1/order", {"symbol": symbol, **fields, **leg, **reduce})

    def timer(self) -> Timer:
        return Timer(f"{COUNTDOWN_MS // 1000} s after it last heard us", "orders of others in this contract")

    def arm(self, symbol: str) -> None:
        self.count_down(symbol, COUNTDOWN_MS)

    def disarm(self, symbol: str) -> None:
        self.count_down(symbol, 0)

    def count_down(self, symbol: str, countdown_ms: int) -> None:
        """The venue cancels all orders of the contract unless this is asked again in time; 0 turns it off."""
        self.change("POST", "/fapi/v1/countdownCancelAll", symbol=symbol, countdownTime=countdown_ms)
