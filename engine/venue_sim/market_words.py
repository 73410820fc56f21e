"""Market data as Binance writes it: REST answers and stream messages."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from engine.core.types import ZERO, Side
from engine.venue_sim.contract import Contract, money
from engine.venue_sim.market import Candle, Change, Market, Trade
from engine.venue_sim.orders import Fill, Order

type Body = dict[str, Any]

DAY_MS = 86_400_000


def levels(contract: Contract, rows: Iterable[tuple[int, int]]) -> list[list[str]]:
    return [[contract.price(price), contract.size(lots)] for price, lots in rows]


def depth_body(market: Market, limit: int, now_ms: int) -> Body:
    """The snapshot's id is one that the next message contains: see Market.on_depth."""
    sides = market.matching.sides
    return {
        "lastUpdateId": market.update_id + 1,
        "E": now_ms,
        "T": now_ms,
        "bids": levels(market.contract, sides[Side.BUY].top(limit)),
        "asks": levels(market.contract, sides[Side.SELL].top(limit)),
    }


def depth_event(contract: Contract, change: Change) -> Body:
    return {
        "e": "depthUpdate",
        "E": change.at_ms,
        "T": change.at_ms,
        "s": change.symbol,
        "U": change.first,
        "u": change.last,
        "pu": change.previous,
        "b": levels(contract, change.bids),
        "a": levels(contract, change.asks),
    }


def trade_event(contract: Contract, trade: Trade) -> Body:
    return {
        "e": "trade",
        "E": trade.at_ms,
        "T": trade.at_ms,
        "s": trade.symbol,
        "t": trade.id,
        "p": contract.price(trade.price),
        "q": contract.size(trade.lots),
        "X": "MARKET",
        "m": trade.sold,
    }


def agg_trade_event(contract: Contract, trade: Trade) -> Body:
    return {"e": "aggTrade", "E": trade.at_ms, "s": trade.symbol} | agg_trade_body(contract, trade)


def agg_trade_body(contract: Contract, trade: Trade) -> Body:
    """Each trade is an aggregate of one; a tape does not tell apart what only people could take (`nq` is without)."""
    size = contract.size(trade.lots)
    return {
        "a": trade.id,
        "p": contract.price(trade.price),
        "q": size,
        "nq": size,
        "f": trade.id,
        "l": trade.id,
        "T": trade.at_ms,
        "m": trade.sold,
    }


def trade_body(contract: Contract, trade: Trade) -> Body:
    return {
        "id": trade.id,
        "price": contract.price(trade.price),
        "qty": contract.size(trade.lots),
        "quoteQty": money(contract.value(trade.price, trade.lots)),
        "time": trade.at_ms,
        "isBuyerMaker": trade.sold,
        "isRPITrade": False,
    }


def book_ticker_event(market: Market, at_ms: int) -> Body:
    contract = market.contract
    (bid, bid_lots), (ask, ask_lots) = _best(market.bids), _best(market.asks)
    return {
        "e": "bookTicker",
        "u": market.update_id,
        "s": market.symbol,
        "b": contract.price(bid),
        "B": contract.size(bid_lots),
        "a": contract.price(ask),
        "A": contract.size(ask_lots),
        "T": at_ms,
        "E": at_ms,
    }


def book_ticker_body(market: Market, at_ms: int) -> Body:
    event = book_ticker_event(market, at_ms)
    names = {"s": "symbol", "b": "bidPrice", "B": "bidQty", "a": "askPrice", "A": "askQty", "T": "time"}
    return {long: event[short] for short, long in names.items()} | {"lastUpdateId": market.update_id}


def _best(rows: list[tuple[int, int]]) -> tuple[int, int]:
    return rows[0] if rows else (0, 0)


def mark_event(market: Market, at_ms: int) -> Body:
    mark = money(market.mark_price)
    return {
        "e": "markPriceUpdate",
        "E": at_ms,
        "s": market.symbol,
        "p": mark,
        "ap": mark,
        "P": mark,
        "i": money(index_price(market)),
        "r": money(market.rate),
        "T": market.next_funding_ms,
    }


def premium_body(market: Market, at_ms: int) -> Body:
    return {
        "symbol": market.symbol,
        "markPrice": money(market.mark_price),
        "indexPrice": money(index_price(market)),
        "estimatedSettlePrice": money(market.mark_price),
        "lastFundingRate": money(market.rate),
        "interestRate": "0.00010000",
        "nextFundingTime": market.next_funding_ms,
        "time": at_ms,
    }


def index_price(market: Market) -> Decimal:
    return market.mark_price if market.index is None else market.index


def candles(market: Market, width_ms: int) -> list[Candle]:
    """The minute candles put together into wider ones, oldest first."""
    made: list[Candle] = []
    for minute in market.candles:
        open_ms = minute.open_ms - minute.open_ms % width_ms
        if not made or made[-1].open_ms != open_ms:
            made.append(
                Candle(open_ms, minute.open, minute.high, minute.low, minute.close, minute.first_id, minute.last_id)
            )
        wide = made[-1]
        wide.high, wide.low, wide.close = max(wide.high, minute.high), min(wide.low, minute.low), minute.close
        wide.last_id, wide.lots, wide.quote = minute.last_id, wide.lots + minute.lots, wide.quote + minute.quote
        wide.taker_lots, wide.taker_quote = wide.taker_lots + minute.taker_lots, wide.taker_quote + minute.taker_quote
    return made


