"""The loopback venue for tests: a market made by hand, time that only tests move, and a client that signs."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import aiohttp
from msgspec.structs import replace

from engine.core.types import Instrument, PositionMode
from engine.run.preflight import Wanted
from engine.venue_api.binance import Binance
from engine.venue_api.keys import Keys
from engine.venue_sim.account import Account
from engine.venue_sim.feed import Feed
from engine.venue_sim.market import Change, Market, Trade
from engine.venue_sim.market_events import Depth, MarketEvent
from engine.venue_sim.orders import Fill, Order
from engine.venue_sim.server import Addresses, serving
from engine.venue_sim.venue import Venue
from engine.venue_sim.venue_log import VenueLog

SYMBOL = "BTCUSDT"
START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000
CONTRACT = Instrument(
    id="BTCUSDT-PERP.BINANCE",
    raw_symbol=SYMBOL,
    venue="BINANCE",
    base="BTC",
    quote="USDT",
    settlement="USDT",
    tick=Decimal("0.1"),
    step=Decimal("0.001"),
    min_size=Decimal("0.001"),
    min_notional=Decimal(5),
    multiplier=Decimal(1),
    inverse=False,
    maker_fee=Decimal("0.0002"),
    taker_fee=Decimal("0.0005"),
    margin_init=Decimal("0.05"),
    margin_maint=Decimal("0.025"),
)
WANTED = Wanted(
    instrument=CONTRACT,
    mode=PositionMode.ONE_WAY,
    leverage=7,
    margin_type=None,
    exposure=Decimal(1000),
    ours=("0123456789ab",),
)
OPENING = Depth(  # 100.0 x 1 bid, 100.1 x 1 ask, five levels of one base unit each
    SYMBOL,
    START_NS,
    tuple((1000 - n, 1000) for n in range(5)),
    tuple((1001 + n, 1000) for n in range(5)),
    snapshot=True,
)


def at(second: float) -> int:
    return START_NS + int(second * SECOND_NS)


def venue_of(
    events: Iterable[MarketEvent] = (),
    *,
    speed: float = 0.0,
    accounts: int = 1,
    of: type[Venue] = Venue,
    **settings: Any,
) -> Venue:
    """A venue whose clock stands at START_NS; its log is kept in `venue.log.lines`."""
    listed = of.listed(CONTRACT)
    tape = tuple(replace(event, symbol=listed.raw_symbol) for event in (OPENING, *events))
    feed = Feed(lambda: iter(tape), lambda: START_NS, speed=speed)
    made = [Account(f"key{n}", f"secret{n}", asset="USDT", wallet=Decimal(10_000)) for n in range(accounts)]
    venue = of((listed,), made, feed, MemoryLog(), **settings)
    venue.prime()
    return venue


class MemoryLog(VenueLog):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def write(self, ts_ns: int, kind: str, fields: dict[str, Any]) -> None:
        super().write(ts_ns, kind, fields)
        self.lines.append({"n": self.written, "ts_ns": ts_ns, "kind": kind} | json.loads(json.dumps(fields)))


class Heard:
    """Keeps all that the venue says."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.trades: list[Trade] = []
        self.events: list[dict[str, Any]] = []
        self.records: list[tuple[str, dict[str, Any]]] = []

    def depth(self, market: Market, change: Change) -> None:
        self.changes.append(change)

    def trade(self, market: Market, trade: Trade) -> None:
        self.trades.append(trade)

    def forced(self, market: Market, order: Order, fill: Fill) -> None:
        pass

    def user(self, account: Account, event: dict[str, Any]) -> None:
        self.events.append(event)

    def record(self, kind: str, fields: dict[str, Any]) -> None:
        self.records.append((kind, fields))


class Client:
    """A client of our own, as plain as can be: it signs what it sends and returns what it is answered."""

    def __init__(self, venue: Venue, addresses: Addresses, session: aiohttp.ClientSession) -> None:
        self.venue, self.addresses, self.session = venue, addresses, session
        self.account = next(iter(venue.exchange.accounts.values()))
        self.sockets: list[aiohttp.ClientWebSocketResponse] = []

    def signed(self, given: dict[str, Any]) -> str:
        query = urlencode(given | {"timestamp": self.venue.exchange.now_ms})
        return f"{query}&signature={sign(self.account.secret, query)}"

    async def ask(self, method: str, path: str, **given: Any) -> tuple[int, Any]:
        """A signed request: HTTP status and body."""
        headers = {"X-MBX-APIKEY": self.account.key}
        url = f"{self.addresses.rest}{path}?{self.signed(given)}"
        async with self.session.request(method, url, headers=headers) as response:
            return response.status, await response.json()

    async def place(self, side: str, price: str | None, quantity: str, **more: Any) -> tuple[int, Any]:
        limit = {"type": "MARKET"} if price is None else {"type": "LIMIT", "price": price, "timeInForce": "GTC"}
        given = {"symbol": SYMBOL, "side": side, "quantity": quantity, "newOrderRespType": "RESULT"} | limit | more
        return await self.ask("POST", "/fapi/v1/order", **given)

    async def stream(self, path: str) -> aiohttp.ClientWebSocketResponse:
        self.sockets.append(await self.session.ws_connect(f"{self.addresses.ws}{path}"))
        return self.sockets[-1]

    def advance(self, seconds: float) -> None:
        self.venue.feed.advance(self.venue, int(seconds * SECOND_NS))


def sign(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


@asynccontextmanager
async def client_of(venue: Venue) -> AsyncIterator[Client]:
    async with serving(venue) as addresses, aiohttp.ClientSession() as session:
        client = Client(venue, addresses, session)
        try:
            yield client
        finally:
            for socket in client.sockets:
                await socket.close()


def binance_at(client: Client, offset_ms: int = 0) -> Binance:
    """The client's account by REST, of somebody whose clock is off by so much."""
    keys = Keys(client.account.key, client.account.secret)
    return Binance(client.addresses.rest, keys, clock_ms=lambda: client.venue.exchange.now_ms + offset_ms)
