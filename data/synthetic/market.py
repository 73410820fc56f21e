"""The synthetic market: makers around an efficient price, and takers of whom some know where it goes.

Between moves the touch is a queue of some coins that grows and shrinks, hit by small takers of either side. News moves
the efficient price. A few takers know a moment before; then, for a tenth of a second, informed takers and fleeing
makers race for the stale quotes while others follow with the new side. So fills at the touch are fills at the wrong
moment, as on a real venue, and every trade meets what was shown.
"""

from collections.abc import Callable
from itertools import islice, takewhile
from math import inf

from data.synthetic.book import OnChange, Side
from data.synthetic.chance import Chance
from data.synthetic.settings import Settings
from data.synthetic.tape import Wire

BPS = 1e-4

# How makers behave: shapes of the model rather than things one would turn.
LONG_QUEUE_LOTS = 1000  # makers fleeing a queue longer than this halve it as often as they empty it
FLEE_LEVELS = 3  # the most levels that one message of fleeing makers empties
REVERT_SHARE = 0.55  # of touch updates, that move the queue towards its wanted size; the others are noise
REVERT_STEP = 0.4  # the most of the way there that one of them goes
NOISE_LOTS = 30  # the most that noise changes a queue by
THINNING = 8  # how many times shorter the queue wanted on a side that is about to be hit
FULL_REFILL_SHARE = 0.6  # of refills, that close a wide spread in one step
MOST_LEVELS_TAKEN = 64
LAST_LOTS = 100


