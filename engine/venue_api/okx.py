"""What is asked of OKX's linear swaps over REST: cross margin, One-way mode (the venue's net mode).

Sizes are counted in contracts here as everywhere in a run: what a contract is worth, its instrument says.
"""

import re
from decimal import Decimal
from typing import Any

from engine.core.types import Instrument, Nanos, Side
from engine.core.wire_ids import known_as
from engine.venue_api.account import MS, Account, Funding, Holding, Moved, OpenOrder, Trade, View
from engine.venue_api.errors import VenueError
from engine.venue_api.signed_okx import SignedOkx
from engine.venue_api.steady import steady
from engine.venue_api.venue import Doubt, Terms, Timer

REST = "https://www.okx.com"
CROSS = "cross"
LEGS = {"net": "BOTH", "long": "LONG", "short": "SHORT"}
HEDGE = "long_short_mode"
OF_FUTURES = frozenset({"2", "3"})  # modes of an account: futures, and several currencies
MODES = {"1": "spot", "4": "portfolio margin"}
SEVERAL = "3"
OVER = frozenset({51400, 51401, 51402, 51410, 51603})  # the order is over, or unknown
TRADED, FUNDED = frozenset({"2", "5", "9"}), "8"  # types of bills; 5 and 9 are of liquidation and deleveraging
LIQUIDATED, DELEVERAGED = range(100, 108), range(125, 129)  # subtypes of fills
COUNTDOWN_S = 60
KEPT_MS = 2_000
RECENT_MS = 2 * 86_400_000  # older fills and bills are asked for elsewhere
_OTHER_SIGNS = re.compile("[^0-9A-Za-z]")


