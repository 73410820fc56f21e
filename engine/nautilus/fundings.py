"""What funding was booked: by NautilusTrader's simulated exchange, or, where the venue books none, by us."""

from collections.abc import Iterator
from typing import Any

from nautilus_trader.model import InstrumentId

from engine.core.events import AnyEvent, FundingSettled, Started
from engine.core.state import State
from engine.core.types import Nanos
from engine.nautilus import translate
from engine.nautilus.plan import Funded
from engine.simulation.funding import settled


def booked_by_the_exchange(started: Started) -> Funded:
    """It adjusts its positions; each adjustment is told once."""
    identity, told = InstrumentId.from_str(started.instrument.id), set[tuple[str, Nanos]]()

    def funded(cache: Any, _state: State[Any], _rate: Any, _now: Nanos) -> Iterator[FundingSettled]:
        for position in cache.positions(instrument_id=identity):
            for adjustment in position.adjustments():
                fact = translate.funding_of(adjustment, started.mode, started.instrument.settlement)
                key = (str(adjustment.position_id), adjustment.ts_event)
                if fact is not None and key not in told:
                    told.add(key)
                    yield fact

    return funded


def booked_by_us(started: Started, since_ns: Nanos) -> Funded:
    """Each settlement once, at the mark price that is known then; without one nothing can be settled. Those that are
    told before `since_ns` (a nanosecond after they were due) have been booked, if there was anything to book."""
    identity, latest = InstrumentId.from_str(started.instrument.id), since_ns - 2

    def funded(cache: Any, state: State[Any], rate: Any, now: Nanos) -> Iterator[AnyEvent]:
        nonlocal latest
        boundary, mark = translate.settles_at(rate), cache.mark_price(identity)
        if boundary is not None and boundary > latest and mark is not None:
            latest = boundary
            yield from settled(state, rate.rate, mark.value.as_decimal(), now)

    return funded


def none(_cache: Any, _state: State[Any], _rate: Any, _now: Nanos) -> tuple[AnyEvent, ...]:
    return ()
