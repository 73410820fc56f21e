"""A scenario venue with a scripted strategy: what is sent at which second is said by the test."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from engine.core.commands import Cancel, Draft, Wish
from engine.core.events import AnyEvent, Started, Tick
from engine.core.state import State
from engine.core.types import SECOND, Action, OrderType, PositionMode, Side
from engine.run.scenario import play
from engine.simulation.scenario_tape import Line, Sim
from engine.simulation.scenario_venue import Row, ScenarioVenue

type Script = Mapping[int, Callable[[State[None]], tuple[Wish, ...]]]

BUY, SELL = Side.BUY, Side.SELL


class Scripted:
    """A policy that does what the script says at each second, and nothing else."""

    needs_depth = False

    def __init__(self, script: Script) -> None:
        self.script = script

    def initial(self, event: Started) -> None:
        return None

    def evolve(self, before: State[None], event: AnyEvent) -> None:
        return None

    def decide(self, state: State[None], event: AnyEvent) -> tuple[None, tuple[Wish, ...]]:
        if not isinstance(event, Tick):
            return None, ()
        wishes = self.script.get(event.ts_event // SECOND)
        return None, () if wishes is None else wishes(state)

    def depth_queries(self, state: State[None]) -> tuple[tuple[Side, Decimal], ...]:
        return ()


def sim(**changes: Any) -> Sim:
    plain = {"pair": "BTC-USDT", "price_tick": Decimal("0.01"), "size_step": Decimal("0.001")}
    return Sim(**{**plain, "balance": Decimal(1000), **changes})


def line(t: int, bid: Any = 99, ask: Any = 101, prints: tuple[Any, ...] = ()) -> Line:
    """A book of one level a side, None for an empty side, and prints that somebody bought."""
    bids = () if bid is None else ((Decimal(str(bid)), Decimal(5)),)
    asks = () if ask is None else ((Decimal(str(ask)), Decimal(5)),)
    return Line(t, bids, asks, tuple((Decimal(str(price)), Decimal(1), "buy") for price in prints))


def limit(side: Side, price: Any, size: Any = 1, **changes: Any) -> Draft:
    return Draft(side=side, size=Decimal(str(size)), price=Decimal(str(price)), **changes)


def market(side: Side, size: Any = 1, price: Any = None) -> Draft:
    said = None if price is None else Decimal(str(price))
    return Draft(side=side, size=Decimal(str(size)), price=said, type=OrderType.MARKET, action=Action.CLOSE)


def send(*drafts: Draft) -> Callable[[State[None]], tuple[Wish, ...]]:
    return lambda _state: drafts


def cancel_all(state: State[None]) -> tuple[Wish, ...]:
    return tuple(Cancel(working.order.id, "test") for working in state.orders)


def played(script: Script, *lines: Line, mode: PositionMode = PositionMode.ONE_WAY, **changes: Any) -> ScenarioVenue:
    """The venue after the story."""
    venue = ScenarioVenue(sim(**changes), mode, leverage=10)
    for _ in play(Scripted(script), venue, lines):
        pass
    return venue


def rows(venue: ScenarioVenue, *kinds: str) -> list[Row]:
    return [row for row in venue.rows if row["type"] in kinds]


def fills(venue: ScenarioVenue) -> list[tuple[object, ...]]:
    return [(row["t"], row["side"], row["price"], row["size"]) for row in rows(venue, "fill")]


def positions(venue: ScenarioVenue) -> list[tuple[object, ...]]:
    return [(row["key"], row["amount"], row["entry"]) for row in rows(venue, "position")]
