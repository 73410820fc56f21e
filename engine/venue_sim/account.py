"""An account: what it holds, owes and has set. Mutable, money in the settlement currency."""

from decimal import Decimal
from typing import Any

import msgspec

from engine.core.position import FLAT, Position, fold
from engine.core.types import ZERO, Side
from engine.venue_sim.contract import Contract
from engine.venue_sim.orders import Fill, Order

LEVERAGE = 20  # what a new account has, as at the venue
type Leg = tuple[str, str]  # symbol, positionSide


class Income(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the wallet and its cause: REALIZED_PNL, COMMISSION, FUNDING_FEE, TRANSFER."""

    symbol: str
    kind: str
    amount: Decimal
    at_ms: int
    id: int
    trade_id: str = ""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """Of margin to an isolated position (positive) or from it, by its owner."""

    leg: Leg
    amount: Decimal
    at_ms: int


class Account:
    def __init__(self, key: str, secret: str, *, asset: str, wallet: Decimal) -> None:
        self.key, self.secret = key, secret
        self.passphrase = ""  # where the venue asks for one
        self.asset, self.wallet = asset, wallet
        self.legs: dict[Leg, Position] = {}
        self.leg_updated_ms: dict[Leg, int] = {}
        self.realised: dict[Leg, Decimal] = {}
        self.leverages: dict[str, int] = {}
        self.isolated: set[str] = set()
        self.moved: dict[Leg, Decimal] = {}  # what isolated positions have beyond the margin of their entry
        self.moves: list[Move] = []
        self.dual = False
        self.multi_assets = False
        self.fee_burn = False
        self.orders: dict[int, Order] = {}
        self.open: dict[int, Order] = {}
        self.fills: list[Fill] = []
        self.incomes: list[Income] = []
        self.listen_key: str | None = None
        self.listen_until_ms = 0
        self.countdowns: dict[str, int] = {}  # symbol -> the instant (ms) at which its orders are cancelled
        self.dcp_s: int | None = 10  # of Bybit's disconnection protection; None: it was not granted
        self.warned: set[str] = set()  # symbols with a margin call out
        self.algos: dict[int, Any] = {}
        self.waiting: dict[int, Any] = {}  # of the conditional orders those that are not over

    def position(self, symbol: str, position_side: str) -> Position:
        return self.legs.get((symbol, position_side), FLAT)

    def leverage(self, symbol: str) -> int:
        return self.leverages.get(symbol, LEVERAGE)

    def positions(self, symbol: str | None = None) -> list[tuple[Leg, Position]]:
        """What is held, flat legs left out."""
        return [(leg, p) for leg, p in self.legs.items() if p.size and symbol in {None, leg[0]}]

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        return [order for order in self.open.values() if symbol in {None, order.request.symbol}]

    def fold(self, contract: Contract, leg: Leg, side: Side, *, lots: int, price: int) -> Decimal:
        """Change a leg by a fill; returns what it realised."""
        size, at = contract.size_of(lots), contract.price_of(price)
        before = self.legs.get(leg, FLAT)
        folded = fold(contract.instrument, before, side, size, at)
        self.legs[leg] = folded.position
        if folded.position.size * before.size <= 0:  # it is over
            self.moved.pop(leg, None)
        self.realised[leg] = self.realised.get(leg, ZERO) + folded.realised
        self.wallet += folded.realised
        return folded.realised
