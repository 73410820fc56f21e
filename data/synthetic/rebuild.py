"""A generated tape as the frames that `data.synthetic.facts` measures; the book is rebuilt from its rows alone."""

from heapq import heappop, heappush
from itertools import groupby
from operator import itemgetter

import polars as pl

from data.synthetic.facts import Facts, measured_facts
from data.synthetic.settings import Contract
from data.synthetic.tape import Tape

TOPS = pl.Schema(dict.fromkeys(("ts_local_us", "bid", "ask", "bid_size", "ask_size"), pl.Int64))


def tape_facts(tape: Tape, contract: Contract) -> Facts:
    """Measure a generated tape by the definitions of real ones; a change of the best bid or ask is an update."""
    tick, lot = 10.0**-contract.price_decimals, 10.0**-contract.size_decimals
    local_ns = (pl.col("ts_local_us") * 1000).alias("ts_local_ns")
    tops = top_of_book(tape.book).select(local_ns, pl.col("bid", "ask") * tick, pl.col("bid_size", "ask_size") * lot)
    trades = tape.trades.select(local_ns, pl.col("side").cast(pl.Int64), (pl.col("size_lots") * lot).alias("size"))
    return measured_facts(tops, trades, tick=tick)


def top_of_book(book: pl.DataFrame) -> pl.DataFrame:
    """Best bid and ask (ticks) and their sizes (lots) after each message that changed them, by our clock."""
    sides = {1: Ladder(1), -1: Ladder(-1)}
    tops: list[tuple[int, ...]] = []
    rows = book.select("ts_local_us", "side", "price_ticks", "size_lots").iter_rows()
    for ts_local_us, message in groupby(rows, key=itemgetter(0)):
        for _, side, price, lots in message:
            sides[side].put(price, lots)
        (bid, bid_size), (ask, ask_size) = sides[1].best(), sides[-1].best()
        if not tops or tops[-1][1:] != (bid, ask, bid_size, ask_size):
            tops.append((ts_local_us, bid, ask, bid_size, ask_size))
    return pl.DataFrame(tops, schema=TOPS, orient="row")


class Ladder:
    """One side rebuilt: sizes by price, and a heap of prices in which emptied ones are passed over late. Mutable."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._lots: dict[int, int] = {}
        self._heap: list[int] = []

    def put(self, price: int, lots: int) -> None:
        if lots == 0:
            self._lots.pop(price, None)
            return
        if price not in self._lots:
            heappush(self._heap, -self._sign * price)
        self._lots[price] = lots

    def best(self) -> tuple[int, int]:
        """Price and size; LookupError where the side is empty."""
        while -self._sign * self._heap[0] not in self._lots:
            heappop(self._heap)
        price = -self._sign * self._heap[0]
        return price, self._lots[price]
