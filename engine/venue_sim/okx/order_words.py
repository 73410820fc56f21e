"""Orders, fills, positions and balances as OKX's v5 writes them, over REST and on the private stream alike."""

from decimal import Decimal
from typing import Any

from engine.core.types import ZERO, Side
from engine.venue_sim.account import Account, Leg
from engine.venue_sim.contract import Contract, money
from engine.venue_sim.margin import Margins
from engine.venue_sim.orders import Fill, Order, Status
from engine.venue_sim.upkeep import AUTOCLOSE

type Body = dict[str, Any]

TYPES = {"GTC": "limit", "GTX": "post_only", "IOC": "ioc", "FOK": "fok", "GTD": "limit"}
STATES = {
    Status.NEW: "live",
    Status.PARTIALLY_FILLED: "partially_filled",
    Status.FILLED: "filled",
    Status.CANCELED: "canceled",
    Status.EXPIRED: "canceled",
}
LEGS = {"net": "BOTH", "long": "LONG", "short": "SHORT"}
POS_SIDES = {leg: word for word, leg in LEGS.items()}
WOULD_TAKE = "31"  # source of a cancel: an order that must not take
BY_OWNER, BY_VENUE = "1", "14"
_UNTOLD_OF_POSITIONS = (
    "baseBal", "margin", "mgnRatio", "uplRatio", "uplLastPx", "uplRatioLastPx", "usdPx", "posCcy", "quoteBal",
    "quoteBorrowed", "quoteInterest", "spotInUseAmt", "spotInUseCcy", "optVal", "pendingCloseOrdLiabVal", "interest",
    "liab", "liabCcy", "availPos", "bePx", "idxPx", "liqPenalty", "fundingFee", "realizedPnl", "pnl", "fee", "tradeId",
)  # fmt: skip
_UNTOLD_OF_COINS = (
    "borrowFroz", "crossLiab", "interest", "isoEq", "isoLiab", "isoUpl", "liab", "maxLoan", "mgnRatio", "rewardBal",
    "spotInUseAmt", "clSpotInUseAmt", "maxSpotInUseAmt", "spotIsoBal", "stgyEq", "twap", "uplLiab", "spotBal",
    "openAvgPx", "accAvgPx", "spotUpl", "spotUplRatio", "totalPnl", "totalPnlRatio", "smtSyncEq", "spotCopyTradingEq",
    "fixedBal", "notionalLever", "imr", "mmr",
)  # fmt: skip
_UNTOLD_OF_ACCOUNTS = (
    "adjEq", "borrowFroz", "imr", "isoEq", "mgnRatio", "mmr", "notionalUsd", "notionalUsdForBorrow",
    "notionalUsdForFutures", "notionalUsdForOption", "notionalUsdForSwap", "ordFroz", "upl",
)  # fmt: skip


def side_word(side: Side) -> str:
    return "buy" if side is Side.BUY else "sell"


def order_row(order: Order, contract: Contract, fill: Fill | None = None) -> Body:
    """`fill`: what has just happened to it; fees are what was paid, negative, and of the whole order."""
    request = order.request
    forced = request.client_id.startswith(AUTOCLOSE)
    return {
        "instType": "SWAP",
        "instId": request.symbol,
        "ccy": "",
        "ordId": str(order.id),
        "clOrdId": "" if forced else request.client_id,
        "tag": "",
        "px": "" if request.price is None else contract.price(order.price or 0),
        "sz": contract.size(order.lots),
        "ordType": "market" if request.price is None else TYPES[request.tif],
        "side": side_word(request.side),
        "posSide": POS_SIDES[request.position_side],
        "tdMode": "cross",
        "tgtCcy": "",
        "state": STATES[order.status],
        "accFillSz": contract.size(order.filled),
        "avgPx": f"{order.average(contract):.{contract.price_places}f}" if order.filled else "",
        "fee": f"{-order.paid:f}",
        "feeCcy": contract.instrument.settlement,
        "rebate": "0",
        "rebateCcy": contract.instrument.settlement,
        "pnl": "0",
        "lever": "",
        "category": "full_liquidation" if forced else "normal",
        "reduceOnly": "true" if request.reduce_only else "false",
        "cancelSource": _cancel_source(order),
        "cancelSourceReason": "",
        "source": "",
        "algoId": "",
        "algoClOrdId": "",
        "attachAlgoClOrdId": "",
        "attachAlgoOrds": [],
        "amendResult": "",
        "reqId": "",
        "code": "0",
        "msg": "",
        "cTime": str(order.created_ms),
        "uTime": str(order.updated_ms),
        **_filled(contract, fill),
    }


