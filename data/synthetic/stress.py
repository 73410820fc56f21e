"""Bad times for a market: jumps, cascades of liquidations, makers who leave, a side that is not shown.

They have luck of their own, so that a market without them is the same to the last byte.
"""

from collections.abc import Callable
from math import inf
from typing import NamedTuple

from data.synthetic.chance import Chance
from data.synthetic.market import BPS, Market
from data.synthetic.truth import Truth

_LUCK = 0x57E55  # keeps this stream of luck apart from the market's
_CASCADE_GAP_S = 0.04  # mean time between two liquidations of a cascade
_CASCADE_REACH_TICKS = 60


class _Due(NamedTuple):
    at_s: float
    name: str


class Stressed:
    """Lets a market run, and hits it on the way. Mutable."""

    def __init__(self, market: Market, seed: int, truth: Truth | None) -> None:
        self._market, self._chance, self._truth = market, Chance(seed ^ _LUCK), truth
        stress = market.settings.stress
        self._acts: dict[str, Callable[[], float]] = {
            "jump": self._jump,
            "cascade": self._cascade,
            "thin": self._thin,
            "one_sided": self._one_sided,
        }
        self._rates = {
            "jump": stress.jumps_per_hour,
            "cascade": stress.cascades_per_hour,
            "thin": stress.thin_per_hour,
            "one_sided": stress.one_sided_per_hour,
        }
        self._due = {name: self._wait(name) for name in self._acts}
        self._left = 0  # orders of the cascade under way
        self._falling = 1
        self._hidden = 0

    def run_until(self, end_s: float) -> None:
        while True:
            due = min((_Due(at, name) for name, at in self._due.items()), key=lambda each: each.at_s)
            if due.at_s >= end_s:
                break
            self._market.run_until(max(due.at_s, self._market.now_s))
            self._market.wire.at(self._market.now_s)
            self._due[due.name] = self._market.now_s + self._acts[due.name]()
        self._market.run_until(end_s)

    def _wait(self, name: str) -> float:
        rate = self._rates[name]
        return self._chance.wait(3600 / rate) if rate else inf

    def _tell(self, what: str, **values: float) -> None:
        if self._truth is not None:
            self._truth.tell(what, self._market.wire.event_us, **values)

    def _jump(self) -> float:
        market = self._market
        sign = 1 if self._chance.happens(0.5) else -1
        ticks = max(1, round(self._chance.wait(market.settings.stress.jump_bps) * BPS * market.fair_bid))
        if market.fair_bid + sign * ticks <= ticks:
            return self._wait("jump")
        market.direction, market.jump_ticks, market.news_due_s = sign, ticks, market.now_s
        self._tell("jump", ticks=sign * ticks)
        return self._wait("jump")

    def _cascade(self) -> float:
        """One forced order, and the wait for the next: soon, while positions are left to be liquidated."""
        market, stress = self._market, self._market.settings.stress
        if not self._left:
            self._left = 1 + int(self._chance.wait(stress.cascade_orders))
            self._falling = 1 if self._chance.happens(0.5) else -1
            self._tell("cascade", orders=self._left, side=-self._falling)
        side = market.bids if self._falling > 0 else market.asks
        price, lots = side.best, 1 + int(self._chance.wait(stress.cascade_lots))
        market.take(side, lots, price - side.sign * _CASCADE_REACH_TICKS)
        market.wire.liquidation(-side.sign, price, lots)
        market.fair_bid = market.bids.best if side is market.bids else market.asks.best - 1
        self._left -= 1
        return self._chance.wait(_CASCADE_GAP_S) if self._left else self._wait("cascade")

    def _thin(self) -> float:
        market, stress = self._market, self._market.settings.stress
        market.thin = not market.thin
        self._tell("thin" if market.thin else "thin_over")
        if not market.thin:
            return self._wait("thin")
        for side in (market.bids, market.asks):
            for price in sorted(side.lots, reverse=side.sign > 0)[stress.thin_levels :]:
                side.put(price, 0)
        market.publish()
        return self._chance.wait(stress.thin_s)

    def _one_sided(self) -> float:
        market = self._market
        if self._hidden:
            side = market.bids if self._hidden > 0 else market.asks
            market.wire.show(side.lots)
            self._hidden = 0
            self._tell("one_sided_over")
            return self._wait("one_sided")
        side = market.bids if self._chance.happens(0.5) else market.asks
        self._hidden = side.sign
        market.wire.hide(side.sign, side.lots)
        self._tell("one_sided", side=side.sign)
        return self._chance.wait(market.settings.stress.one_sided_s)
