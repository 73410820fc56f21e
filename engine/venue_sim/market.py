"""What is public about one contract: its book, prices, trades and candles. Mutable."""

from collections import deque
from decimal import Decimal

import msgspec

from engine.core.types import ZERO, Side
from engine.venue_sim.contract import Contract
from engine.venue_sim.market_events import Depth, Mark, Print, Rate
from engine.venue_sim.matching import Matching
from engine.venue_sim.price_bars import KEPT, MINUTE_MS, Bars

RECENT = 1000  # trades kept for those who ask


class Change(msgspec.Struct, frozen=True):
    """A book message as it goes out: changed levels, and the chain of ids (U, u, pu)."""

    symbol: str
    at_ms: int
    first: int
    last: int
    previous: int
    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]


class Trade(msgspec.Struct, frozen=True):
    """A public trade; `sold` when the taker sold, so that the buyer was the maker."""

    symbol: str
    id: int
    at_ms: int
    price: int
    lots: int
    sold: bool


class Settled(msgspec.Struct, frozen=True):
    """A funding: its rate (a fraction) and the mark price that it was taken at."""

    symbol: str
    at_ms: int
    rate: Decimal
    mark: Decimal


class Candle(msgspec.Struct):
    """A minute's trades, prices in ticks, sizes in lots."""

    open_ms: int
    open: int
    high: int
    low: int
    close: int
    first_id: int
    last_id: int
    lots: int = 0
    quote: Decimal = ZERO
    taker_lots: int = 0
    taker_quote: Decimal = ZERO

    def add(self, trade: Trade, quote: Decimal) -> None:
        self.high, self.low, self.close = max(self.high, trade.price), min(self.low, trade.price), trade.price
        self.last_id, self.lots, self.quote = trade.id, self.lots + trade.lots, self.quote + quote
        if not trade.sold:
            self.taker_lots, self.taker_quote = self.taker_lots + trade.lots, self.taker_quote + quote


class Market:
    def __init__(self, contract: Contract, matching: Matching, *, first_id: int) -> None:
        self.contract, self.matching = contract, matching
        self.update_id = first_id
        self.trade_id = first_id
        self.mark: Decimal | None = None
        self.index: Decimal | None = None
        self.rate = ZERO
        self.next_funding_ms = 0
        self.settled: deque[Settled] = deque(maxlen=RECENT)
        self.trades: deque[Trade] = deque(maxlen=RECENT)
        self.candles: deque[Candle] = deque(maxlen=KEPT)
        self.marks, self.indexes, self.premiums = Bars(), Bars(), Bars()

    @property
    def symbol(self) -> str:
        return self.contract.symbol

    @property
    def bids(self) -> list[tuple[int, int]]:
        return self.matching.sides[Side.BUY].top(1)

    @property
    def asks(self) -> list[tuple[int, int]]:
        return self.matching.sides[Side.SELL].top(1)

    @property
    def last_price(self) -> int:
        """Of a trade; before the first, of the book; 0 before anything."""
        if self.trades:
            return self.trades[-1].price
        best = self.bids or self.asks
        return best[0][0] if best else 0

    @property
    def mark_price(self) -> Decimal:
        """The venue's own, or the middle of the book where the tape has none."""
        if self.mark is not None:
            return self.mark
        if self.bids and self.asks:
            return self.contract.price_of(self.bids[0][0] + self.asks[0][0]) / 2
        return self.contract.price_of(self.last_price)

    def on_depth(self, depth: Depth, at_ms: int) -> Change | None:
        """Ids go on by one more than there are changes, so that a snapshot taken between two messages has an id that
        the next message contains."""
        bids, asks = self.matching.on_depth(depth)
        if not bids and not asks:
            return None
        previous, self.update_id = self.update_id, self.update_id + len(bids) + len(asks) + 1
        return Change(self.symbol, at_ms, previous + 1, self.update_id, previous, bids, asks)

    def on_print(self, seen: Print, at_ms: int) -> Trade:
        self.matching.on_print(seen)
        self.trade_id += 1
        trade = Trade(self.symbol, self.trade_id, at_ms, seen.price, seen.lots, seen.side < 0)
        self.trades.append(trade)
        open_ms = at_ms - at_ms % MINUTE_MS
        if not self.candles or self.candles[-1].open_ms != open_ms:
            price = seen.price
            self.candles.append(Candle(open_ms, price, price, price, price, trade.id, trade.id))
        self.candles[-1].add(trade, self.contract.value(seen.price, seen.lots))
        return trade

    def on_mark(self, mark: Mark, at_ms: int) -> None:
        self.mark = mark.mark or self.mark
        self.index = mark.index or self.index
        if self.mark is not None:
            index = self.index or self.mark  # as in what it answers
            for bars, price in ((self.marks, self.mark), (self.indexes, index), (self.premiums, self.mark / index - 1)):
                bars.see(price, at_ms)

    def on_rate(self, rate: Rate) -> None:
        self.rate = rate.rate
        if rate.next_ns is not None:
            self.next_funding_ms = rate.next_ns // 1_000_000
