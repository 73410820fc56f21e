"""The venue put together: the exchange, its clock, who listens, and the log. Everything that happens passes here."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from engine.core.errors import DataError, Problem
from engine.core.types import SECOND, Instrument
from engine.venue_sim import market_words as words
from engine.venue_sim import rest_algo
from engine.venue_sim.account import Account
from engine.venue_sim.auth import account_of, check_named, check_signature, check_time
from engine.venue_sim.contract import contract_of
from engine.venue_sim.errors import ApiError
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.faults import Faults
from engine.venue_sim.feed import Feed
from engine.venue_sim.limits import Limits
from engine.venue_sim.line import Line
from engine.venue_sim.market import Change, Market, Trade
from engine.venue_sim.market_events import MarketEvent
from engine.venue_sim.orders import Fill, Order
from engine.venue_sim.routes import ROUTES, Needs, Route
from engine.venue_sim.streams import Streams
from engine.venue_sim.subscriptions import Subscriptions
from engine.venue_sim.upkeep import upkeep
from engine.venue_sim.venue_log import VenueLog

SECRETS = frozenset({"signature", "apiKey"})


class Asked(NamedTuple):
    """A request: what for ("METHOD /path" or "WS method"), its parameters, and the API key that came with it."""

    what: str
    given: Mapping[str, str]
    key: str | None


class Venue:
    """Mutable; one thread. The protocol's shell asks it with what came over the wire and sends what it answers. Its
    words are Binance USD-M's; the other protocols (server.py) change what they must."""

    protocol, has_passphrase = "BINANCE", False

    def __init__(
        self, instruments: Iterable[Instrument], accounts: Iterable[Account], feed: Feed, log: VenueLog
    ) -> None:
        self.exchange = Exchange(map(contract_of, instruments), accounts, self)
        self.feed, self.log = feed, log
        self.streams = self._subscriptions()
        self.faults = Faults()
        self._limits: dict[str, Limits] = {}
        self.exchange.now_ns = self._opened_ns = feed.now_ns()
        self.strike: Callable[[], None] = lambda: None  # what faults do as time passes: see striking.py

    @classmethod
    def listed(cls, instrument: Instrument) -> Instrument:
        """A contract as this venue has it, in the same ticks and lots. Raises DataError for one that it cannot have."""
        if instrument.multiplier != 1:
            message = f"only contracts of one base unit can be traded in {cls.protocol}'s words"
            raise DataError(Problem(source=instrument.id, message=message))
        return instrument

    def _subscriptions(self) -> Subscriptions:
        return Streams()

    @staticmethod
    def named(key: str, secret: str) -> tuple[str, str]:
        """Key and secret of an account that is made of two of 64 hexadecimal digits."""
        return key, secret

    # --- time ---------------------------------------------------------------------------------------------------

    def prime(self) -> None:
        """Open with a market: both sides of every book."""
        markets = self.exchange.markets.values()
        self.feed.prime(self, lambda: all(market.bids and market.asks for market in markets))
        self.beat()

    @property
    def age_s(self) -> float:
        """Seconds since it opened, by its own clock."""
        return (self.exchange.now_ns - self._opened_ns) / SECOND

    def apply(self, event: MarketEvent, at_ns: int) -> None:
        self.exchange.now_ns = max(self.exchange.now_ns, at_ns)
        self._keep_up()
        self.exchange.apply(event)

    def beat(self) -> None:
        """Let time pass."""
        self.exchange.now_ns = max(self.exchange.now_ns, self.feed.now_ns())
        self._keep_up()
        self.streams.beat(self.exchange.markets.values(), self.exchange.now_ms)

    def _keep_up(self) -> None:
        upkeep(self.exchange)
        for account in self.exchange.accounts.values():
            if account.waiting:
                rest_algo.trigger(self.exchange, account)
        self.strike()

    # --- what is asked ------------------------------------------------------------------------------------------

    def ask(self, asked: Asked, raw: tuple[str, str]) -> Any:
        """Answer a REST request; `raw` is the query and the body as they came. Raises ApiError."""
        self.beat()
        route, given = ROUTES.get(asked.what), asked.given
        if route is None:
            method, path = asked.what.split(" ", 1)
            raise ApiError(-5000, f"Path {path}, Method {method} is invalid", 404)
        account = None if route.needs is Needs.NOTHING else account_of(self.exchange.accounts, asked.key)
        self.limits(asked.key).spend(route.weighs(given), route.orders, self.exchange.now_ms)
        if account is not None and route.needs is Needs.SIGNATURE:
            check_time(given, self.exchange.now_ms)
            check_signature(account, *raw, given)
        return self.act(route, account, given)

    def act(self, route: Route, account: Account | None, given: Mapping[str, str]) -> Any:
        return route.act(self.exchange, given) if account is None else route.act(self.exchange, account, given)

    def limits(self, key: str | None) -> Limits:
        return self._limits.setdefault(key or "", Limits(max(self.feed.speed, 1.0)))

    def signed(self, given: Mapping[str, str]) -> Account:
        """The account behind a signed WebSocket request. Raises ApiError."""
        account = account_of(self.exchange.accounts, given.get("apiKey"))
        check_time(given, self.exchange.now_ms)
        check_named(account, given)
        return account

    # --- who is connected -----------------------------------------------------------------------------------------

    def connected(self, line: Line) -> None:
        self.streams.lines.add(line)
        self.record("connected", {"line": line.kind})

    def disconnected(self, line: Line) -> None:
        self.streams.leave(line)
        self.record("disconnected", {"line": line.kind})

    def subscribed(self, line: Line, names: list[str]) -> None:
        """A listen key may be subscribed to like any stream."""
        if any(account.listen_key in names for account in self.exchange.accounts.values()):
            line.kind = "user"
        self.streams.subscribe(line, names)

    # --- what is said (engine.venue_sim.exchange.Listener) --------------------------------------------------------

    def depth(self, market: Market, change: Change) -> None:
        self.streams.depth(market, change)

    def trade(self, market: Market, trade: Trade) -> None:
        self.streams.trade(market, trade)

    def forced(self, market: Market, order: Order, fill: Fill) -> None:
        for name in (f"{market.symbol.lower()}@forceOrder", "!forceOrder@arr"):
            self.streams.say(name, lambda: words.force_event(market.contract, order, fill))

    def user(self, account: Account, event: dict[str, Any]) -> None:
        if account.listen_key is not None:
            self.streams.say(account.listen_key, lambda: event)

    def record(self, kind: str, fields: dict[str, Any]) -> None:
        self.log.write(self.exchange.now_ns, kind, fields)

    def record_request(self, asked: Asked, status: int, code: int) -> None:
        """HTTP status and error code, 0 for none."""
        parameters = {name: value for name, value in asked.given.items() if name not in SECRETS}
        named = {"request": asked.what, "account": asked.key, "parameters": parameters}
        self.record("request", named | {"status": status, "code": code})
