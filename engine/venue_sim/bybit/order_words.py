"""Orders, executions, positions and balances as Bybit's v5 writes them, over REST and on the private stream alike."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from engine.core.types import ZERO, Side
from engine.venue_sim.account import Account, Leg
from engine.venue_sim.bybit.market_words import trade_id
from engine.venue_sim.contract import Contract, money
from engine.venue_sim.margin import Margins
from engine.venue_sim.orders import Fill, Order, Status

type Body = dict[str, Any]

SIDES = {Side.BUY: "Buy", Side.SELL: "Sell"}
TIFS = {"GTC": "GTC", "GTX": "PostOnly", "IOC": "IOC", "FOK": "FOK", "GTD": "GTC"}
STATUSES = {
    Status.NEW: "New",
    Status.PARTIALLY_FILLED: "PartiallyFilled",
    Status.FILLED: "Filled",
    Status.CANCELED: "Cancelled",
    Status.EXPIRED: "Cancelled",
}
INDEXES = {"BOTH": 0, "LONG": 1, "SHORT": 2}
CROSSED = "EC_PostOnlyWillTakeLiquidity"
BY_DCP = "CancelByDCP"


def order_id(number: int) -> str:
    """The venue's ids have this form."""
    return f"00000000-0000-4000-8000-{number:012d}"


def order_number(written: str) -> int | None:
    digits = written.rpartition("-")[2]
    return int(digits) if digits.isdigit() else None


def order_row(order: Order, contract: Contract) -> Body:
    request = order.request
    average = f"{order.average(contract):.{contract.price_places}f}" if order.filled else ""
    closed = order.status in {Status.CANCELED, Status.EXPIRED}
    left, by_dcp = 0 if closed else order.leaves, order.reason == BY_DCP
    return {
        "category": "linear",
        "symbol": request.symbol,
        "orderId": order_id(order.id),
        "orderLinkId": request.client_id,
        "blockTradeId": "",
        "side": SIDES[request.side],
        "orderType": "Market" if request.price is None else "Limit",
        "price": contract.price(order.price or 0),
        "qty": contract.size(order.lots),
        "isLeverage": "",
        "positionIdx": INDEXES[request.position_side],
        "orderStatus": STATUSES[order.status],
        "cancelType": BY_DCP if by_dcp else "CancelByUser" if order.status is Status.CANCELED else "UNKNOWN",
        "rejectReason": "EC_NoError" if by_dcp else order.reason or "EC_NoError",
        "avgPrice": average,
        "leavesQty": _short(contract.size(left)),
        "leavesValue": money(contract.value(order.price or 0, left)),
        "cumExecQty": contract.size(order.filled),
        "cumExecValue": money(order.quote),
        "cumExecFee": "0",
        "timeInForce": TIFS[request.tif],
        "orderIv": "",
        "triggerPrice": "",
        "takeProfit": "",
        "stopLoss": "",
        "tpslMode": "UNKNOWN",
        "tpLimitPrice": "",
        "slLimitPrice": "",
        "tpTriggerBy": "",
        "slTriggerBy": "",
        "triggerBy": "",
        "triggerDirection": 0,
        "stopOrderType": "",
        "lastPriceOnCreated": "",
        "reduceOnly": request.reduce_only,
        "closeOnTrigger": False,
        "placeType": "",
        "smpType": "None",
        "smpGroup": 0,
        "smpOrderId": "",
        "feeCurrency": "",
        "createType": "CreateByUser",
        "createdTime": str(order.created_ms),
        "updatedTime": str(order.updated_ms),
    }


