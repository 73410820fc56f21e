"""A market run from start to end, with its index, mark price and funding told every second."""

from collections.abc import Iterator
from math import ceil

from data.synthetic.chance import Chance
from data.synthetic.market import BPS, Market
from data.synthetic.settings import Settings, Stress
from data.synthetic.stress import Stressed
from data.synthetic.tape import US_PER_S, Tape, Wire
from data.synthetic.truth import Truth

E8 = 100_000_000
TICKER_DELAY_S = 0.008  # the venue tells a second's prices a few milliseconds into it
INDEX_SHARE = 0.5  # of its distance to the perpetual that the index makes up each second
PREMIUM_SHARE = 0.05  # of the premium's change that the mark price takes up each second
TAPE_S = 60  # what is handed over at a time


def tapes(settings: Settings, *, seed: int, truth: Truth | None = None) -> Iterator[Tape]:
    """The tape of this market and seed, a minute at a time. The first minute begins with the book's snapshot. `truth`
    is told what nobody on the wire hears."""
    chance = Chance(seed)
    span_s = ceil(settings.minutes * 60)
    start_s = settings.funding_s - span_s // 2
    wire = Wire(settings, chance, start_us=start_s * US_PER_S)
    orders = None if truth is None else truth.orders(wire, seed)
    market = Market(settings, chance, wire, orders)
    reference = Reference(settings, market)
    run_until = Stressed(market, seed, truth).run_until if settings.stress != Stress() else market.run_until
    for second in range(span_s):
        told_s = second + 0.001 + TICKER_DELAY_S * chance.uniform()
        run_until(told_s)
        wire.at(told_s)
        wire.ticker(_next_funding_us(settings, start_s + second), *reference.told(chance, second))
        run_until(second + 1)
        if (second + 1) % TAPE_S == 0 or second + 1 == span_s:
            yield wire.take()


def _next_funding_us(settings: Settings, now_s: int) -> int:
    """The first funding instant after now."""
    intervals = (now_s - settings.funding_s) // settings.funding_interval_s + 1
    return (settings.funding_s + intervals * settings.funding_interval_s) * US_PER_S


class Reference:
    """Index, mark price and funding rate: each follows the market with some delay. Mutable."""

    def __init__(self, settings: Settings, market: Market) -> None:
        self._market = market
        self._tick_e8 = E8 // 10**settings.contract.price_decimals
        self._below = 1 - settings.index_basis_bps * BPS
        self._rate_e8 = settings.funding_rate_e8
        self._index_ticks = market.mid_ticks * self._below
        self._premium_ticks = market.mid_ticks - self._index_ticks

    def told(self, chance: Chance, second: int) -> tuple[int, int, int, int]:
        """A second later: funding rate (1e-8), last price (ticks), index and mark price (1e-8)."""
        mid_ticks = self._market.mid_ticks
        self._index_ticks += INDEX_SHARE * (mid_ticks * self._below - self._index_ticks)
        self._premium_ticks += PREMIUM_SHARE * (mid_ticks - self._index_ticks - self._premium_ticks)
        self._rate_e8 += chance.below(5) - 2
        index_e8 = round(self._index_ticks * self._tick_e8)
        mark_e8 = index_e8 + round(self._premium_ticks * self._tick_e8)
        flip_s = self._market.settings.stress.funding_flip_s
        sign = -1 if flip_s and second // flip_s % 2 else 1
        return sign * self._rate_e8, self._market.last_price, index_e8, mark_e8
