"""Market data as OKX's v5 writes it. Source: https://www.okx.com/docs-v5/en."""

import zlib
from collections.abc import Iterable
from itertools import chain, zip_longest
from typing import Any

from engine.venue_sim import market_words
from engine.venue_sim.contract import Contract
from engine.venue_sim.market import Market, Trade
from engine.venue_sim.okx.contracts import family
from engine.venue_sim.window import best

type Body = dict[str, Any]
type Rows = Iterable[tuple[int, int]]

FUNDING_MS = 8 * 3_600_000
_CHECKED = 25  # levels a side that a checksum is of


def book(market: Market, sides: tuple[Rows, Rows], at_ms: int, *, before: int, number: int) -> Body:
    """Levels, and the numbers of this message and of the one before it (-1: a snapshot, or there is none)."""
    bids, asks = ([_level(market.contract, *row) for row in rows] for rows in sides)
    marks = {"checksum": checksum(market), "prevSeqId": before, "seqId": number}
    return {"asks": asks, "bids": bids, "ts": str(at_ms)} | marks


def _level(contract: Contract, price: int, lots: int) -> list[str]:
    """A size of 0, which takes a level away, is written so."""
    return [contract.price(price), contract.size(lots) if lots else "0", "0", "1" if lots else "0"]


def checksum(market: Market) -> int:
    """CRC-32 of the best levels, in turn bid and ask, as a signed number."""
    sides = [market_words.levels(market.contract, side.items()) for side in best(market, _CHECKED)]
    pairs = ([f"{price}:{size}" for price, size in side] for side in sides)
    text = ":".join(each for each in chain(*zip_longest(*pairs)) if each is not None)
    crc = zlib.crc32(text.encode())
    return crc - (1 << 32 if crc >> 31 else 0)


def book_now(market: Market, count: int, at_ms: int) -> Body:
    bids, asks = (side.items() for side in best(market, count))
    return book(market, (bids, asks), at_ms, before=-1, number=market.update_id)


def trade(contract: Contract, trade: Trade) -> Body:
    return {
        "instId": contract.symbol,
        "tradeId": str(trade.id),
        "px": contract.price(trade.price),
        "sz": contract.size(trade.lots),
        "side": "sell" if trade.sold else "buy",
        "ts": str(trade.at_ms),
        "count": "1",
        "source": "0",
        "seqId": trade.id,
    }


def mark(market: Market, at_ms: int) -> Body:
    price = f"{market.mark_price:.{market.contract.price_places}f}"
    return {"instType": "SWAP", "instId": market.symbol, "markPx": price, "ts": str(at_ms)}


def index(market: Market, at_ms: int) -> Body:
    price = f"{market_words.index_price(market):.{market.contract.price_places}f}"
    old = dict.fromkeys(("high24h", "low24h", "open24h", "sodUtc0", "sodUtc8"), price)
    return {"instId": family(market.contract), "idxPx": price, "ts": str(at_ms)} | old


def funding(market: Market, at_ms: int) -> Body:
    due = market.next_funding_ms
    return {
        "instType": "SWAP",
        "instId": market.symbol,
        "method": "current_period",
        "fundingRate": f"{market.rate:f}",
        "nextFundingRate": "",
        "fundingTime": str(due),
        "nextFundingTime": str(due + FUNDING_MS),
        "minFundingRate": "-0.00375",
        "maxFundingRate": "0.00375",
        "settState": "settled",
        "settFundingRate": f"{market.rate:f}",
        "premium": "0",
        "ts": str(at_ms),
    }


def ticker(market: Market, at_ms: int) -> Body:
    contract, day = market.contract, market_words.ticker_body(market, at_ms)
    (bid, bid_lots), (ask, ask_lots) = ((rows or [(0, 0)])[0] for rows in (market.bids, market.asks))
    return {
        "instType": "SWAP",
        "instId": market.symbol,
        "last": day["lastPrice"],
        "lastSz": day["lastQty"],
        "askPx": contract.price(ask),
        "askSz": contract.size(ask_lots),
        "bidPx": contract.price(bid),
        "bidSz": contract.size(bid_lots),
        "open24h": day["openPrice"],
        "high24h": day["highPrice"],
        "low24h": day["lowPrice"],
        "volCcy24h": day["volume"],
        "vol24h": day["volume"],
        "sodUtc0": day["openPrice"],
        "sodUtc8": day["openPrice"],
        "ts": str(at_ms),
    }