class Okx(SignedOkx):
    """One account at one address, as engine.venue_api.signed_okx. Mutable: it keeps the settings of the account for a
    moment, as the venue may be asked for them five times in two seconds."""

    _settings: tuple[int, dict[str, Any]] | None = None

    def terms(self, symbol: str) -> Terms:
        """Raises VenueError where the venue does not trade it."""
        rows = self.read("/api/v5/public/instruments", instType="SWAP", instId=symbol)
        if not rows or rows[0]["state"] != "live":
            raise VenueError(f"instruments {symbol}", "is not traded there")
        row = rows[0]
        return Terms(
            tick=Decimal(row["tickSz"]),
            step=Decimal(row["lotSz"]),
            min_size=Decimal(row["minSz"]),
            min_notional=None,
            max_market_size=Decimal(row["maxMktSz"]) if row.get("maxMktSz") else None,
        )

    def account(self, instrument: Instrument) -> Account:
        symbol, config = instrument.raw_symbol, self._config()
        if instrument.inverse or instrument.settlement != "USDT":
            raise VenueError(f"positions {symbol}", "only swaps in USDT are traded at")
        if config["acctLv"] not in OF_FUTURES:
            mode = MODES.get(config["acctLv"], config["acctLv"])
            raise VenueError("account/config", f"the account is in the mode {mode}: choose futures mode at the venue")
        coin = self._coin(instrument.settlement)
        return Account(
            hedge=config["posMode"] == HEDGE,
            leverage=self._leverage(symbol),
            margin_type="CROSS",
            balance=Decimal(coin.get("cashBal") or 0),
            available=Decimal(coin.get("availEq") or coin.get("availBal") or 0),
            max_notional=Decimal("Infinity"),
            holdings=self.holdings(symbol),
            orders=self.open_orders(symbol),
        )

    def _config(self) -> dict[str, Any]:
        if self._settings is None or self.now_ms - self._settings[0] > KEPT_MS:
            self._settings = self.now_ms, dict(self.signed_read("/api/v5/account/config")[0])
        return self._settings[1]

    def _coin(self, coin: str) -> dict[str, Any]:
        rows = self.signed_read("/api/v5/account/balance", ccy=coin)
        return next((each for row in rows for each in row["details"] if each["ccy"] == coin), {})

    def _leverage(self, symbol: str) -> int:
        """0 where the two sides differ, or it is a fraction: none that a run file can want."""
        rows = self.signed_read("/api/v5/account/leverage-info", instId=symbol, mgnMode=CROSS)
        said = {Decimal(row["lever"] or 0) for row in rows}
        only = said.pop() if len(said) == 1 else Decimal(0)
        return int(only) if only == int(only) else 0

    def mark(self, symbol: str) -> Decimal:
        return Decimal(self.read("/api/v5/public/mark-price", instType="SWAP", instId=symbol)[0]["markPx"])

    def alias(self) -> str:
        """The venue's own number of the account, by which it can be told from others."""
        return str(self._config().get("uid", ""))

    def doubts(self) -> tuple[Doubt, ...]:
        shared = Doubt("margin of several currencies", self._shares_margin, "choose futures mode at the venue")
        return (shared,)

    def _shares_margin(self) -> bool:
        return bool(self._config()["acctLv"] == SEVERAL)

    def open_orders(self, symbol: str) -> tuple[OpenOrder, ...]:
        rows = self.pages("/api/v5/trade/orders-pending", "ordId", instType="SWAP", instId=symbol)
        return tuple(sorted((_order(row) for row in rows), key=lambda each: each.venue_id))

    def holdings(self, symbol: str) -> tuple[Holding, ...]:
        """Raises VenueError for one with a margin of its own: no order of ours would close it."""
        rows = self.signed_read("/api/v5/account/positions", instType="SWAP", instId=symbol)
        held = [row for row in rows if Decimal(row["pos"] or 0)]
        if any(row["mgnMode"] != CROSS for row in held):
            raise VenueError(f"positions {symbol}", "one has isolated margin: close it, only cross is traded")
        return tuple(_holding(row) for row in held)

    def view(self, instrument: Instrument, since_ns: Nanos) -> View:
        """Read again while it moves. Raises VenueError where it does not stand still."""
        return steady(self, instrument.raw_symbol, lambda standing: self._view(instrument, since_ns // MS, *standing))

    def _view(
        self, instrument: Instrument, since_ms: int, orders: tuple[OpenOrder, ...], holdings: tuple[Holding, ...]
    ) -> View:
        symbol, coin = instrument.raw_symbol, instrument.settlement
        old = self.now_ms - since_ms > RECENT_MS
        fills, bills = ("fills-history", "bills-archive") if old else ("fills", "bills")
        filled = self.pages(f"/api/v5/trade/{fills}", "billId", instType="SWAP", instId=symbol, begin=since_ms)[::-1]
        booked = self.pages(f"/api/v5/account/{bills}", "billId", ccy=coin, begin=since_ms)[::-1]
        funded = [row for row in booked if row["type"] == FUNDED and _is_of(row, symbol)]
        others = [row for row in booked if row["type"] not in {FUNDED, *TRADED} or not _is_of(row, symbol)]
        return View(
            at_ns=0,
            orders=orders,
            holdings=holdings,
            trades=tuple(_trade(row, coin) for row in filled),
            fundings=tuple(Funding(Decimal(row["balChg"]), _at_ns(row)) for row in funded),
            moves=tuple(Moved(Decimal(row["balChg"]), f"bill {row['type']}", _at_ns(row)) for row in others),
            names={row["ordId"]: name for row in filled if (name := _name(row))},
            balance=Decimal(self._coin(coin).get("cashBal") or 0),
        )

    def set_hedge(self, _symbol: str, hedge: bool) -> None:
        """Of all contracts."""
        self._settings = None
        self.change("/api/v5/account/set-position-mode", posMode=HEDGE if hedge else "net_mode")

    def set_leverage(self, symbol: str, leverage: int) -> None:
        self.change("/api/v5/account/set-leverage", instId=symbol, lever=str(leverage), mgnMode=CROSS)

    def set_margin_type(self, symbol: str, margin_type: str) -> None:
        """Never: an order says itself under which margin it goes, and ours say cross."""
        raise VenueError(f"{margin_type} margin of {symbol}", "is not traded at OKX: orders go under cross margin")

    def cancel(self, symbol: str, resting: OpenOrder) -> None:
        """An order that is over already counts as cancelled."""
        try:
            self.change("/api/v5/trade/cancel-order", instId=symbol, ordId=resting.venue_id)
        except VenueError as error:
            if error.code not in OVER:
                raise

    def close_at_market(self, symbol: str, held: Holding, client_id: str) -> None:
        """Under an id of its own, so that asking twice sends one order: the venue refuses the second."""
        leg = next(word for word, leg in LEGS.items() if leg == held.position_side)
        order = {"instId": symbol, "tdMode": CROSS, "posSide": leg, "clOrdId": _OTHER_SIGNS.sub("", client_id)}
        side = "sell" if held.size > 0 else "buy"
        market = {"side": side, "ordType": "market", "sz": f"{abs(held.size):f}", "reduceOnly": True}
        self.signed("POST", "/api/v5/trade/order", {**order, **market})

    def timer(self) -> Timer:
        return Timer(f"{COUNTDOWN_S} s after it last heard us", "orders of others in every contract of the account")

    def arm(self, _symbol: str) -> None:
        self.count_down(COUNTDOWN_S)

    def disarm(self, _symbol: str) -> None:
        self.count_down(0)

    def count_down(self, seconds: int) -> None:
        """The venue cancels all orders of the account unless this is asked again in time (10 to 120 s); 0 turns it
        off. It knows a timer for the orders of one tag too, but that the adapter's tag is one cannot be seen."""
        self.change("/api/v5/trade/cancel-all-after", timeOut=str(seconds))


def _is_of(row: dict[str, Any], symbol: str) -> bool:
    """Of the contract."""
    return (row["instType"], row["instId"]) == ("SWAP", symbol)


def _holding(row: dict[str, Any]) -> Holding:
    """Signed in net mode alone."""
    size, word = Decimal(row["pos"]), LEGS[row["posSide"]]
    signed = -abs(size) if word == "SHORT" else size
    return Holding(word, signed, Decimal(row["avgPx"] or 0), Decimal(row.get("liqPx") or 0))


def _order(row: dict[str, Any]) -> OpenOrder:
    return OpenOrder(
        client_id=row["clOrdId"],
        venue_id=row["ordId"],
        side=Side.BUY if row["side"] == "buy" else Side.SELL,
        price=Decimal(row["px"] or 0),
        leaves=Decimal(row["sz"]) - Decimal(row["accFillSz"] or 0),
        position_side=LEGS[row["posSide"]],
        reduce_only=row["reduceOnly"] == "true",
    )


def _name(row: dict[str, Any]) -> str:
    """Of a fill's order, as we gave it; what the venue itself has sent has none."""
    kind = int(row.get("subType") or 0)
    forced = "autoclose-" if kind in LIQUIDATED else "adl_autoclose-" if kind in DELEVERAGED else ""
    return known_as(row["clOrdId"]) or (forced and f"{forced}{row['ordId']}")


def _trade(row: dict[str, Any], coin: str) -> Trade:
    """A fee is negative where it was paid."""
    if row["feeCcy"] not in {"", coin} and Decimal(row["fee"] or 0):
        raise VenueError(f"fill {row['billId']}", f"a fee was paid in {row['feeCcy']}: the books are in {coin}")
    return Trade(
        id=row["tradeId"],
        order_id=row["ordId"],
        side=Side.BUY if row["side"] == "buy" else Side.SELL,
        position_side=LEGS[row["posSide"]],
        price=Decimal(row["fillPx"]),
        size=Decimal(row["fillSz"]),
        fee=-Decimal(row["fee"] or 0),
        maker=row["execType"] == "M",
        at_ns=int(row.get("fillTime") or row["ts"]) * MS,
    )


def _at_ns(row: dict[str, Any]) -> Nanos:
    return int(row["ts"]) * MS
