"""Whether two runs decided the same for as long as they were given the same: a paper or live run against the backtest
of what it saw. What each order then did is for engine.analysis.compare."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec

from engine.core.commands import Cancel, Submit
from engine.core.events import OrderFilled
from engine.core.types import Nanos
from engine.journal.entry import Kind
from engine.journal.reader import Journal


class Parity(msgspec.Struct, frozen=True, kw_only=True):
    """Commands in order, with an order's number of creation in its id's place. `alike` are equal from the first on;
    `differs` is the first pair that is not (None: no such command), `differs_ns` its time. `fills_differ_ns` is when
    the first fill came that is not the same fill, before the same tick, in both.
    """

    commands_a: int
    commands_b: int
    alike: int
    differs: tuple[dict[str, Any] | None, dict[str, Any] | None] | None
    differs_ns: Nanos | None
    fills_differ_ns: Nanos | None

    @property
    def share(self) -> float:
        """Of the commands of the longer run; 1 where neither sent any."""
        return self.alike / most if (most := max(self.commands_a, self.commands_b)) else 1.0

    @property
    def held(self) -> bool:
        """No command differs before a fill does."""
        if self.differs_ns is None:
            return True
        return self.fills_differ_ns is not None and self.fills_differ_ns <= self.differs_ns


class _Said(NamedTuple):
    at_ns: Nanos
    what: tuple[Any, ...] | dict[str, Any]


def parity(a: Path, b: Path) -> Parity:
    """Raises JournalError where a run cannot be read."""
    (commands_a, fills_a), (commands_b, fills_b) = (_told(folder) for folder in (a, b))
    alike, first = _first_difference(commands_a, commands_b)
    _, fill = _first_difference(fills_a, fills_b)
    return Parity(
        commands_a=len(commands_a),
        commands_b=len(commands_b),
        alike=alike,
        differs=None if first is None else (_plain(first[0]), _plain(first[1])),
        differs_ns=None if first is None else _earlier(first),
        fills_differ_ns=None if fill is None else _earlier(fill),
    )


def _told(folder: Path) -> tuple[list[_Said], list[_Said]]:
    """Commands, and fills: the order's number, its tick, price, size, role."""
    numbers: dict[str, int] = {}
    commands, fills, ticks = list[_Said](), list[_Said](), 0
    for entry in Journal(folder).entries():
        match entry.value:
            case OrderFilled() as fill:
                what = (numbers.get(fill.id), ticks, fill.price, fill.size, fill.maker)
                fills.append(_Said(entry.ts_init, what))
            case _ if entry.type == "Tick":
                ticks += 1
            case _ if entry.kind is Kind.COMMAND:
                commands.append(_Said(entry.ts_init, _numbered(cast(Any, entry.value), numbers)))
    return commands, fills


def _numbered(command: Any, numbers: dict[str, int]) -> dict[str, Any]:
    if isinstance(command, Submit):
        numbers[command.id] = len(numbers)
    plain: dict[str, Any] = msgspec.to_builtins(command)
    if isinstance(command, Submit | Cancel):
        plain["id"] = numbers.get(command.id)
    return plain


def _first_difference(a: list[_Said], b: list[_Said]) -> tuple[int, tuple[_Said | None, _Said | None] | None]:
    for n, pair in enumerate(zip_longest(a, b)):
        if pair[0] is None or pair[1] is None or pair[0].what != pair[1].what:
            return n, pair
    return len(a), None


def _earlier(pair: tuple[_Said | None, _Said | None]) -> Nanos:
    return min(_times(pair))


def _times(pair: tuple[_Said | None, _Said | None]) -> Iterator[Nanos]:
    yield from (each.at_ns for each in pair if each is not None)


def _plain(said: _Said | None) -> dict[str, Any] | None:
    return None if said is None else cast(dict[str, Any], said.what)
