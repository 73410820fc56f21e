"""What a position pays or receives as funding where the venue does not book it: in paper trading."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from engine.core.events import FundingSettled
from engine.core.position import CENT, notional
from engine.core.state import State
from engine.core.types import Nanos


def settled(state: State[Any], rate: Decimal, mark: Decimal, now: Nanos) -> Iterator[FundingSettled]:
    """One fact a leg. `rate` is a fraction of the notional at `mark`: where it is positive, longs pay shorts."""
    for leg, position in state.positions.items():
        owed = (notional(state.instrument, position.size, mark) * rate).quantize(CENT)
        amount = -owed if position.size > 0 else owed
        yield FundingSettled(ts_event=now, ts_init=now, leg=leg, amount=amount, rate=rate, mark=mark)
