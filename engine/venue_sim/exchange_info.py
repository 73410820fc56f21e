"""What the venue says of itself and its contracts: exchangeInfo, brackets, limits."""

from typing import Any

from engine.venue_sim.contract import MAX_LEVERAGE, MOST, MOST_AT_MARKET, Contract
from engine.venue_sim.parameters import TIFS
from engine.venue_sim.trading import MOST_OPEN, PRICE_BAND

ORDER_TYPES = ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]
WEIGHT_A_MINUTE = 2400
ORDERS_A_MINUTE = 1200
ORDERS_IN_TEN_SECONDS = 300
FAR_MS = 4_133_404_800_000  # the delivery date that a perpetual has
SINCE_MS = 1_569_398_400_000
HIGHEST_TICKS = 4_529_764


def exchange_info(contracts: dict[str, Contract], now_ms: int) -> dict[str, Any]:
    assets = sorted({contract.instrument.settlement for contract in contracts.values()})
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": rate_limits(),
        "exchangeFilters": [],
        "assets": [{"asset": asset, "marginAvailable": True, "autoAssetExchange": "-10000"} for asset in assets],
        "symbols": [symbol_body(contract) for contract in contracts.values()],
    }


def rate_limits() -> list[dict[str, Any]]:
    return [
        _limit("REQUEST_WEIGHT", "MINUTE", 1, WEIGHT_A_MINUTE),
        _limit("ORDERS", "MINUTE", 1, ORDERS_A_MINUTE),
        _limit("ORDERS", "SECOND", 10, ORDERS_IN_TEN_SECONDS),
    ]


def _limit(kind: str, interval: str, count: int, most: int) -> dict[str, Any]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": count, "limit": most}


def symbol_body(contract: Contract) -> dict[str, Any]:
    instrument = contract.instrument
    return {
        "symbol": contract.symbol,
        "pair": contract.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": FAR_MS,
        "onboardDate": SINCE_MS,
        "status": "TRADING",
        "maintMarginPercent": f"{instrument.margin_maint * 100:.4f}",
        "requiredMarginPercent": f"{instrument.margin_init * 100:.4f}",
        "baseAsset": instrument.base,
        "quoteAsset": instrument.quote,
        "marginAsset": instrument.settlement,
        "pricePrecision": contract.price_places,
        "quantityPrecision": contract.size_places,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "liquidationFee": "0.000000",
        "marketTakeBound": f"{PRICE_BAND}",
        "maxMoveOrderLimit": 10000,
        "filters": filters(contract),
        "orderTypes": ORDER_TYPES,
        "timeInForce": list(TIFS),
        "permissionSets": ["GRID", "COPY"],
    }


def filters(contract: Contract) -> list[dict[str, Any]]:
    tick, least = contract.price(1), contract.size(contract.least_lots)
    size = {"minQty": least, "maxQty": f"{MOST}", "stepSize": contract.size(1)}
    band = {"multiplierUp": f"{1 + PRICE_BAND}00", "multiplierDown": f"{1 - PRICE_BAND}00", "multiplierDecimal": "4"}
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": tick,
            "maxPrice": contract.price(HIGHEST_TICKS * 10),
            "tickSize": tick,
        },
        {"filterType": "LOT_SIZE"} | size,
        {"filterType": "MARKET_LOT_SIZE"} | size | {"maxQty": f"{MOST_AT_MARKET}"},
        {"filterType": "MAX_NUM_ORDERS", "limit": MOST_OPEN},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 10},
        {"filterType": "MIN_NOTIONAL", "notional": f"{contract.instrument.min_notional.normalize():f}"},
        {"filterType": "PERCENT_PRICE"} | band,
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE", "positionControlType": "NONE"},
    ]


def bracket_body(contract: Contract) -> dict[str, Any]:
    """One bracket: the maintenance rate is the same at every size."""
    bracket = {
        "bracket": 1,
        "initialLeverage": MAX_LEVERAGE,
        "notionalCap": 1_000_000_000,
        "notionalFloor": 0,
        "maintMarginRatio": float(contract.instrument.margin_maint),
        "cum": 0.0,
    }
    return {"symbol": contract.symbol, "notionalCoef": 1.0, "brackets": [bracket]}
