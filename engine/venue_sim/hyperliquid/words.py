"""Markets, orders, fills and accounts as Hyperliquid writes them. Source: Hyperliquid's API documentation."""

from decimal import Decimal
from itertools import accumulate
from typing import Any

from engine.core.types import ZERO, Side
from engine.venue_sim import market_words
from engine.venue_sim.account import Account
from engine.venue_sim.contract import Contract
from engine.venue_sim.margin import Margins
from engine.venue_sim.market import Market, Trade
from engine.venue_sim.orders import Fill, Order, Status
from engine.venue_sim.upkeep import AUTOCLOSE

type Body = dict[str, Any]

DEPTH = 20  # levels a side
SIDES = {Side.BUY: "B", Side.SELL: "A"}
TIFS = {"GTC": "Gtc", "GTX": "Alo", "IOC": "Ioc"}
STATUSES = {Status.NEW: "open", Status.PARTIALLY_FILLED: "open", Status.FILLED: "filled", Status.CANCELED: "canceled"}
MAX_LEVERAGE = 40
TABLE = 56
NAMED = "0x"  # so begins what an owner has called an order
NO_ONE = f"0x{0:040x}"
TIMER_FROM = 1_000_000  # dollars traded, for the dead man's timer
DIGITS = 5  # significant ones of a price that is not whole
USDC = {
    "name": "USDC", "szDecimals": 8, "weiDecimals": 8, "index": 0, "tokenId": f"0x{1:032x}", "isCanonical": True,
    "evmContract": None, "fullName": None,
}  # fmt: skip


def meta(markets: dict[str, Market]) -> Body:
    """An asset's number is its place in the universe."""
    universe = [
        {
            "name": symbol,
            "szDecimals": market.contract.size_places,
            "maxLeverage": MAX_LEVERAGE,
            "marginTableId": TABLE,
        }
        for symbol, market in markets.items()
    ]
    tiers = {"description": "", "marginTiers": [{"lowerBound": "0.0", "maxLeverage": MAX_LEVERAGE}]}
    return {"universe": universe, "marginTables": [[TABLE, tiers]], "collateralToken": 0}


def book(market: Market, now_ms: int) -> Body:
    sides = (market.matching.sides[side].top(DEPTH) for side in (Side.BUY, Side.SELL))
    levels = [[_level(market.contract, row) for row in rows] for rows in sides]
    return {"coin": market.symbol, "time": now_ms, "levels": levels}


def best(market: Market, now_ms: int) -> Body:
    sides = (market.bids, market.asks)
    rows = [_level(market.contract, side[0]) if side else None for side in sides]
    return {"coin": market.symbol, "time": now_ms, "bbo": rows}


def _level(contract: Contract, row: tuple[int, int]) -> Body:
    return {"px": contract.price(row[0]), "sz": contract.size(row[1]), "n": 1}


def printed(contract: Contract, trade: Trade) -> Body:
    return {
        "coin": trade.symbol,
        "side": "A" if trade.sold else "B",
        "px": contract.price(trade.price),
        "sz": contract.size(trade.lots),
        "time": trade.at_ms,
        "hash": f"0x{trade.id:064x}",
        "tid": trade.id,
        "users": [NO_ONE, NO_ONE],
    }


def context(market: Market, now_ms: int) -> Body:
    day, mark = market_words.ticker_body(market, now_ms), f"{market.mark_price.normalize():f}"
    return {
        "dayNtlVlm": day["quoteVolume"],
        "dayBaseVlm": day["volume"],
        "prevDayPx": day["openPrice"],
        "markPx": mark,
        "midPx": mark,
        "oraclePx": f"{market_words.index_price(market).normalize():f}",
        "openInterest": "0.0",
        "premium": "0.0",
        "funding": f"{market.rate:f}",
        "impactPxs": [mark, mark],
    }


def order(each: Order, contract: Contract) -> Body:
    """One that rests, or did. `sz` is what is left."""
    request = each.request
    return {
        "coin": request.symbol,
        "side": SIDES[request.side],
        "limitPx": contract.price(each.price or 0),
        "sz": contract.size(each.leaves if each.is_open else 0),
        "oid": each.id,
        "timestamp": each.created_ms,
        "origSz": contract.size(each.lots),
        "cloid": request.client_id if request.client_id.startswith(NAMED) else None,
        "reduceOnly": request.reduce_only,
        "orderType": "Limit",
        "tif": TIFS[request.tif],
        "isTrigger": False,
        "triggerPx": "0.0",
        "triggerCondition": "N/A",
        "isPositionTpsl": False,
        "children": [],
    }