def candle_row(contract: Contract, candle: Candle, width_ms: int) -> list[Any]:
    return [
        candle.open_ms,
        *(contract.price(price) for price in (candle.open, candle.high, candle.low, candle.close)),
        contract.size(candle.lots),
        candle.open_ms + width_ms - 1,
        money(candle.quote),
        candle.last_id - candle.first_id + 1,
        contract.size(candle.taker_lots),
        money(candle.taker_quote),
        "0",
    ]


def kline_event(market: Market, candle: Candle, interval: str, *, width_ms: int, at_ms: int) -> Body:
    row = candle_row(market.contract, candle, width_ms)
    keys = ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B")
    inner = dict(zip(keys, row, strict=True)) | {
        "s": market.symbol,
        "i": interval,
        "f": candle.first_id,
        "L": candle.last_id,
        "x": at_ms >= candle.open_ms + width_ms,
    }
    return {"e": "kline", "E": at_ms, "s": market.symbol, "k": inner}


def continuous_event(market: Market, candle: Candle, interval: str, *, width_ms: int, at_ms: int) -> Body:
    """The same of a pair's perpetual contract."""
    inner = kline_event(market, candle, interval, width_ms=width_ms, at_ms=at_ms)["k"]
    pair = {"e": "continuous_kline", "E": at_ms, "ps": inner.pop("s"), "ct": "PERPETUAL"}
    return pair | {"k": inner}


def asset_index_event(asset: str, at_ms: int) -> Body:
    """The margin's own asset counts for what it is."""
    rates = dict.fromkeys("iBAQG", "1.00000000") | dict.fromkeys("baqg", "0.00000000")
    return {"e": "assetIndexUpdate", "E": at_ms, "s": f"{asset}USD"} | rates


def ticker_body(market: Market, now_ms: int) -> Body:
    """The statistics of a day, or of as much of it as the venue has seen."""
    contract, seen = market.contract, [c for c in market.candles if c.open_ms > now_ms - DAY_MS]
    last = market.last_price
    opened = seen[0].open if seen else last
    lots, quote = sum(c.lots for c in seen), sum((c.quote for c in seen), ZERO)
    moved = contract.price_of(last) - contract.price_of(opened)
    share = moved / contract.price_of(opened) * 100 if opened else ZERO
    weighted = quote / contract.base_of(lots) if lots else contract.price_of(last)
    return {
        "symbol": market.symbol,
        "priceChange": f"{moved:.{contract.price_places}f}",
        "priceChangePercent": f"{share:.3f}",
        "weightedAvgPrice": f"{weighted:.{contract.price_places}f}",
        "lastPrice": contract.price(last),
        "lastQty": contract.size(market.trades[-1].lots if market.trades else 0),
        "openPrice": contract.price(opened),
        "highPrice": contract.price(max((c.high for c in seen), default=last)),
        "lowPrice": contract.price(min((c.low for c in seen), default=last)),
        "volume": contract.size(lots),
        "quoteVolume": money(quote),
        "openTime": seen[0].open_ms if seen else now_ms,
        "closeTime": now_ms,
        "firstId": seen[0].first_id if seen else 0,
        "lastId": seen[-1].last_id if seen else 0,
        "count": seen[-1].last_id - seen[0].first_id + 1 if seen else 0,
    }


def ticker_event(market: Market, at_ms: int) -> Body:
    body = ticker_body(market, at_ms)
    letters = {
        "p": "priceChange",
        "P": "priceChangePercent",
        "w": "weightedAvgPrice",
        "c": "lastPrice",
        "Q": "lastQty",
        "o": "openPrice",
        "h": "highPrice",
        "l": "lowPrice",
        "v": "volume",
        "q": "quoteVolume",
        "O": "openTime",
        "C": "closeTime",
        "F": "firstId",
        "L": "lastId",
        "n": "count",
    }
    named = {letter: body[name] for letter, name in letters.items()}
    return {"e": "24hrTicker", "E": at_ms, "s": market.symbol} | named


def mini_ticker_event(market: Market, at_ms: int) -> Body:
    whole = ticker_event(market, at_ms)
    return {"e": "24hrMiniTicker"} | {key: whole[key] for key in ("E", "s", "c", "o", "h", "l", "v", "q")}


def force_event(contract: Contract, order: Order, fill: Fill) -> Body:
    inner = {
        "s": fill.symbol,
        "S": fill.side.name,
        "o": "LIMIT",
        "f": "IOC",
        "q": contract.size(order.lots),
        "p": contract.price(order.price or 0),
        "ap": f"{order.average(contract):.{contract.price_places}f}",
        "X": str(order.status),
        "l": contract.size(fill.lots),
        "z": contract.size(order.filled),
        "T": fill.at_ms,
    }
    return {"e": "forceOrder", "E": fill.at_ms, "o": inner}