class Market:
    """The state of the market and what happens next in it. Mutable; times in seconds from the tape's start.

    `fair_bid` is the best bid that makers want to see; the fair ask is a tick above it.
    """

    def __init__(self, settings: Settings, chance: Chance, wire: Wire, on_change: OnChange | None = None) -> None:
        self.settings, self.chance, self.wire = settings, chance, wire
        self.start_bid = round(settings.start_price * 10.0**settings.contract.price_decimals)
        self.fair_bid = self.last_price = self.start_bid
        self.bids, self.asks = Side(1, on_change), Side(-1, on_change)
        self.now_s = 0.0
        self.excitement = 0.0
        self.direction = 0  # of the news under way, 0 between news
        self.jump_ticks = 0  # of the news known to few so far, 0 once it is out
        self.news_due_s = self.refill_due_s = inf
        self.last_taker = self.mood = 1
        self.thin = False  # makers have left: nobody quotes behind the touch
        self.wanted = {1: (0, 0), -1: (0, 0)}  # a side's best price and the size makers want there
        self._open()

    @property
    def mid_ticks(self) -> float:
        return (self.bids.best + self.asks.best) / 2

    def run_until(self, end_s: float) -> None:
        """Let everything happen that happens before this time."""
        flow = self.settings.flow
        while True:
            news_per_s = 0.0 if self.direction else self._phase()[0]
            rates = (flow.touch_updates_per_s, flow.deep_updates_per_s, flow.takers_per_s, news_per_s)
            wait_s = self.chance.wait(1 / (sum(rates) * (1 + self.excitement)))
            due_s = min(self.news_due_s, self.refill_due_s)
            # Waits have no memory, so one cut short by something due may be drawn anew.
            next_s = min(self.now_s + wait_s, due_s)
            if next_s >= end_s:
                self._pass_time(end_s)
                return
            self._pass_time(next_s)
            self.wire.at(next_s)
            if next_s == due_s:
                self._due()
            else:
                self._choice(rates)()
            self._notice_gap()

    def _open(self) -> None:
        flow, chance = self.settings.flow, self.chance
        for side in (self.bids, self.asks):
            side.put(self._fair(side), round(chance.from_table(flow.touch_size_lots)))
            while len(side.lots) < flow.levels_per_side:
                side.put(self._some_price(side), max(1, round(chance.from_table(flow.level_size_lots))))
        self.wire.book(self.bids.take_changes() + self.asks.take_changes(), is_snapshot=True)

    def _phase(self) -> tuple[float, float]:
        """News a second now, and how many bps from its start the price should be now."""
        phases = self.settings.phases
        left_s = self.now_s % sum(phase.duration_s for phase in phases)
        path_bps = 0.0
        for phase in phases:
            if left_s < phase.duration_s:
                break
            left_s -= phase.duration_s
            path_bps += phase.drift_bps
        return phase.news_per_s, path_bps + phase.drift_bps * left_s / phase.duration_s

    def _pass_time(self, to_s: float) -> None:
        # 1 / (1 + x) instead of exp(-x): the same on every machine, and as good.
        self.excitement /= 1 + (to_s - self.now_s) / self.settings.news.calm_s
        self.now_s = to_s

    def _choice(self, rates: tuple[float, ...]) -> Callable[[], None]:
        place = self.chance.uniform() * sum(rates)
        for rate, event in zip(rates, (self._touch, self._deep, self._taker, self._news), strict=True):
            place -= rate
            if place < 0:
                return event
        return self._touch

    def _due(self) -> None:
        if self.refill_due_s <= self.news_due_s:
            self._refill()
            return
        if self.jump_ticks:
            self.fair_bid += self.direction * self.jump_ticks
            self.jump_ticks = 0
            self.excitement += self.settings.news.excitement
        self._move()

    # --- the efficient price -------------------------------------------------------------------------------------

    def _fair(self, side: Side) -> int:
        return self.fair_bid if side is self.bids else self.fair_bid + 1

    def _news(self) -> None:
        """A few takers learn that the price will move, rather back to the phase's path than away from it."""
        news = self.settings.news
        off_bps = (self.fair_bid / self.start_bid - 1) / BPS - self._phase()[1]
        self.direction = 1 if self.chance.happens(0.5 - off_bps / (2 * news.pull_bps)) else -1
        self.jump_ticks = max(1, round(self.chance.from_table(news.jump_bps) * BPS * self.fair_bid))
        self.news_due_s = self.now_s + self.chance.wait(news.leak_s)

    def _move(self) -> None:
        """One event of the race for the quotes that the news made stale."""
        news, chance = self.settings.news, self.chance
        side = self.asks if self.direction > 0 else self.bids
        limit = self._fair(side) + side.sign  # the last price that is still wrong
        if side.sign * side.best < side.sign * limit:
            self.direction, self.news_due_s = 0, inf
            return
        self.news_due_s = self.now_s + chance.wait(news.step_s)
        if not chance.happens(news.taker_share):
            self._flee(side, limit)
        elif chance.happens(news.contrarian_share):
            other = self.bids if side is self.asks else self.asks
            self.take(other, self._taker_lots(), other.best)
        else:
            self.take(side, self._taker_lots(), limit)

    def _flee(self, side: Side, limit: int) -> None:
        """Makers cancel: half of a long queue, or whole levels from the best on."""
        if side.lots[side.best] > LONG_QUEUE_LOTS and self.chance.happens(0.5):
            side.put(side.best, side.lots[side.best] // 2)
        else:
            stale = takewhile(lambda price: side.sign * price >= side.sign * limit, side.prices_from(side.best))
            for price in list(islice(stale, 1 + self.chance.below(FLEE_LEVELS))):
                self._back(side)
                side.put(price, 0)
        self.publish()

    def _back(self, side: Side) -> None:
        """Where the last level is about to go, somebody stands behind it: a market without a side is none."""
        if len(side.lots) == 1:
            fair = self._fair(side)
            behind = min(side.sign * side.best, side.sign * fair) * side.sign - side.sign
            side.put(behind, LAST_LOTS)

    # --- takers --------------------------------------------------------------------------------------------------

    def _taker_lots(self) -> int:
        return max(1, round(self.chance.from_table(self.settings.flow.taker_size_lots)))

    def _taker(self) -> None:
        """Somebody who knows nothing, or who knows of the news that is not out yet; takes no more than the touch."""
        flow, chance = self.settings.flow, self.chance
        if chance.happens(1 / (flow.mood_s * flow.takers_per_s)):
            self.mood = -self.mood
        if not chance.happens(flow.repeat_share):
            lean = self.settings.news.leak_lean * self.direction + flow.mood_lean * self.mood
            self.last_taker = 1 if chance.happens(0.5 + lean) else -1
        side = self.asks if self.last_taker > 0 else self.bids
        price = side.best
        self.take(side, self._taker_lots(), price)
        is_emptied = side.best != price
        if is_emptied and not self.direction and chance.happens(flow.impact_share):
            self.fair_bid -= side.sign  # the other side takes the price over

    def take(self, side: Side, lots: int, limit: int) -> None:
        """Trade against what is shown, best price first, no further than the limit."""
        reachable = takewhile(lambda price: side.sign * price >= side.sign * limit, side.prices_from(side.best))
        for price in list(islice(reachable, MOST_LEVELS_TAKEN)):
            shown = side.lots[price]
            taken = min(lots, shown)
            if taken == shown:
                self._back(side)
            for part in self._parts(taken):
                self.wire.trade(-side.sign, price, part)
            self.last_price = price
            side.put(price, shown - taken, traded=True)
            lots -= taken
            if lots == 0:
                break
        self.publish()

    def _parts(self, lots: int) -> list[int]:
        """Sizes of the prints that one taker's fill at one price is reported in."""
        parts = []
        for _ in range(int(self.chance.wait(self.settings.flow.prints_mean - 1))):
            if lots > 1:
                parts.append(1 + self.chance.below(lots - 1))
                lots -= parts[-1]
        return [*parts, lots]

    # --- makers --------------------------------------------------------------------------------------------------

    def publish(self) -> None:
        if changes := self.bids.take_changes() + self.asks.take_changes():
            self.wire.book(changes)

    def _some_price(self, side: Side) -> int:
        return side.best - side.sign * int(self.chance.from_table(self.settings.flow.level_distance_ticks))

    def _touch(self) -> None:
        """The queue at a best price drifts to the size makers want there; the side about to be hit thins out."""
        chance, flow = self.chance, self.settings.flow
        side = self.bids if chance.happens(0.5) else self.asks
        if self.wanted[side.sign][0] != side.best:
            self.wanted[side.sign] = (side.best, round(chance.from_table(flow.touch_size_lots)))
        wanted = self.wanted[side.sign][1]
        if self.direction == -side.sign:
            wanted //= THINNING
        lots = side.lots[side.best]
        if chance.happens(REVERT_SHARE):
            change = int(REVERT_STEP * chance.uniform() * (wanted - lots))
        else:
            change = chance.below(2 * NOISE_LOTS) - NOISE_LOTS
        side.put(side.best, max(1, lots + (change or 1)))
        self.publish()

    def _deep(self) -> None:
        """Orders come and go behind the touch, levels filling up to the density and no further."""
        chance, flow = self.chance, self.settings.flow
        if self.thin:
            return
        side = self.bids if chance.happens(0.5) else self.asks
        for _ in range(1 + chance.below(2 * flow.deep_draws_mean - 1)):
            price = self._some_price(side)
            is_set = chance.happens(flow.level_density)
            if is_set:
                side.put(price, max(1, round(chance.from_table(flow.level_size_lots))))
            elif price in side.lots:
                side.put(price, 0)
        self.publish()

    def _notice_gap(self) -> None:
        if self.asks.best - self.bids.best == 1:
            self.refill_due_s = inf
        elif self.refill_due_s == inf:
            self.refill_due_s = self.now_s + self.chance.wait(self.settings.flow.refill_s)

    def _refill(self) -> None:
        """Quote inside a wide spread, up to the fair price: a spread over a tick always leaves one side short of it."""
        self.refill_due_s = inf
        sides = [side for side in (self.bids, self.asks) if side.sign * side.best < side.sign * self._fair(side)]
        side = sides[self.chance.below(len(sides))]
        room = min(self.asks.best - self.bids.best - 1, abs(self._fair(side) - side.best))
        step = room if self.chance.happens(FULL_REFILL_SHARE) else 1 + self.chance.below(room)
        lots = max(1, round(self.chance.from_table(self.settings.flow.fresh_size_lots)))
        side.put(side.best + side.sign * step, lots)
        self.publish()
