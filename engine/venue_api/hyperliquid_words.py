"""What Hyperliquid answers about an account, as values."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.core.types import ZERO, Side
from engine.venue_api.account import MS, Funding, Holding, Moved, OpenOrder, Trade
from engine.venue_api.errors import VenueError

type Row = dict[str, Any]

PLACES = 6  # that a price and a size have between them
DIGITS = 5  # of a price that is not whole
FORCED = {"Auto-Deleveraging": "adl_autoclose-"}  # as engine.run.reconcile calls them
_FNV, _PRIME, _64 = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1
_INTO = frozenset({"deposit", "rewardsClaim"})
_OUT_OF = frozenset({"withdraw"})
_BETWEEN = frozenset({"internalTransfer", "subAccountTransfer"})


def plain(number: Decimal) -> str:
    """As the venue hashes it: no zeros at the end, no exponent."""
    return f"{number.normalize():f}"


def tick_at(price: Decimal, size_digits: int) -> Decimal:
    """The smallest step between two prices there: whole ones are always allowed."""
    significant = Decimal(1).scaleb(min(price.adjusted() - DIGITS + 1, 0))
    return max(significant, Decimal(1).scaleb(size_digits - PLACES))


def balance(state: Row) -> Decimal:
    """What the account has without what its positions have gained or lost until now."""
    gains = (Decimal(each["position"]["unrealizedPnl"]) for each in state["assetPositions"])
    return Decimal(state["marginSummary"]["accountValue"]) - sum(gains, ZERO)


def held(state: Row, symbol: str) -> tuple[Holding, ...]:
    rows = (each["position"] for each in state["assetPositions"])
    return tuple(_holding(row) for row in rows if row["coin"] == symbol and Decimal(row["szi"]))


def _holding(row: Row) -> Holding:
    return Holding("BOTH", Decimal(row["szi"]), Decimal(row["entryPx"]), Decimal(row.get("liquidationPx") or 0))


def most(meta: Row, entry: Row, leverage: int) -> Decimal:
    """The largest value of a position at a leverage: where the first tier begins that does not allow it."""
    tables = dict(meta.get("marginTables", ()))
    tiers = (tables.get(entry.get("marginTableId")) or {}).get("marginTiers", ())
    beyond = [Decimal(tier["lowerBound"]) for tier in tiers if int(tier["maxLeverage"]) < leverage]
    return min(beyond, default=Decimal("Infinity"))


def order(row: Row, names: Mapping[str, str]) -> OpenOrder:
    """Under our own id where it is known, else under what the venue has; where it has none, under its own number."""
    cloid = row.get("cloid")
    return OpenOrder(
        client_id=str(row["oid"]) if cloid is None else names.get(cloid, cloid),
        venue_id=int(row["oid"]),
        side=_side(row),
        price=Decimal(row["limitPx"]),
        leaves=Decimal(row["sz"]),
        position_side="BOTH",
        reduce_only=bool(row.get("reduceOnly")),
    )


def _side(row: Row) -> Side:
    return Side.BUY if row["side"] == "B" else Side.SELL


def is_perpetual(row: Row) -> bool:
    """A fill of the spot market, whose coins are @107 or PURR/USDC, does not touch this balance."""
    return not row["coin"].startswith("@") and "/" not in row["coin"]


def trade(row: Row) -> Trade:
    return Trade(
        id=trade_id(row),
        order_id=int(row["oid"]),
        side=_side(row),
        position_side="BOTH",
        price=Decimal(row["px"]),
        size=Decimal(row["sz"]),
        fee=_fee(row),
        maker=not row["crossed"],
        at_ns=int(row["time"]) * MS,
    )


def _fee(row: Row) -> Decimal:
    fee = Decimal(row["fee"])
    if row.get("feeToken", "USDC") != "USDC" and fee:
        raise VenueError(f"fill {row['tid']}", f"a fee was paid in {row['feeToken']}: the books are in USDC")
    return fee


def trade_id(row: Row) -> str:
    """As NautilusTrader names a fill, so that none is booked twice: the 64 bits of FNV-1a over what tells it apart."""
    number, made = int(row["oid"]).to_bytes(8, "little"), int(row["time"]).to_bytes(8, "little")
    words = (row["hash"].encode(), number, row["px"].encode(), row["sz"].encode(), made, row["startPosition"].encode())
    found = _FNV
    for byte in b"".join(words):
        found = (found ^ byte) * _PRIME & _64
    return f"{found:016x}-{int(row['oid']):016x}"


def forced(row: Row, user: str) -> str | None:
    """The name of an order that the venue sent to close a position of ours."""
    liquidated = str((row.get("liquidation") or {}).get("liquidatedUser", "")).lower() == user
    begins = "autoclose-" if liquidated else FORCED.get(row["dir"])
    return None if begins is None else f"{begins}{row['oid']}"


def funding(row: Row) -> Funding:
    return Funding(Decimal(row["delta"]["usdc"]), int(row["time"]) * MS)


def funded_elsewhere(row: Row) -> Moved:
    return Moved(Decimal(row["delta"]["usdc"]), f"funding of {row['delta']['coin']}", int(row["time"]) * MS)


def traded_elsewhere(row: Row) -> Moved:
    return Moved(Decimal(row["closedPnl"]) - _fee(row), f"trade of {row['coin']}", int(row["time"]) * MS)


def moved(row: Row, user: str) -> Moved | None:
    """A transfer; None for what this balance is not known to be touched by."""
    delta, kind = row["delta"], str(row["delta"]["type"])
    amount, fee = Decimal(delta.get("usdc") or 0), Decimal(delta.get("fee") or 0)
    if kind == "accountClassTransfer":
        comes = bool(delta["toPerp"])
    elif kind in _BETWEEN:
        comes = str(delta["destination"]).lower() == user
    elif kind in _INTO | _OUT_OF:
        comes = kind in _INTO
    else:
        return None
    return Moved(amount if comes else -amount - fee, kind, int(row["time"]) * MS)
