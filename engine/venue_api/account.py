"""An account at a venue as values; and how they are read from what Binance USD-M's REST answers."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from engine.core.types import Nanos, Side
from engine.core.wire_ids import known_as
from engine.venue_api.errors import VenueError

MS = 1_000_000
WEEK_MS = 7 * 86_400_000  # the longest span that a venue answers for at once
OF_TRADING = frozenset({"REALIZED_PNL", "COMMISSION", "FUNDING_FEE"})


type VenueId = int | str  # a number at Binance, a word at Bybit


class OpenOrder(msgspec.Struct, frozen=True):
    """An order that rests at the venue. `client_id` is as the venue has it, `our_id` as we named it if it is ours."""

    client_id: str
    venue_id: VenueId
    side: Side
    price: Decimal
    leaves: Decimal
    position_side: str
    reduce_only: bool

    @property
    def our_id(self) -> str:
        return our_id(self.client_id)


class Trade(msgspec.Struct, frozen=True):
    """One execution of the account's; `fee` is what was paid, in the margin asset."""

    id: VenueId
    order_id: VenueId
    side: Side
    position_side: str
    price: Decimal
    size: Decimal
    fee: Decimal
    maker: bool
    at_ns: Nanos


class Funding(msgspec.Struct, frozen=True):
    """`amount` is what was received, negative if paid."""

    amount: Decimal
    at_ns: Nanos


class Moved(msgspec.Struct, frozen=True):
    """Money that came (or went, negative) without a trade or funding of this contract: `kind` is the venue's word."""

    amount: Decimal
    kind: str
    at_ns: Nanos


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


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue knows of one contract at the moment `at_ns` of its clock: all that rests and is held, and what was
    executed and paid since the time that was asked for. `names` are our ids by the venue's."""

    at_ns: Nanos
    orders: tuple[OpenOrder, ...]
    holdings: tuple[Holding, ...]
    trades: tuple[Trade, ...]
    fundings: tuple[Funding, ...]
    moves: tuple[Moved, ...]
    names: Mapping[VenueId, str]
    balance: Decimal


def our_id(client_id: str) -> str:
    """NautilusTrader puts the venue's prefix for brokers and a letter before our ids, and takes them off again."""
    prefix, mark, name = client_id.partition("-R")
    return name if mark and prefix.startswith("x-") else known_as(client_id)


def trade(entry: dict[str, Any], asset: str) -> Trade:
    if entry["commissionAsset"] != asset and Decimal(entry["commission"]) != 0:
        message = f"a fee was paid in {entry['commissionAsset']}: turn that off, the books are in {asset}"
        raise VenueError(f"userTrades {entry['id']}", message)
    return Trade(
        id=int(entry["id"]),
        order_id=int(entry["orderId"]),
        side=Side.BUY if entry["side"] == "BUY" else Side.SELL,
        position_side=entry["positionSide"],
        price=Decimal(entry["price"]),
        size=Decimal(entry["qty"]),
        fee=Decimal(entry["commission"]),
        maker=bool(entry["maker"]),
        at_ns=int(entry["time"]) * MS,
    )


def holding(entry: dict[str, Any]) -> Holding:
    size = Decimal(entry["positionAmt"])
    signed = -abs(size) if entry["positionSide"] == "SHORT" else size
    liquidation = Decimal(entry.get("liquidationPrice") or 0)
    return Holding(entry["positionSide"], signed, Decimal(entry["entryPrice"]), liquidation)


def order(entry: dict[str, Any]) -> OpenOrder:
    return OpenOrder(
        client_id=entry["clientOrderId"],
        venue_id=int(entry["orderId"]),
        side=Side.BUY if entry["side"] == "BUY" else Side.SELL,
        price=Decimal(entry["price"]),
        leaves=Decimal(entry["origQty"]) - Decimal(entry["executedQty"]),
        position_side=entry.get("positionSide", "BOTH"),
        reduce_only=bool(entry.get("reduceOnly", False)),
    )


def fundings(rows: list[dict[str, Any]], symbol: str) -> tuple[Funding, ...]:
    """Of income's rows, those of this contract."""
    own = (row for row in rows if (row["incomeType"], row["symbol"]) == ("FUNDING_FEE", symbol))
    return tuple(Funding(Decimal(row["income"]), int(row["time"]) * MS) for row in own)


def moves(rows: list[dict[str, Any]], symbol: str) -> tuple[Moved, ...]:
    """Of income's rows, those that neither trades nor fundings of this contract account for."""
    others = (row for row in rows if row["symbol"] != symbol or row["incomeType"] not in OF_TRADING)
    return tuple(Moved(Decimal(row["income"]), str(row["incomeType"]), int(row["time"]) * MS) for row in others)
