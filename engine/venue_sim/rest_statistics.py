"""REST answers about the market as a whole: its statistics by periods, its index, and what stands behind the venue.

What a tape and the venue's own accounts cannot tell (how many people are long elsewhere) is answered with no rows, as
the venue answers for a time of which it has none.
"""

from decimal import Decimal
from typing import Any

from engine.core.types import ZERO
from engine.venue_sim import market_words as words
from engine.venue_sim.account import Account
from engine.venue_sim.contract import money
from engine.venue_sim.errors import ApiError, bad_value
from engine.venue_sim.exchange import Exchange
from engine.venue_sim.market import Candle, Market
from engine.venue_sim.paging import page
from engine.venue_sim.parameters import Parameters, text
from engine.venue_sim.price_bars import wider
from engine.venue_sim.rest_market import INTERVALS_MS

PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")
RPI_DEPTH = 1000


def _periods(market: Market, given: Parameters) -> tuple[list[Candle], int]:
    """Each of the trades in it, of which the last may still go on; and how long one is."""
    period = text(given, "period")
    if period not in PERIODS:
        raise bad_value("period")
    return page(given, 30, 500).of(words.candles(market, INTERVALS_MS[period]), _opened), INTERVALS_MS[period]


def _opened(candle: Candle) -> int:
    return candle.open_ms


def open_interest_history(exchange: Exchange, given: Parameters) -> Any:
    """What the venue's accounts held at the end of each period."""
    market = exchange.market(text(given, "symbol"))
    made, width_ms = _periods(market, given)
    held = [(candle, _interest(exchange, market.symbol, candle.open_ms + width_ms)) for candle in made]
    return [
        {
            "symbol": market.symbol,
            "sumOpenInterest": f"{market.contract.size_of(lots):.8f}",
            "sumOpenInterestValue": money(market.contract.value(candle.close, lots)),
            "timestamp": candle.open_ms,
        }
        for candle, lots in held
    ]


def _interest(exchange: Exchange, symbol: str, before_ms: int) -> int:
    """Lots held long."""
    held: dict[tuple[str, str], int] = {}
    for account in exchange.accounts.values():
        for fill in account.fills:
            if fill.symbol == symbol and fill.at_ms < before_ms:
                leg = (account.key, fill.position_side)
                held[leg] = held.get(leg, 0) + fill.side * fill.lots
    return sum(max(lots, 0) for lots in held.values())


def taker_ratio(exchange: Exchange, given: Parameters) -> Any:
    market = exchange.market(text(given, "symbol"))
    made, _ = _periods(market, given)
    return [_taker_row(market, candle.taker_lots, candle.lots - candle.taker_lots, candle.open_ms) for candle in made]


def _taker_row(market: Market, bought: int, sold: int, at_ms: int) -> Any:
    ratio = Decimal(bought) / sold if sold else ZERO
    size = market.contract.size
    return {"buySellRatio": f"{ratio:.4f}", "sellVol": size(sold), "buyVol": size(bought), "timestamp": at_ms}


def basis(exchange: Exchange, given: Parameters) -> Any:
    """Of the perpetual contract, the only one of its pair."""
    market = exchange.market(text(given, "pair"))
    if text(given, "contractType").upper() != "PERPETUAL":
        raise ApiError(-4104, "Invalid contract type")
    made, width_ms = _periods(market, given)
    indexes = {bar.open_ms: bar.close for bar in wider(market.indexes.minutes, width_ms)}
    return [_basis_row(market, candle, indexes.get(candle.open_ms, words.index_price(market))) for candle in made]


def _basis_row(market: Market, candle: Candle, index: Decimal) -> Any:
    price = market.contract.price_of(candle.close)
    return {
        "pair": market.symbol,
        "contractType": "PERPETUAL",
        "futuresPrice": f"{price:f}",
        "indexPrice": money(index),
        "basis": money(price - index),
        "basisRate": f"{price / index - 1:.4f}",
        "annualizedBasisRate": "",
        "timestamp": candle.open_ms,
    }


def no_rows(exchange: Exchange, given: Parameters) -> Any:
    """Whether accounts elsewhere are long or short is on no tape."""
    _periods(exchange.market(text(given, "symbol")), given)
    return []


def delivery_prices(exchange: Exchange, given: Parameters) -> Any:
    """Nothing is delivered here."""
    exchange.market(text(given, "pair"))
    return []


def constituents(exchange: Exchange, given: Parameters) -> Any:
    """The index is the tape's: what it was made of is not on it."""
    return {"symbol": exchange.market(text(given, "symbol")).symbol, "time": exchange.now_ms, "constituents": []}


def composite_indexes(_exchange: Exchange, given: Parameters) -> Any:
    """No contract here is one on an index of several coins."""
    if given.get("symbol"):
        raise ApiError(-1121, "Invalid symbol.")
    return []


def asset_index(exchange: Exchange, given: Parameters) -> Any:
    """Of the margin's own asset, in which everything is counted."""
    names = {f"{account.asset}USD" for account in exchange.accounts.values()}
    rows = [
        {
            "symbol": name,
            "time": exchange.now_ms,
            "index": "1.00000000",
            "bidRate": "1.00000000",
            "askRate": "1.00000000",
        }
        | dict.fromkeys(("bidBuffer", "askBuffer", "autoExchangeBidBuffer", "autoExchangeAskBuffer"), "0.00000000")
        | dict.fromkeys(("autoExchangeBidRate", "autoExchangeAskRate"), "1.00000000")
        for name in sorted(names)
    ]
    if not (symbol := given.get("symbol")):
        return rows
    if symbol not in names:
        raise ApiError(-1121, "Invalid symbol.")
    return next(row for row in rows if row["symbol"] == symbol)


def insurance_balance(exchange: Exchange, _given: Parameters) -> Any:
    """There is no insurance fund: what is closed by force is closed at the mark price at worst."""
    assets = sorted({account.asset for account in exchange.accounts.values()})
    fund = [{"asset": asset, "marginBalance": "0.00000000", "updateTime": exchange.now_ms} for asset in assets]
    return {"symbols": list(exchange.markets), "assets": fund}


def adl_risk(exchange: Exchange, given: Parameters) -> Any:
    """Nobody is deleveraged here."""

    def body(market: Market) -> Any:
        return {"symbol": market.symbol, "adlRisk": "low", "updateTime": exchange.now_ms}

    if symbol := given.get("symbol"):
        return body(exchange.market(symbol))
    return [body(market) for market in exchange.markets.values()]


def trading_schedule(exchange: Exchange, _given: Parameters) -> Any:
    """Of contracts that have closing times: there are none."""
    return {"updateTime": exchange.now_ms, "marketSchedules": {}}


def rpi_depth(exchange: Exchange, given: Parameters) -> Any:
    """The book with the orders that only people may take: a tape does not tell them apart."""
    if given.get("limit", str(RPI_DEPTH)) != str(RPI_DEPTH):
        raise ApiError(-4021, f"{given['limit']} is not valid depth limit")
    return words.depth_body(exchange.market(text(given, "symbol")), RPI_DEPTH, exchange.now_ms)


def trading_status(exchange: Exchange, _account: Account, _given: Parameters) -> Any:
    """Nobody is restrained for how he trades."""
    return {"indicators": {}, "updateTime": exchange.now_ms}


def not_offered(*_: Any) -> Any:
    """What the venue has beside trading: referrals for brokers, conversion, portfolio margin, files to download."""
    raise ApiError(-1020, "This operation is not supported.")
