"""The next tick gone through a moment early, and forgotten.

A processor that has not done something for a second takes about five times as long for it. Deciding has no effects, so
it can be done for nothing: with what the market is now, on the state that is, and the orders that follow are made, but
neither recorded nor sent.
"""

from contextlib import suppress
from typing import Any

from engine.core.commands import Submit
from engine.core.events import Tick
from engine.core.session import Session
from engine.journal.ahead import line_of
from engine.nautilus import translate

TIMES = 3


def rehearse(session: Session[Any], seen: Tick, contract: Any, factory: Any) -> None:
    """What goes wrong here goes wrong on the tick itself, which says so. The first time brings it all near, and a
    processor keeps best what it has used more than once."""
    with suppress(Exception):
        for _ in range(TIMES):
            outcomes = session.foreseen(seen)
            line_of(0, seen, outcomes)
            for outcome in outcomes:
                if isinstance(outcome, Submit):
                    translate.nautilus_order(outcome, str(contract.id.venue), contract, factory)
