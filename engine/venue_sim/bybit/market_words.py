"""Market data as Bybit's v5 writes it. Source: https://bybit-exchange.github.io/docs/v5."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from engine.venue_sim import market_words
from engine.venue_sim.contract import MAX_LEVERAGE, MOST, MOST_AT_MARKET, Contract
from engine.venue_sim.market import Market, Trade
from engine.venue_sim.window import best

type Body = dict[str, Any]
type Rows = Iterable[tuple[int, int]]

FUNDING_MINUTES = 480


def envelope(result: Any, now_ms: int, code: int = 0, message: str = "OK") -> Body:
    return {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": now_ms}


def instrument(contract: Contract) -> Body:
    """A line of instruments-info."""
    terms = contract.instrument
    tick, step = contract.price(1), contract.size(1)
    return {
        "symbol": contract.symbol,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": terms.base,
        "quoteCoin": terms.quote,
        "launchTime": "1585526400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(contract.price_places),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": f"{MAX_LEVERAGE}.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": tick, "maxPrice": contract.price(10**9), "tickSize": tick},
        "lotSizeFilter": {
            "maxOrderQty": f"{MOST}",
            "minOrderQty": contract.size(contract.least_lots),
            "qtyStep": step,
            "postOnlyMaxOrderQty": f"{MOST}",
            "maxMktOrderQty": f"{MOST_AT_MARKET}",
            "minNotionalValue": f"{terms.min_notional.normalize():f}",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": FUNDING_MINUTES,
        "settleCoin": terms.settlement,
        "copyTrading": "none",
        "upperFundingRate": "0.00375",
        "lowerFundingRate": "-0.00375",
        "isPreListing": False,
        "preListingInfo": None,
    }


def book_body(market: Market, count: int, now_ms: int) -> Body:
    """The answer of orderbook."""
    bids, asks = (market_words.levels(market.contract, side.items()) for side in best(market, count))
    ids = {"u": market.update_id, "seq": market.update_id}
    return {"s": market.symbol, "b": bids, "a": asks, "ts": now_ms, "cts": now_ms} | ids


def book_message(topic: str, market: Market, sides: tuple[Rows, Rows], *, u: int, kind: str, at_ms: int) -> Body:
    """A snapshot, or the levels that have changed since the message before; a size of 0 takes one away."""
    bids, asks = (market_words.levels(market.contract, rows) for rows in sides)
    data = {"s": market.symbol, "b": bids, "a": asks, "u": u, "seq": market.update_id}
    return {"topic": topic, "type": kind, "ts": at_ms, "data": data, "cts": at_ms}


def trade_row(contract: Contract, trade: Trade) -> Body:
    """One of a publicTrade message; ids have the form of the venue's."""
    return {
        "T": trade.at_ms,
        "s": trade.symbol,
        "S": "Sell" if trade.sold else "Buy",
        "v": contract.size(trade.lots),
        "p": contract.price(trade.price),
        "L": "MinusTick" if trade.sold else "PlusTick",
        "i": trade_id(trade.id),
        "BT": False,
        "RPI": False,
        "seq": trade.id,
    }


def trade_message(topic: str, contract: Contract, trade: Trade) -> Body:
    return {"topic": topic, "type": "snapshot", "ts": trade.at_ms, "data": [trade_row(contract, trade)]}


def trade_id(number: int) -> str:
    return f"00000000-0000-5000-8000-{number:012d}"


def ticker(market: Market, now_ms: int) -> Body:
    """All fields of tickers, whose names REST and the stream share."""
    contract, day = market.contract, market_words.ticker_body(market, now_ms)
    (bid, bid_lots), (ask, ask_lots) = ((rows or [(0, 0)])[0] for rows in (market.bids, market.asks))
    return {
        "symbol": market.symbol,
        "tickDirection": "PlusTick",
        "price24hPcnt": f"{Decimal(day['priceChangePercent']) / 100:f}",
        "lastPrice": day["lastPrice"],
        "prevPrice24h": day["openPrice"],
        "highPrice24h": day["highPrice"],
        "lowPrice24h": day["lowPrice"],
        "prevPrice1h": day["openPrice"],
        "markPrice": _price(contract, market.mark_price),
        "indexPrice": _price(contract, market_words.index_price(market)),
        "openInterest": "0",
        "openInterestValue": "0",
        "turnover24h": day["quoteVolume"],
        "volume24h": day["volume"],
        "nextFundingTime": str(market.next_funding_ms),
        "fundingRate": f"{market.rate:f}",
        "bid1Price": contract.price(bid),
        "bid1Size": contract.size(bid_lots),
        "ask1Price": contract.price(ask),
        "ask1Size": contract.size(ask_lots),
        "fundingIntervalHour": str(FUNDING_MINUTES // 60),
    }


def _price(contract: Contract, price: Decimal) -> str:
    """On the contract's grid, as the venue writes its mark and index prices."""
    return f"{price:.{contract.price_places}f}"
