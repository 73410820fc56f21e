"""What is asked of Hyperliquid's perpetuals: an account in One-way mode, by its address."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from engine.core.types import Instrument, Nanos
from engine.venue_api import hyperliquid_words as words
from engine.venue_api.account import MS, Account, Holding, Moved, OpenOrder, VenueId, View
from engine.venue_api.errors import VenueError
from engine.venue_api.hyperliquid_words import Row
from engine.venue_api.signed_l1 import SignedL1
from engine.venue_api.steady import steady
from engine.venue_api.venue import Doubt, Terms, Timer
from engine.venue_api.wallet import address_of, keccak256

REST = "https://api.hyperliquid.xyz"
TESTNET = "https://api.hyperliquid-testnet.xyz"
LEAST_VALUE = Decimal(10)  # of an order, in USDC
SLIPPAGE = Decimal("0.03")  # from the mark price: a market order is a limit that takes what is there
TIMER_FROM = Decimal(1_000_000)  # dollars that must have been traded
COUNTDOWN_MS = 60_000
FILLS, FUNDINGS = 2000, 500  # rows that are answered at once
LISTED_MS = 1000  # a list of contracts and their prices is taken for that of now
SHARED = frozenset({"unifiedAccount", "portfolioMargin"})


class Hyperliquid(SignedL1):
    """One account at one address, as engine.venue_api.signed_l1. Of our ids the venue keeps a hash: see `sent`."""

    _paid: tuple[Decimal, int, list[Row], list[Row]] | None = None
    _list: tuple[int, Any] | None = None
    _armed = False
    _approved: str | None = None
    _asset: tuple[str, int] | None = None

    def sent(self, names: Iterable[str]) -> None:
        self._names |= {cloid(name): name for name in names}

    def terms(self, symbol: str) -> Terms:
        """The tick is that of the mark price now. Raises VenueError where the venue does not trade it."""
        entry, context, _ = self._listed(symbol)
        digits = int(entry["szDecimals"])
        step = Decimal(1).scaleb(-digits)
        return Terms(words.tick_at(Decimal(context["markPx"]), digits), step, step, LEAST_VALUE)

    def _listed(self, symbol: str) -> tuple[Row, Row, Row]:
        """Of the list of contracts: the contract's own line, what the market says of it, and the whole list."""
        if self._list is None or self.now_ms - self._list[0] > LISTED_MS:
            self._list = self.now_ms, self.info("metaAndAssetCtxs")
        meta, contexts = self._list[1]
        for number, entry in enumerate(meta["universe"]):
            if entry["name"] == symbol and not entry.get("isDelisted"):
                self._asset = symbol, number
                return entry, contexts[number], meta
        raise VenueError(f"metaAndAssetCtxs {symbol}", "is not traded there")

    def _number(self, symbol: str) -> int:
        if self._asset is None or self._asset[0] != symbol:
            self._listed(symbol)
        assert self._asset is not None
        return self._asset[1]

    def account(self, instrument: Instrument) -> Account:
        symbol = instrument.raw_symbol
        if instrument.settlement != "USDC":
            raise VenueError(symbol, f"only contracts in USDC are traded at, not in {instrument.settlement}")
        self._may_sign()
        entry, _, meta = self._listed(symbol)
        said, state = self._set(symbol), self._state()
        leverage = int(said["value"])
        return Account(
            hedge=False,
            leverage=leverage,
            margin_type=str(said["type"]).upper(),
            balance=words.balance(state),
            available=Decimal(state["withdrawable"]),
            max_notional=words.most(meta, entry, leverage),
            holdings=words.held(state, symbol),
            orders=self.open_orders(symbol),
        )

    def _may_sign(self) -> None:
        """Raises VenueError where the wallet is neither the account's own nor one that it has approved."""
        signer = address_of(self._keys.secret)
        if signer not in (self.user, self._approved):
            role = self.info("userRole", user=signer)
            master = str((role.get("data") or {}).get("user", "")).lower()
            if role.get("role") != "agent" or master != self.user:
                raise VenueError(f"wallet {signer}", f"may not sign for {self.user}: approve it there as an API wallet")
        self._approved = signer

    def _state(self) -> Row:
        return dict(self.info("clearinghouseState", user=self.user))

    def _set(self, symbol: str) -> Row:
        """Leverage and margin type: {"type": "cross", "value": 20}."""
        return dict(self.info("activeAssetData", user=self.user, coin=symbol)["leverage"])

    def mark(self, symbol: str) -> Decimal:
        return Decimal(self._listed(symbol)[1]["markPx"])

    def alias(self) -> str:
        return self.user

    def doubts(self) -> tuple[Doubt, ...]:
        remedy = "choose an account whose perpetuals have a balance of their own at the venue"
        return (Doubt("a balance shared with spot", self._is_shared, remedy),)

    def _is_shared(self) -> bool:
        return self.info("userAbstraction", user=self.user) in SHARED

    def open_orders(self, symbol: str) -> tuple[OpenOrder, ...]:
        rows = self.info("frontendOpenOrders", user=self.user)
        own = (row for row in rows if row["coin"] == symbol)
        return tuple(sorted((words.order(row, self._names) for row in own), key=lambda each: each.venue_id))

    def holdings(self, symbol: str) -> tuple[Holding, ...]:
        return words.held(self._state(), symbol)

    def view(self, instrument: Instrument, since_ns: Nanos) -> View:
        """Read again while it moves. Raises VenueError where it does not stand still, or a fee was paid in another
        currency than USDC."""
        return steady(self, instrument.raw_symbol, lambda standing: self._view(instrument, since_ns // MS, *standing))

    def _view(
        self, instrument: Instrument, since_ms: int, orders: tuple[OpenOrder, ...], holdings: tuple[Holding, ...]
    ) -> View:
        symbol = instrument.raw_symbol
        rows = [row for row in self._since("userFillsByTime", "tid", since_ms, FILLS) if words.is_perpetual(row)]
        own = [row for row in rows if row["coin"] == symbol]
        balance = words.balance(self._state())
        funded, moved = self._payments(balance, since_ms)
        others = [words.traded_elsewhere(row) for row in rows if row["coin"] != symbol]
        elsewhere = [words.funded_elsewhere(row) for row in funded if row["delta"]["coin"] != symbol]
        return View(
            at_ns=0,
            orders=orders,
            holdings=holdings,
            trades=tuple(words.trade(row) for row in own),
            fundings=tuple(words.funding(row) for row in funded if row["delta"]["coin"] == symbol),
            moves=tuple(sorted((*others, *elsewhere, *moved), key=lambda each: each.at_ns)),
            names=self._named(own),
            balance=balance,
        )

    def _payments(self, balance: Decimal, since_ms: int) -> tuple[list[Row], list[Moved]]:
        """Fundings and transfers: asked for where the balance is another one than when they were last."""
        if self._paid is None or self._paid[0] != balance or self._paid[1] > since_ms:
            funded = self._since("userFunding", None, since_ms, FUNDINGS)
            ledger = self._since("userNonFundingLedgerUpdates", None, since_ms, FUNDINGS)
            self._paid = balance, since_ms, funded, ledger
        _, _, funded, ledger = self._paid
        moved = [found for row in ledger if (found := words.moved(row, self.user)) is not None]
        late = [row for row in funded if int(row["time"]) >= since_ms]
        return late, [each for each in moved if each.at_ns >= since_ms * MS]

    def _since(self, kind: str, key: str | None, since_ms: int, page: int) -> list[Row]:
        """Oldest first, each once; `key` is what tells one from another, where there is such."""
        rows, begin = dict[str, Row](), since_ms
        while True:
            asked = self.info(kind, user=self.user, startTime=begin)
            known = len(rows)
            rows |= {str(row[key] if key else (row["time"], row["hash"], row["delta"])): row for row in asked}
            if len(asked) < page or len(rows) == known:
                return sorted(rows.values(), key=lambda row: int(row["time"]))
            begin = max(int(row["time"]) for row in asked)

    def _named(self, rows: list[Row]) -> dict[VenueId, str]:
        """Our ids by the venue's; of what the venue itself has closed by force, one that says so."""
        names = dict[VenueId, str]()
        for row in rows:
            number = int(row["oid"])
            if number not in names and (name := words.forced(row, self.user) or self._name_of(row)) is not None:
                names[number] = name
        return names

    def _name_of(self, row: Row) -> str | None:
        """A fill need not tell the hash of its order's id."""
        if row.get("cloid") is not None:
            return self._names.get(row["cloid"])
        asked = self.info("orderStatus", user=self.user, oid=int(row["oid"]))
        return self._names.get((asked.get("order") or {}).get("order", {}).get("cloid") or "")

    def set_hedge(self, symbol: str, hedge: bool) -> None:
        """There is no Hedge mode."""
        if hedge:
            raise VenueError(f"Hedge mode of {symbol}", "there is none")

    def set_leverage(self, symbol: str, leverage: int) -> None:
        self._update(symbol, self._set(symbol)["type"] == "cross", leverage)

    def set_margin_type(self, symbol: str, margin_type: str) -> None:
        self._update(symbol, margin_type == "CROSS", int(self._set(symbol)["value"]))

    def _update(self, symbol: str, cross: bool, leverage: int) -> None:
        asset = self._number(symbol)
        self.change({"type": "updateLeverage", "asset": asset, "isCross": cross, "leverage": leverage})

    def cancel(self, symbol: str, resting: OpenOrder) -> None:
        """An order that is over already counts as cancelled."""
        try:
            self.change({"type": "cancel", "cancels": [{"a": self._number(symbol), "o": resting.venue_id}]})
        except VenueError as error:
            if "already canceled, or filled" not in str(error):
                raise

    def close_at_market(self, symbol: str, held: Holding, client_id: str) -> None:
        """It can but reduce: asking twice closes once."""
        entry, context, _ = self._listed(symbol)
        buys, mark = held.size < 0, Decimal(context["markPx"])
        limit = mark * (1 + SLIPPAGE if buys else 1 - SLIPPAGE)
        tick = words.tick_at(limit, int(entry["szDecimals"]))
        price = (limit / tick).to_integral_value(ROUND_FLOOR if buys else ROUND_CEILING) * tick
        order = {
            "a": self._number(symbol),
            "b": buys,
            "p": words.plain(price),
            "s": words.plain(abs(held.size)),
            "r": True,
            "t": {"limit": {"tif": "Ioc"}},
            "c": cloid(client_id),
        }
        self.act({"type": "order", "orders": [order], "grouping": "na"})

    def timer(self) -> Timer | None:
        """Where the account has traded enough for one: a time at which all that it has resting is cancelled."""
        if Decimal(self.info("referral", user=self.user).get("cumVlm") or 0) < TIMER_FROM:
            return None
        return Timer(f"{COUNTDOWN_MS // 1000} s after it last heard us", "all orders of others in the account")

    def arm(self, _symbol: str) -> None:
        self.change({"type": "scheduleCancel", "time": self.now_ms + COUNTDOWN_MS})
        self._armed = True

    def disarm(self, _symbol: str) -> None:
        """What this process has armed: the account has one timer alone, and it may be another bot's."""
        if self._armed:
            self.change({"type": "scheduleCancel"})
            self._armed = False


def cloid(name: str) -> str:
    """What the venue knows an order of ours by: NautilusTrader's adapter makes it so."""
    return f"0x{keccak256(name.encode())[:16].hex()}"
