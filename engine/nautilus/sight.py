"""What a tick shows of a node's market: its cache, a price from elsewhere, and whether anybody knows the book."""

from typing import Any

from nautilus_trader.model import InstrumentId

from engine.core.errors import BrokenInvariantError
from engine.core.events import Tick
from engine.core.session import Session
from engine.core.types import Nanos
from engine.nautilus import market
from engine.nautilus.plan import Plan


class Sight:
    """Nothing is ready before the price from elsewhere has come once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._id = InstrumentId.from_str(plan.started.instrument.id)
        self._ready = plan.reference is None

    def at(self, now: Nanos, sent: Nanos, cache: Any, session: Session[Any]) -> Tick:
        """At a tick's time, which came at `sent`. Raises BrokenInvariantError where depth is asked for that the run was
        not given."""
        state, book = session.state, self._plan.book
        queries = () if state is None else session.policy.depth_queries(state)
        if queries and not book:
            raise BrokenInvariantError("the strategy asks for depth, and the run was set up without it")
        beside, blind = self._from_elsewhere(cache, now), self._plan.blind(now)
        if session.limits.asks_age:
            beside |= market.newest(cache, self._id, book=book)
        beside |= {"ready": False} if blind else {}
        which = None if blind else book
        return market.tick(cache, self._id, now=now, sent=sent, book=which, queries=queries, **beside)

    def _from_elsewhere(self, cache: Any, now: Nanos) -> dict[str, Any]:
        if self._plan.reference is None:
            return {}
        price = self._plan.reference(cache, now)
        self._ready = self._ready or price is not None
        return {"reference": price, "ready": self._ready}
