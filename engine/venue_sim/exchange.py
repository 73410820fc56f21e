"""The venue itself: markets, accounts, and every change of either. Time is told to it, its words go to a listener."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from engine.core.position import CENT
from engine.core.types import ZERO, Side
from engine.venue_sim import order_words as words
from engine.venue_sim.account import Account, Income, Leg
from engine.venue_sim.contract import Contract, money
from engine.venue_sim.errors import ApiError
from engine.venue_sim.margin import Margins
from engine.venue_sim.market import Change, Market, Trade
from engine.venue_sim.market_events import Depth, Mark, MarketEvent, Print, Rate
from engine.venue_sim.matching import Matching
from engine.venue_sim.orders import Fill, Order, Status

MS = 1_000_000


class Listener(Protocol):
    """Who passes on what the venue says."""

    def depth(self, market: Market, change: Change) -> None: ...
    def trade(self, market: Market, trade: Trade) -> None: ...
    def forced(self, market: Market, order: Order, fill: Fill) -> None: ...
    def user(self, account: Account, event: dict[str, Any]) -> None: ...
    def record(self, kind: str, fields: dict[str, Any]) -> None: ...


class Said(NamedTuple):
    """What an account is told, in the words of a venue: of an order, of a fill ahead of that, of what it holds."""

    order: Callable[..., dict[str, Any]] = words.order_event
    fill: Callable[[Order, Contract, Fill], dict[str, Any]] = words.trade_lite
    account: Callable[..., dict[str, Any]] = words.account_event


class Exchange:
    """Mutable. Whoever calls sets `now_ns` first; nothing here waits."""

    said = Said()

    def __init__(self, contracts: Iterable[Contract], accounts: Iterable[Account], listener: Listener) -> None:
        self.now_ns = 0
        self.listener = listener
        self.accounts = {account.key: account for account in accounts}
        self.contracts = {contract.symbol: contract for contract in contracts}
        first_id = 1_000_000_000
        self.markets = {
            symbol: Market(contract, Matching(self._booked, self.most), first_id=first_id)
            for symbol, contract in self.contracts.items()
        }
        self._ids = first_id

    @property
    def now_ms(self) -> int:
        return self.now_ns // MS

    def next_id(self) -> int:
        self._ids += 1
        return self._ids

    def market(self, symbol: str) -> Market:
        """Raises ApiError for a symbol that is not traded here."""
        if (found := self.markets.get(symbol)) is None:
            raise ApiError(-1121, "Invalid symbol.")
        return found

    def margins(self, account: Account) -> Margins:
        marks = {symbol: market.mark_price for symbol, market in self.markets.items()}
        return Margins(account, self.contracts, marks)

    def apply(self, event: MarketEvent) -> None:
        """What the market did, at `now_ns`."""
        market = self.markets[event.symbol]
        match event:
            case Depth():
                if (change := market.on_depth(event, self.now_ms)) is not None:
                    self.listener.depth(market, change)
            case Print():
                self.listener.trade(market, market.on_print(event, self.now_ms))
            case Mark():
                market.on_mark(event, self.now_ms)
            case Rate():
                market.on_rate(event)

    # --- what happens to an order -------------------------------------------------------------------------------

    def most(self, order: Order) -> int:
        """How many lots an order may still fill: one that reduces ends with its position."""
        if not reduces(order):
            return order.leaves
        held = self.accounts[order.owner].position(order.request.symbol, order.request.position_side).size
        against = -held * order.request.side
        contract = self.contracts[order.request.symbol]
        return min(order.leaves, max(int(against / contract.instrument.step), 0))

    def open(self, order: Order) -> None:
        account = self.accounts[order.owner]
        account.orders[order.id] = account.open[order.id] = order
        self.say(order, "NEW")

    def close(self, order: Order, status: Status, execution: str | None = None) -> None:
        """Take an order out of the market: filled, cancelled or expired."""
        order.status, order.updated_ms = status, self.now_ms
        self.markets[order.request.symbol].matching.leave(order)
        self.accounts[order.owner].open.pop(order.id, None)
        if execution is not None:
            self.say(order, execution)

    def say(self, order: Order, execution: str, fill: Fill | None = None) -> None:
        """Tell the owner and the log of a transition."""
        account, contract = self.accounts[order.owner], self.contracts[order.request.symbol]
        body = words.order_body(order, contract, queried=True)
        self.listener.record("order", {"account": account.key, "execution": execution, "order": body})
        self.listener.user(account, self.said.order(order, contract, execution, fill, asset=account.asset))

    def _booked(self, order: Order, price: int, lots: int, maker: bool) -> None:
        self.fill(order, price, lots, maker=maker)

    def fill(self, order: Order, price: int, lots: int, *, maker: bool, execution: str = "TRADE") -> None:
        """Book a fill: the order, the position, the wallet; then tell of it."""
        request, account = order.request, self.accounts[order.owner]
        contract, leg = self.contracts[request.symbol], (request.symbol, request.position_side)
        instrument = contract.instrument
        value = contract.value(price, lots)
        realised = account.fold(contract, leg, request.side, lots=lots, price=price)
        commission = (value * (instrument.maker_fee if maker else instrument.taker_fee)).quantize(CENT)
        account.wallet -= commission
        account.leg_updated_ms[leg] = order.updated_ms = self.now_ms
        order.filled, order.quote, order.paid = order.filled + lots, order.quote + value, order.paid + commission
        order.status = Status.FILLED if not order.leaves else Status.PARTIALLY_FILLED
        fill = Fill(
            id=self.next_id(),
            order_id=order.id,
            symbol=request.symbol,
            side=request.side,
            position_side=request.position_side,
            price=price,
            lots=lots,
            maker=maker,
            commission=commission,
            realised=realised,
            at_ms=self.now_ms,
        )
        account.fills.append(fill)
        self._earned(account, request.symbol, "REALIZED_PNL", realised, trade_id=str(fill.id))
        self._earned(account, request.symbol, "COMMISSION", -commission, trade_id=str(fill.id))
        if order.status is Status.FILLED:
            self.close(order, Status.FILLED)
        self._tell_fill(account, order, fill, execution)
        self._expire_idle_reducers(account, leg)

    def _earned(self, account: Account, symbol: str, kind: str, amount: Decimal, *, trade_id: str = "") -> None:
        if amount:
            income = Income(
                symbol=symbol, kind=kind, amount=amount, at_ms=self.now_ms, id=self.next_id(), trade_id=trade_id
            )
            account.incomes.append(income)

    def _tell_fill(self, account: Account, order: Order, fill: Fill, execution: str) -> None:
        contract, leg = self.contracts[fill.symbol], (fill.symbol, fill.position_side)
        body = words.fill_body(fill, contract, account.asset)
        client = {"account": account.key, "clientOrderId": order.request.client_id}
        held = f"{account.position(*leg).size:f}"
        self.listener.record("fill", client | {"fill": body, "position": held, "wallet": money(account.wallet)})
        self.listener.user(account, self.said.fill(order, contract, fill))
        self.tell_account(account, "ORDER", [leg])
        self.say(order, execution, fill)

    def tell_account(self, account: Account, reason: str, legs: list[Leg], change: Decimal = ZERO) -> None:
        margins = self.margins(account)
        event = self.said.account(account, margins, reason, legs, change=money(change), at_ms=self.now_ms)
        self.listener.user(account, event)

    def _expire_idle_reducers(self, account: Account, leg: Leg) -> None:
        """Orders that could only reduce a position go with it."""
        for order in list(account.open.values()):
            same = (order.request.symbol, order.request.position_side) == leg
            if same and reduces(order) and not self.most(order):
                self.close(order, Status.EXPIRED, "EXPIRED")

    def pay(self, account: Account, symbol: str, kind: str, amount: Decimal) -> None:
        """Change a wallet from outside of trading: funding, a transfer."""
        account.wallet += amount
        self._earned(account, symbol, kind, amount)
        fields = {"account": account.key, "symbol": symbol, "income": kind, "amount": money(amount)}
        self.listener.record("income", fields | {"wallet": money(account.wallet)})


def reduces(order: Order) -> bool:
    """Whether an order can only make a position smaller."""
    request = order.request
    closes = (request.position_side, request.side) in {("LONG", Side.SELL), ("SHORT", Side.BUY)}
    return request.reduce_only or closes
