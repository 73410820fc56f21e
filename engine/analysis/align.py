"""Which order of one run is which of another. Their ids differ; what an order is for, and when it was sent, do not."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, NamedTuple

import polars as pl

from engine.core.types import SECOND, Nanos

type Order = dict[str, Any]  # a row of `lives`


class Pair(NamedTuple):
    """An order of A and the one of B that answers it; None where a run has no such order."""

    a: Order | None
    b: Order | None

    @property
    def sent(self) -> Nanos:
        return min(int(order["submitted"]) for order in self if order is not None)


def lives(orders: pl.DataFrame, fills: pl.DataFrame) -> list[Order]:
    """Orders (schema ORDERS) as rows, times in ns, with the time of their first and last fill (None without one)."""
    filled = fills.group_by("id").agg(first_fill=pl.col("ts").min(), last_fill=pl.col("ts").max())
    joined = orders.join(filled, on="id", how="left", maintain_order="left")
    return joined.with_columns(pl.col(pl.Datetime("ns", "UTC")).cast(pl.Int64)).rows(named=True)


def paired(a: list[Order], b: list[Order], *, within_ns: Nanos) -> list[Pair]:
    """All orders of both, in the order in which they were sent.

    Two orders answer each other that stand on the same side, leg and level for the same purpose and were sent in the
    same second: at the same price and size first, then at any, then at most `within_ns` apart.
    """
    found: list[Pair] = []
    left_a, left_b = a, b
    for key in (_same, _same_second):
        pairs, left_a, left_b = _matched(left_a, left_b, key)
        found += pairs
    by_place_a, by_place_b = _grouped(left_a, _place), _grouped(left_b, _place)
    for place in dict.fromkeys((*by_place_a, *by_place_b)):
        found += _nearest(by_place_a[place], by_place_b[place], within_ns)
    return sorted(found, key=lambda pair: pair.sent)


def _place(order: Order) -> Hashable:
    return tuple(order[key] for key in ("side", "leg", "action", "purpose", "level"))


def _same_second(order: Order) -> Hashable:
    return _place(order), order["submitted"] // SECOND


def _same(order: Order) -> Hashable:
    return _same_second(order), order["price"], order["size"]


def _grouped(orders: Iterable[Order], key: Callable[[Order], Hashable]) -> defaultdict[Hashable, list[Order]]:
    groups: defaultdict[Hashable, list[Order]] = defaultdict(list)
    for order in orders:
        groups[key(order)].append(order)
    return groups


def _matched(
    a: list[Order], b: list[Order], key: Callable[[Order], Hashable]
) -> tuple[list[Pair], list[Order], list[Order]]:
    theirs = _grouped(reversed(b), key)
    pairs, left = [], []
    for order in a:
        if group := theirs[key(order)]:
            pairs.append(Pair(order, group.pop()))
        else:
            left.append(order)
    taken = {pair.b["seq"] for pair in pairs if pair.b is not None}
    return pairs, left, [order for order in b if order["seq"] not in taken]


def _nearest(a: list[Order], b: list[Order], within_ns: Nanos) -> Iterator[Pair]:
    """Both in order of time: the earlier one waits for the other for `within_ns`."""
    i = j = 0
    while i < len(a) and j < len(b):
        apart = a[i]["submitted"] - b[j]["submitted"]
        if abs(apart) <= within_ns:
            yield Pair(a[i], b[j])
            i, j = i + 1, j + 1
        elif apart < 0:
            yield Pair(a[i], None)
            i += 1
        else:
            yield Pair(None, b[j])
            j += 1
    yield from (Pair(order, None) for order in a[i:])
    yield from (Pair(None, order) for order in b[j:])