def execution_row(fill: Fill, contract: Contract, order: Order) -> Body:
    """`leavesQty` is as of the newest state of the order."""
    value = contract.value(fill.price, fill.lots)
    return {
        "category": "linear",
        "symbol": fill.symbol,
        "orderId": order_id(fill.order_id),
        "orderLinkId": order.request.client_id,
        "side": SIDES[fill.side],
        "orderPrice": contract.price(order.price or 0),
        "orderQty": contract.size(order.lots),
        "leavesQty": _short(contract.size(order.leaves)),
        "createType": "CreateByUser",
        "orderType": "Market" if order.request.price is None else "Limit",
        "stopOrderType": "UNKNOWN",
        "execFee": f"{fill.commission:f}",
        "execId": trade_id(fill.id),
        "execPrice": contract.price(fill.price),
        "execQty": contract.size(fill.lots),
        "execType": "Trade",
        "execValue": money(value),
        "execTime": str(fill.at_ms),
        "feeCurrency": contract.instrument.settlement,
        "isMaker": fill.maker,
        "feeRate": f"{contract.instrument.maker_fee if fill.maker else contract.instrument.taker_fee:f}",
        "tradeIv": "",
        "markIv": "",
        "markPrice": contract.price(fill.price),
        "indexPrice": "",
        "underlyingPrice": "",
        "blockTradeId": "",
        "closedSize": "0",
        "isLeverage": "0",
        "seq": fill.id,
    }


def position_row(account: Account, margins: Margins, leg: Leg, contract: Contract, mark: Decimal) -> Body:
    """Also of a contract that nothing is held in. The entry is `avgPrice` over REST, `entryPrice` on the stream."""
    position, (symbol, word) = account.position(*leg), leg
    entry = f"{position.entry or ZERO:f}"
    side = "" if not position.size else "Buy" if position.size > 0 else "Sell"
    initial, maintenance = (money(each(leg, position)) for each in (margins.initial_of, margins.maintenance_of))
    at_ms = str(account.leg_updated_ms.get(leg, 0))
    return {
        "category": "linear",
        "symbol": symbol,
        "positionIdx": INDEXES[word],
        "riskId": 1,
        "riskLimitValue": "2000000",
        "side": side,
        "size": f"{abs(position.size):f}",
        "avgPrice": entry,
        "entryPrice": entry,
        "sessionAvgPrice": "",
        "positionValue": money(abs(position.size) * mark),
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 0,
        "leverage": str(account.leverage(symbol)),
        "positionBalance": "0",
        "markPrice": f"{mark:.{contract.price_places}f}",
        "liqPrice": "",
        "bustPrice": "",
        "positionIM": initial,
        "positionIMByMp": initial,
        "positionMM": maintenance,
        "positionMMByMp": maintenance,
        "tpslMode": "Full",
        "takeProfit": "",
        "stopLoss": "",
        "trailingStop": "0",
        "unrealisedPnl": money(margins.unrealised(leg, position)),
        "curRealisedPnl": "0",
        "cumRealisedPnl": money(account.realised.get(leg, ZERO)),
        "seq": -1,
        "isReduceOnly": False,
        "mmrSysUpdatedTime": "",
        "leverageSysUpdatedTime": "",
        "createdTime": at_ms,
        "updatedTime": at_ms,
    }


def wallet_row(account: Account, margins: Margins) -> Body:
    wallet, free = money(account.wallet), money(max(margins.available, ZERO))
    equity = money(margins.equity)
    coin = {
        "coin": account.asset,
        "equity": equity,
        "usdValue": equity,
        "walletBalance": wallet,
        "availableToWithdraw": "",
        "availableToBorrow": "",
        "borrowAmount": "0",
        "accruedInterest": "0",
        "bonus": "0",
        "locked": "0",
        "spotBorrow": "0",
        "totalOrderIM": "0",
        "totalPositionIM": "0",
        "totalPositionMM": "0",
        "unrealisedPnl": money(margins.equity - account.wallet),
        "cumRealisedPnl": "0",
        "collateralSwitch": True,
        "marginCollateral": True,
    }
    return {
        "accountType": "UNIFIED",
        "accountIMRate": "0",
        "accountMMRate": "0",
        "accountLTV": "0",
        "totalEquity": equity,
        "totalWalletBalance": wallet,
        "totalMarginBalance": equity,
        "totalAvailableBalance": "" if account.isolated else free,  # of the whole account it says nothing then
        "totalPerpUPL": "0",
        "totalInitialMargin": money(margins.equity - margins.available),
        "totalMaintenanceMargin": money(margins.maintenance),
        "coin": [coin],
    }


def message(topic: str, rows: Iterable[Body], at_ms: int) -> Body:
    return {"topic": topic, "id": f"{topic}-{at_ms}", "creationTime": at_ms, "data": list(rows)}


def _short(number: str) -> str:
    """As the venue writes what is left: none is 0."""
    return number if Decimal(number) else "0"
