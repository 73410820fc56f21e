"""Why an order fared otherwise in another run: what can be seen of it in the two runs' frames."""

from bisect import bisect_left
from typing import NamedTuple

import numpy as np
import polars as pl

from engine.analysis.align import Order, Pair
from engine.analysis.frames import Frames
from engine.core.types import SECOND, Nanos

MS = 1_000_000

# The words, from what is nearest to the order to what is furthest from it.
NOT_TAKEN = "not taken"  # the venue or the host did not take it
ARRIVED_LATE = "arrived late"  # it came to the venue after the other had filled
CANCELLED = "cancelled before"  # its end was confirmed before the other filled
QUEUE = "queue"  # it rested at that price at that moment: queue position, or what the venue (or its model) filled first
REFUSED = "refused"  # a limit of ours
MARKET = "market"  # the two runs saw another mid at that tick
FOLLOWS = "follows"  # from an earlier difference: another position, other timers
DECIDED = "decided otherwise"  # other parameters, or another version


class Cause(NamedTuple):
    word: str | None
    detail: str | None


class Causes:
    """Looks up what either run knew when an order was sent. `divergences`: (time, order) of fills that differ."""

    def __init__(self, a: Frames, b: Frames, divergences: list[tuple[Nanos, str]]) -> None:
        self._mids = tuple(_mids(frames.equity) for frames in (a, b))
        self._refused = tuple(_refusals(frames.refusals) for frames in (a, b))
        self._when = [when for when, _ in divergences]
        self._who = [who for _, who in divergences]

    def of(self, pair: Pair) -> Cause:
        a, b = pair
        if a is None or b is None:
            return self._not_sent(pair)
        if (a["price"], a["size"]) != (b["price"], b["size"]):
            said = f"{_worth(a)} in A, {_worth(b)} in B"
            root = self._root(pair)
            return Cause(root.word, f"{said}: {root.detail}")
        first, other = (a, b) if _progress(a) <= _progress(b) else (b, a)
        return _fate(other, first, "A" if other is a else "B")

    def _not_sent(self, pair: Pair) -> Cause:
        there = pair.a or pair.b
        assert there is not None
        missing = 1 if pair.b is None else 0
        key = (there["side"], there["purpose"], there["submitted"] // SECOND)
        if (refused := self._refused[missing].get(key)) is not None:
            return Cause(REFUSED, f"{'AB'[missing]} refused it: {refused}")
        return self._root(pair)

    def _root(self, pair: Pair) -> Cause:
        sent = pair.sent
        mid_a, mid_b = (_at(mids, sent) for mids in self._mids)
        if mid_a is not None and mid_b is not None and mid_a != mid_b:
            return Cause(MARKET, f"the mid was {mid_a:,.10g} in A, {mid_b:,.10g} in B")
        earlier = bisect_left(self._when, sent)
        if earlier:
            return Cause(FOLLOWS, f"after order {self._who[earlier - 1]} had filled otherwise")
        return Cause(DECIDED, "with the same market and the same fills before: other parameters, or another version")


def _fate(other: Order, first: Order, name: str) -> Cause:
    """Why `other`, the same order in run `name`, had not filled when the first one had."""
    at = first["last_fill"]
    if other["status"] in ("rejected", "denied"):
        return Cause(NOT_TAKEN, f"{other['status']} in {name}: {other['reason']}")
    if other["accepted"] is None or other["accepted"] > at:
        late = "never arrived" if other["accepted"] is None else f"arrived {_ms(other['accepted'] - at)} after that"
        return Cause(ARRIVED_LATE, f"{late} in {name}")
    if other["ended"] is not None and other["ended"] <= at and other["status"] == "canceled":
        return Cause(CANCELLED, f"ended {_ms(at - other['ended'])} before in {name}: {other['reason'] or 'no reason'}")
    return Cause(QUEUE, f"rested there at that moment in {name}, behind others or unseen by its fill model")


def _progress(order: Order) -> tuple[float, float]:
    """Less is further: who filled more, and of two that filled alike who did so sooner."""
    return -order["filled"], order["last_fill"] or 0


def _worth(order: Order) -> str:
    price = "at market" if order["price"] is None else f"at {order['price']:,.10g}"
    return f"{order['size']:,.10g} {price}"


def _ms(ns: Nanos) -> str:
    return f"{ns / MS:,.4g} ms"


def _mids(equity: pl.DataFrame) -> tuple[np.ndarray, list[float | None]]:
    known = equity.filter(pl.col("bid").is_not_null())
    return known["ts"].cast(pl.Int64).to_numpy(), known["mid"].to_list()


def _at(mids: tuple[np.ndarray, list[float | None]], now: Nanos) -> float | None:
    """The mid of the tick of this second; None if there is none."""
    place = int(np.searchsorted(mids[0], now, side="right")) - 1
    if place < 0 or int(mids[0][place]) // SECOND != now // SECOND:
        return None
    return mids[1][place]


def _refusals(refusals: pl.DataFrame) -> dict[tuple[str, str, int], str]:
    rows = refusals.select("side", "purpose", pl.col("ts").cast(pl.Int64) // SECOND, "limit").iter_rows()
    return {(side, purpose, second): limit for side, purpose, second, limit in rows}