def _cancel_source(order: Order) -> str:
    if order.reason:
        return order.reason
    return {Status.CANCELED: BY_OWNER, Status.EXPIRED: BY_VENUE}.get(order.status, "")


def _filled(contract: Contract, fill: Fill | None) -> Body:
    if fill is None:
        empty = dict.fromkeys(("fillPx", "fillTime", "tradeId", "execType", "fillFee", "fillFeeCcy", "fillPnl"), "")
        return {**empty, "fillSz": "0"}
    return {
        "fillPx": contract.price(fill.price),
        "fillSz": contract.size(fill.lots),
        "fillTime": str(fill.at_ms),
        "tradeId": str(fill.id),
        "execType": "M" if fill.maker else "T",
        "fillFee": f"{-fill.commission:f}",
        "fillFeeCcy": contract.instrument.settlement,
        "fillPnl": money(fill.realised),
    }


def fill_row(fill: Fill, contract: Contract, order: Order) -> Body:
    forced = order.request.client_id.startswith(AUTOCLOSE)
    return {
        "instType": "SWAP",
        "instId": fill.symbol,
        "ordId": str(fill.order_id),
        "clOrdId": "" if forced else order.request.client_id,
        "billId": str(fill.id),
        "subType": "100" if forced else "1",
        "tag": "",
        "side": side_word(fill.side),
        "posSide": POS_SIDES[fill.position_side],
        "feeCcy": contract.instrument.settlement,
        "fee": f"{-fill.commission:f}",
        "ts": str(fill.at_ms),
        **_filled(contract, fill),
    }


def position_row(account: Account, margins: Margins, leg: Leg, mark: Decimal) -> Body:
    """In net mode signed, in contracts."""
    position, (symbol, word) = account.position(*leg), leg
    entry = "" if position.entry is None else f"{position.entry:f}"
    at_ms = str(account.leg_updated_ms.get(leg, 0))
    size = position.size if word == "BOTH" else abs(position.size)
    return dict.fromkeys(_UNTOLD_OF_POSITIONS, "") | {
        "instType": "SWAP",
        "instId": symbol,
        "mgnMode": "cross",
        "posId": f"{symbol}-{word}",
        "posSide": POS_SIDES[word],
        "pos": f"{size:f}",
        "ccy": account.asset,
        "lever": str(account.leverage(symbol)),
        "last": f"{mark:f}",
        "markPx": f"{mark:f}",
        "liqPx": f"{margins.liquidation_price(leg):f}" if position.size else "",
        "mmr": money(margins.maintenance_of(leg, position)),
        "imr": money(margins.initial_of(leg, position)),
        "notionalUsd": money(margins.value(leg, position)),
        "avgPx": entry,
        "upl": money(margins.unrealised(leg, position)),
        "adl": "1",
        "closeOrderAlgo": [],
        "cTime": at_ms,
        "uTime": at_ms,
    }


def balance_row(account: Account, margins: Margins, now_ms: int) -> Body:
    wallet, free, equity = money(account.wallet), money(max(margins.available, ZERO)), money(margins.equity)
    detail = dict.fromkeys(_UNTOLD_OF_COINS, "") | {
        "ccy": account.asset,
        "cashBal": wallet,
        "availBal": free,
        "availEq": free,
        "eq": equity,
        "eqUsd": equity,
        "disEq": equity,
        "frozenBal": money(margins.equity - margins.available),
        "ordFrozen": "0",
        "upl": money(margins.equity - account.wallet),
        "uTime": str(now_ms),
    }
    return dict.fromkeys(_UNTOLD_OF_ACCOUNTS, "") | {"totalEq": equity, "uTime": str(now_ms), "details": [detail]}
