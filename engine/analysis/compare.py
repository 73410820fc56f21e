"""Two runs, order by order: the same, filled earlier or later, filled in one only; and the cause of each difference.

Live or paper against a backtest of the same window, or two backtests against each other. Frames in, a frame out.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import polars as pl

from engine.analysis.align import Order, Pair, lives, paired
from engine.analysis.causes import Cause, Causes
from engine.analysis.frames import TIME, Frames
from engine.core.types import SECOND, Nanos

WITHIN_NS = 2 * SECOND
TOLERANCE_NS = 1_000_000

SAME = "same"
EARLIER, LATER = "filled earlier in B", "filled later in B"
IN_A, IN_B = "filled in A only", "filled in B only"
PART = "filled in part in one"
PRICED = "priced differently"
SENT_IN_A, SENT_IN_B = "sent in A only", "sent in B only"
OUTCOMES = (SAME, EARLIER, LATER, PART, IN_A, IN_B, PRICED, SENT_IN_A, SENT_IN_B)  # the last three: nothing filled

# One row an order of either run. `a` and `b`: its ids, null where a run has no such order. `fill_a` and `fill_b`: when
# it first filled. `outcome`: one of OUTCOMES. `cause`: a word of engine.analysis.causes, null where there is nothing to
# explain; `detail`: the same for people.
ALIGNED: dict[str, Any] = {
    "sent": TIME,
    "a": pl.String,
    "b": pl.String,
    "side": pl.String,
    "leg": pl.String,
    "purpose": pl.String,
    "level": pl.Int64,
    "price_a": pl.Float64,
    "price_b": pl.Float64,
    "size_a": pl.Float64,
    "size_b": pl.Float64,
    "filled_a": pl.Float64,
    "filled_b": pl.Float64,
    "fill_a": TIME,
    "fill_b": TIME,
    "outcome": pl.String,
    "cause": pl.String,
    "detail": pl.String,
}


class Comparison(NamedTuple):
    """`orders`: schema ALIGNED, in the order in which they were sent."""

    orders: pl.DataFrame

    @property
    def outcomes(self) -> dict[str, int]:
        """Orders by outcome, those that there are."""
        counted: dict[str, int] = dict(self.orders["outcome"].value_counts().iter_rows())
        return {outcome: counted[outcome] for outcome in OUTCOMES if outcome in counted}

    @property
    def causes(self) -> pl.DataFrame:
        """outcome, cause, orders: the most frequent first."""
        different = self.orders.filter(pl.col("outcome") != SAME)
        counted = different.group_by("outcome", "cause").agg(pl.len().cast(pl.Int64).alias("orders"))
        return counted.sort("orders", "outcome", "cause", descending=[True, False, False])

    @property
    def first(self) -> dict[str, Any] | None:
        """The first order that is not the same in both; None if all are."""
        return next(self.orders.filter(pl.col("outcome") != SAME).head(1).iter_rows(named=True), None)

    @property
    def agreement(self) -> float | None:
        """Of the orders that filled in either run, the share (0..1) that filled in both alike; None without fills."""
        filled = self.orders.filter((pl.col("filled_a") > 0) | (pl.col("filled_b") > 0))
        return None if filled.is_empty() else float((filled["outcome"] == SAME).sum() / filled.height)


def compare(a: Frames, b: Frames, *, within_ns: Nanos = WITHIN_NS, tolerance_ns: Nanos = TOLERANCE_NS) -> Comparison:
    """Align two runs of one strategy. `within_ns`: how far apart the same decision may have been sent; `tolerance_ns`:
    fills no further apart than this are the same fill."""
    pairs = paired(lives(a.orders, a.fills), lives(b.orders, b.fills), within_ns=within_ns)
    outcomes = [_outcome(pair, tolerance_ns) for pair in pairs]
    causes = Causes(a, b, _divergences(pairs, outcomes))
    rows = [
        (*_values(pair), outcome, *(causes.of(pair) if outcome != SAME else Cause(None, None)))
        for pair, outcome in zip(pairs, outcomes, strict=True)
    ]
    raw = {name: pl.Int64 if kind == TIME else kind for name, kind in ALIGNED.items()}
    return Comparison(pl.DataFrame(rows, schema=raw, orient="row").cast(pl.Schema(ALIGNED)))


def _outcome(pair: Pair, tolerance_ns: Nanos) -> str:
    a, b = pair
    filled_a, filled_b = _filled(a), _filled(b)
    if not filled_a and not filled_b:
        if a is None or b is None:
            return SENT_IN_B if a is None else SENT_IN_A
        return SAME if (a["price"], a["size"]) == (b["price"], b["size"]) else PRICED
    if a is None or b is None or not (filled_a and filled_b):
        return IN_A if filled_a else IN_B
    if abs(filled_a - filled_b) > 1e-9 * max(filled_a, filled_b):
        return PART
    apart = b["last_fill"] - a["last_fill"]
    if abs(apart) <= tolerance_ns:
        return SAME
    return LATER if apart > 0 else EARLIER


def _filled(order: Order | None) -> float:
    return 0.0 if order is None or order["first_fill"] is None else float(order["filled"])


def _divergences(pairs: list[Pair], outcomes: list[str]) -> list[tuple[Nanos, str]]:
    """When, and by which order, the two runs' positions came to differ: what came later may follow from it."""
    found = [
        min((order["first_fill"], order["id"]) for order in pair if order is not None and _filled(order))
        for pair, outcome in zip(pairs, outcomes, strict=True)
        if outcome != SAME and any(map(_filled, pair))
    ]
    return sorted(found)


def _values(pair: Pair) -> Iterator[Any]:
    a, b = pair
    known = a or b
    assert known is not None
    yield from (pair.sent, a and a["id"], b and b["id"])
    yield from (known[key] for key in ("side", "leg", "purpose", "level"))
    for key in ("price", "size", "filled", "first_fill"):
        yield from (order and order[key] for order in pair)