def told(each: Order, contract: Contract) -> Body:
    """What became of it."""
    status = each.reason or STATUSES.get(each.status, "canceled")
    return {"order": order(each, contract), "status": status, "statusTimestamp": each.updated_ms}


def update(each: Order, contract: Contract) -> Body:
    """Of orderUpdates, which tells less of an order."""
    row = told(each, contract)
    names = ("coin", "side", "limitPx", "sz", "oid", "timestamp", "origSz", "cloid")
    return row | {"order": {name: row["order"][name] for name in names}}


def fills(account: Account, contracts: dict[str, Contract]) -> list[Body]:
    """Oldest first."""
    rows = list[Body]()
    for symbol, contract in contracts.items():
        own = [each for each in account.fills if each.symbol == symbol]
        before = accumulate((each.side * each.lots for each in own), initial=0)
        made = zip(own, before, strict=False)
        rows += [fill(each, contract, account.orders[each.order_id], start) for each, start in made]
    return sorted(rows, key=lambda row: row["tid"])


def fill(each: Fill, contract: Contract, of: Order, start: int) -> Body:
    """`start` is the position before it, in lots."""
    name = of.request.client_id
    more: Body = {"cloid": name} if name.startswith(NAMED) else {}
    if name.startswith(AUTOCLOSE):
        more["liquidation"] = {"liquidatedUser": of.owner, "markPx": contract.price(each.price), "method": "market"}
    return {
        "coin": each.symbol,
        "px": contract.price(each.price),
        "sz": contract.size(each.lots),
        "side": SIDES[each.side],
        "time": each.at_ms,
        "startPosition": contract.size(start),
        "dir": _direction(start, each.side * each.lots),
        "closedPnl": f"{each.realised:f}",
        "hash": f"0x{each.id:064x}",
        "oid": each.order_id,
        "crossed": not each.maker,
        "fee": f"{each.commission:f}",
        "tid": each.id,
        "feeToken": "USDC",
        "twapId": None,
        **more,
    }


def _direction(start: int, signed: int) -> str:
    after = start + signed
    if start * after < 0:
        return "Long > Short" if start > 0 else "Short > Long"
    return f"{'Open' if start * signed >= 0 else 'Close'} {'Long' if (start or after) > 0 else 'Short'}"


def volume(account: Account, contracts: dict[str, Contract]) -> Decimal:
    """All that it has traded, in dollars."""
    return sum((contracts[each.symbol].value(each.price, each.lots) for each in account.fills), ZERO)


def clearinghouse(account: Account, margins: Margins, now_ms: int) -> Body:
    held = account.positions()
    worth = sum((margins.value(*each) for each in held), ZERO)
    signed = sum((p.size * margins.mark(leg[0], p) for leg, p in held), ZERO)
    summary = {
        "accountValue": f"{margins.equity:f}",
        "totalNtlPos": f"{worth:f}",
        "totalRawUsd": f"{margins.equity - signed:f}",
        "totalMarginUsed": f"{margins.positions_initial:f}",
    }
    return {
        "marginSummary": summary,
        "crossMarginSummary": summary,
        "crossMaintenanceMarginUsed": f"{margins.maintenance:f}",
        "withdrawable": f"{margins.available:f}",
        "assetPositions": [_held(account, margins, each) for each in held],
        "time": now_ms,
    }


def _held(account: Account, margins: Margins, held: Any) -> Body:
    leg, position = held
    position_body = {
        "coin": leg[0],
        "szi": f"{position.size:f}",
        "leverage": leverage(account, leg[0]),
        "entryPx": f"{position.entry:f}",
        "positionValue": f"{margins.value(leg, position):f}",
        "unrealizedPnl": f"{margins.unrealised(leg, position):f}",
        "returnOnEquity": "0.0",
        "liquidationPx": f"{margins.liquidation_price(leg):f}" if margins.liquidation_price(leg) else None,
        "marginUsed": f"{margins.initial_of(leg, position):f}",
        "maxLeverage": MAX_LEVERAGE,
        "cumFunding": dict.fromkeys(("allTime", "sinceOpen", "sinceChange"), "0.0"),
    }
    return {"type": "oneWay", "position": position_body}


def leverage(account: Account, symbol: str) -> Body:
    kind = "isolated" if symbol in account.isolated else "cross"
    return {"type": kind, "value": account.leverage(symbol)} | ({"rawUsd": "0.0"} if kind == "isolated" else {})
