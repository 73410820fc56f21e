"""An order as the venue keeps it, and a fill."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from engine.core.types import ZERO, Side
from engine.venue_sim.contract import Contract


class Status(StrEnum):
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


OPEN = frozenset({Status.NEW, Status.PARTIALLY_FILLED})


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A new order, every rule of form checked. `price` is None for MARKET."""

    symbol: str
    side: Side
    type: str
    tif: str
    lots: int
    price: int | None
    client_id: str
    position_side: str = "BOTH"
    reduce_only: bool = False
    good_till_ms: int = 0
    stp: str = "EXPIRE_MAKER"
    price_match: str = "NONE"
    result: bool = False  # answer with what became of it at once (newOrderRespType=RESULT)


class Amendment(msgspec.Struct, frozen=True, kw_only=True):
    """A change of an order in place: lots and price, before and after."""

    id: int
    at_ms: int
    lots: tuple[int, int]
    price: tuple[int, int]


class Order(msgspec.Struct, kw_only=True, eq=False):
    """Mutable: the venue's own record of an order. `ahead` is the displayed lots that must trade or go before it."""

    request: Request
    id: int
    owner: str
    created_ms: int
    updated_ms: int
    lots: int
    price: int | None
    status: Status = Status.NEW
    filled: int = 0
    quote: Decimal = ZERO
    paid: Decimal = ZERO  # commissions
    ahead: int = 0
    reason: str = ""  # why it ended otherwise than its owner wanted, in the venue's word
    amendments: list["Amendment"] = msgspec.field(default_factory=list)

    @property
    def leaves(self) -> int:
        return self.lots - self.filled

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    def average(self, contract: Contract) -> Decimal:
        return self.quote / contract.base_of(self.filled) if self.filled else ZERO


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """A trade of an account's. Money in the settlement currency; a negative commission is a rebate."""

    id: int
    order_id: int
    symbol: str
    side: Side
    position_side: str
    price: int
    lots: int
    maker: bool
    commission: Decimal
    realised: Decimal
    at_ms: int
