"""A log that a person can read: one line a decision, with the reason."""

import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

from engine.core.commands import Cancel, Outcome, Refused, SetLeverage, SetPositionMode, Submit, TradingChanged
from engine.core.events import AnyEvent, OrderFilled, OrderRejected, Resynced, Stopping
from engine.core.session import Record
from engine.core.state import State
from engine.core.types import Nanos
from engine.journal.replay import folded
from engine.run.remade import Remade
from engine.run.runs import iso

LOG = logging.getLogger("perpmm")

SAID = OrderFilled | OrderRejected | Resynced | Stopping  # also where nothing follows

type Noted = tuple[State[Any] | None, State[Any], AnyEvent, tuple[Outcome, ...]]


class Narrator:
    """Notes what was decided as it is recorded, and says it once it has left: an order does not wait for its story."""

    def __init__(self, made: Remade, state: Callable[[], State[Any] | None], begun: State[Any] | None = None) -> None:
        """`begun`: the state of a run that is taken up."""
        self._made, self._state = made, state
        self._noted: list[Noted] = []
        self._before = begun

    def noting(self, record: Record) -> Record:
        def noted(seq: int, event: AnyEvent, outcomes: tuple[Outcome, ...]) -> None:
            record(seq, event, outcomes)
            after = self._state()
            if after is not None and (outcomes or isinstance(event, SAID)):
                self._noted.append((self._before, after, event, outcomes))
            self._before = after

        return noted

    def speak(self) -> None:
        noted, self._noted = self._noted, []
        for before, after, event, outcomes in noted:
            for line in self._lines(before, after, event, outcomes):
                LOG.info("%s  %s", _moment(event.ts_init), line)

    def _lines(
        self, before: State[Any] | None, after: State[Any], event: AnyEvent, outcomes: tuple[Outcome, ...]
    ) -> Iterator[str]:
        match event:
            case OrderFilled():
                yield _filled(event, after)
            case OrderRejected():
                yield f"{'denied' if event.denied else 'rejected'} {event.id}: {event.reason}"
            case Resynced():
                yield f"asked, the venue told what its streams had not: {event.missed}"
            case Stopping():
                yield f"stopping: {event.reason}"
        for outcome in outcomes:
            yield self._line(before, after, event, outcome)

    def _line(self, before: State[Any] | None, after: State[Any], event: AnyEvent, outcome: Outcome) -> str:
        match outcome:
            case Submit():
                return f"{_order(outcome)}: {self._because(before, after, event, outcome)}"
            case Cancel():
                return f"cancel {outcome.id}: {outcome.reason.replace('_', ' ')}"
            case Refused():
                draft = outcome.draft
                return f"refused {draft.side.name.lower()} {draft.size} at {draft.price}: {outcome.reason}"
            case TradingChanged():
                word = "held back" if outcome.held else "no longer held back"
                return f"{outcome.trading.name}: {word} by {outcome.limit}: {outcome.reason}"
            case SetLeverage():
                return f"leverage {outcome.leverage}"
            case SetPositionMode():
                return f"position mode {outcome.mode}"

    def _because(self, before: State[Any] | None, after: State[Any], event: AnyEvent, order: Submit) -> str:
        state = folded(self._made.policy, before, event, after)
        said = self._made.strategy.because(self._made.parameters, state, order).sentences
        return "; ".join(said) or order.purpose.value


class _StandardError:
    """What it is when something is said."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def to_standard_error() -> None:
    """For a command line: what is said at INFO, as it is."""
    handler = logging.StreamHandler(_StandardError())
    handler.setFormatter(logging.Formatter("%(message)s"))
    LOG.handlers[:] = [handler]
    LOG.setLevel(logging.INFO)
    LOG.propagate = False


def _moment(ns: Nanos) -> str:
    """UTC, to the millisecond: all lines begin alike."""
    return f"{iso(ns)[:19]}.{ns // 1_000_000 % 1000:03d}Z"


def _order(order: Submit) -> str:
    price = "market" if order.price is None else str(order.price)
    kind = order.purpose.value.replace("_", " ")
    level = f" level {order.level}" if order.purpose.value == "quote" else ""
    return f"{order.side.name.lower()} {order.size} at {price} ({kind}{level}) {order.id}"


def _filled(fill: OrderFilled, after: State[Any]) -> str:
    held = after.position(fill.leg)
    role = "maker" if fill.maker else "taker"
    position = "flat" if held.size == 0 else f"{held.size:+} from {held.entry}"
    return f"filled {fill.side.name.lower()} {fill.size} at {fill.price} ({role}, fee {fill.fee}) {fill.id}: {position}"
