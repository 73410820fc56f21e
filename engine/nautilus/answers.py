"""What becomes of a wish about a simulated account: it is as the run was started from the beginning, and stays so."""

from engine.core.commands import SetLeverage, SetPositionMode
from engine.core.errors import BrokenInvariantError
from engine.core.events import AnyEvent, LeverageConfirmed, PositionModeConfirmed, PositionModeFailed, Started
from engine.core.types import Nanos


def answer(started: Started, wish: SetLeverage | SetPositionMode, now: Nanos) -> AnyEvent:
    match wish:
        case SetLeverage(leverage):
            if leverage != started.leverage:
                raise BrokenInvariantError(f"leverage {leverage} wanted, the run was started with {started.leverage}")
            return LeverageConfirmed(ts_event=now, ts_init=now, leverage=leverage)
        case SetPositionMode(mode):
            if mode is not started.mode:
                reason = f"the simulated account is in {started.mode}"
                return PositionModeFailed(ts_event=now, ts_init=now, reason=reason)
            return PositionModeConfirmed(ts_event=now, ts_init=now, mode=mode)
