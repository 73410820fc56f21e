"""What a tick shows of a node's market: its cache, a price from elsewhere, and whether anybody knows the book."""

from typing import Any

from nautilus_trader.model import InstrumentId

from engine.core.errors import BrokenInvariantError
from engine.core.events import Tick
from engine.core.session import Session
from engine.core.types import Nanos
from engine.nautilus import market, translate
from engine.nautilus.plan import Plan


class Sight:
    """Nothing is ready before the price from elsewhere has come once."""

    def __init__(self, plan: Plan) -> None:
        self._book, self._blind, self._reference = plan.book, plan.blind, plan.reference
        self._id = InstrumentId.from_str(plan.started.instrument.id)
        self._ready = plan.reference is None

    def at(self, now: Nanos, sent: Nanos, cache: Any, session: Session[Any]) -> Tick:
        """At a tick's time, which came at `sent`. Raises BrokenInvariantError where depth is asked for that the run was
        not given."""
        state, book, blind = session.state, self._book, self._blind(now)
        queries = () if state is None else session.policy.depth_queries(state)
        if queries and not book:
            raise BrokenInvariantError("the strategy asks for depth, and the run was set up without it")
        quote = None if book else cache.quote(self._id)
        beside = {} if self._reference is None else self._from_elsewhere(cache, now)
        if session.limits.asks_age:
            beside |= market.age_of(cache.order_book(self._id) if book else quote)
        if blind:
            beside["ready"], top = False, translate.NO_TOP
        else:
            top = market.top_of_book(cache, self._id) if book else translate.top_of_quote(quote)
        trade, mark = cache.trade(self._id), cache.mark_price(self._id)
        return Tick(
            ts_event=now,
            ts_init=sent,
            top=top,
            last_trade=None if trade is None else trade.price.as_decimal(),
            mark=None if mark is None else mark.value.as_decimal(),
            covers=market.covers(None if blind else cache.order_book(self._id), queries) if queries else (),
            **beside,
        )

    def _from_elsewhere(self, cache: Any, now: Nanos) -> dict[str, Any]:
        price = None if self._reference is None else self._reference(cache, now)
        self._ready = self._ready or price is not None
        return {"reference": price, "ready": self._ready}
