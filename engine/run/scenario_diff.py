"""Two lists of rows held against each other, as the recorded cases are compared: creates, cancels and fills in order,
orders matched by order of creation, and cancels that stand together in one second in any order."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import NamedTuple

from engine.simulation.scenario_venue import Row

COMPARED = {
    "create": ("side", "price", "size", "order_type", "position_action"),
    "cancel": ("side", "price"),
    "fill": ("side", "price", "size"),
}
NAMED = ("create", "cancel")  # rows that say which order


class Said(NamedTuple):
    """One row as it is compared. `order` is the number of the order, by creation."""

    t: int
    kind: str
    order: int
    fields: tuple[tuple[str, object], ...]

    def __str__(self) -> str:
        order = f" #{self.order}" if self.order else ""
        return f"{self.t} {self.kind}{order} " + " ".join(f"{value}" for _, value in self.fields)


class Divergence(NamedTuple):
    """The first difference: what was expected and what came (None: nothing more), after the rows that agreed."""

    t: int
    expected: Said | None
    got: Said | None
    before: tuple[Said, ...]


def divergence(expected: list[Row], got: list[Row], context: int = 6) -> Divergence | None:
    """None where the two agree."""
    wanted, had = said(expected), said(got)
    for n, (want, have) in enumerate(zip_longest(wanted, had)):
        if want != have:
            first = min(row.t for row in (want, have) if row is not None)
            return Divergence(first, want, have, tuple(wanted[max(0, n - context) : n]))
    return None


def said(rows: list[Row]) -> list[Said]:
    return list(_settled(_said(rows)))


def _said(rows: list[Row]) -> Iterator[Said]:
    numbers: dict[object, int] = {}
    for row in rows:
        kind = str(row["type"])
        if kind == "create":
            numbers[row.get("id")] = len(numbers) + 1
        if kind in COMPARED:
            order = numbers.get(row.get("id"), -1) if kind in NAMED else 0
            fields = tuple((key, _exact(row.get(key))) for key in COMPARED[kind])
            yield Said(int(row["t"] or 0), kind, order, fields)


def _settled(rows: Iterator[Said]) -> Iterator[Said]:
    """Cancels of one second that stand together, by order of creation."""
    cancels: list[Said] = []
    for row in rows:
        if cancels and (row.kind != "cancel" or row.t != cancels[-1].t):
            yield from sorted(cancels, key=lambda cancel: cancel.order)
            cancels = []
        if row.kind == "cancel":
            cancels.append(row)
        else:
            yield row
    yield from sorted(cancels, key=lambda cancel: cancel.order)


def _exact(value: object) -> object:
    """Numbers compare as numbers: 99.50 is 99.5."""
    try:
        return Decimal(value) if isinstance(value, str) else value
    except InvalidOperation:
        return value
