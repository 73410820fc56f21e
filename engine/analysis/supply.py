"""The thorough law: what we filled at a price and time was traded or shown there, and nothing was used twice.

A resting buy can be filled by what takers sold at its price or lower in that very instant, or by asks shown at its
price or lower; an order that takes, by what was shown. A print is there once, for all our orders; so is a shown level,
until the book says it anew.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from data import store
from engine.analysis.laws import MORE_THAN_THERE, Finding
from engine.core.types import Nanos

_DUST = 1e-9


class Change(NamedTuple):
    """A level of the book set to a size (0: gone); `price` None: the whole book is cleared."""

    side: int  # 1: bids
    price: float | None
    size: float


class Print(NamedTuple):
    side: int  # of the taker
    price: float
    size: float


type Moment = tuple[Nanos, list[Print | Change]]  # all that came at one time, in order


def overdrawn(fills: pl.DataFrame, moments: Iterator[Moment]) -> Finding | None:
    """Fills (schema FILLS, in order) that the market's moments cannot have supplied."""
    shown = _Shown()
    waiting = iter(fills.partition_by("ts", maintain_order=True))
    group = next(waiting, None)
    short: list[str] = []
    for now, changes in moments:
        while group is not None and _at(group) < now:  # between two moments: the book as it stands
            short += _short(group, shown, [])
            group = next(waiting, None)
        prints = [change for change in changes if isinstance(change, Print)]
        if group is not None and _at(group) == now:
            shown.keep()  # what was shown just before, and what is shown now, are both there
            shown.apply(changes)
            short += _short(group, shown, prints)
            shown.forget()
            group = next(waiting, None)
        else:
            shown.apply(changes)
    while group is not None:
        short += _short(group, shown, [])
        group = next(waiting, None)
    return Finding(MORE_THAN_THERE, len(short), short[0]) if short else None


def moments(catalog: Path, instrument_id: str) -> Iterator[Moment]:
    """A catalog's trades and changes of the book, by time. Holds them all: not for every run."""
    held = store.contents(catalog, instrument_id)
    parts = [
        pl.scan_parquet([catalog / i.tables[folder] for i in held.ingests if folder in i.tables]).select(columns)
        for folder, columns in (("trades", _TRADES), ("order_book_deltas", _DELTAS))
    ]
    rows = pl.concat([part.collect() for part in parts]).sort("ts", maintain_order=True)
    gathered: list[Print | Change] = []
    now: Nanos | None = None
    for ts, is_print, side, price, size, cleared in rows.iter_rows():
        if now is not None and ts != now:
            yield now, gathered
            gathered = []
        now = ts
        gathered.append(Print(side, price, size) if is_print else Change(side, None if cleared else price, size))
    if now is not None:
        yield now, gathered


def _sign(column: str) -> pl.Expr:
    word = pl.col(column).cast(pl.String)
    return pl.when(word == "BUY").then(1).when(word == "SELL").then(-1).otherwise(0).cast(pl.Int64).alias("side")


_TIME = pl.col("ts_init").cast(pl.Int64).alias("ts")
_PRICE, _SIZE = (pl.col(name).cast(pl.Float64).fill_null(0.0) for name in ("price", "size"))
_TRADES = (_TIME, pl.lit(value=True).alias("print"), _sign("aggressor_side"), _PRICE, _SIZE,
           pl.lit(value=False).alias("cleared"))  # fmt: skip
_DELTAS = (
    _TIME,
    pl.lit(value=False).alias("print"),
    _sign("side"),
    _PRICE,
    pl.when(pl.col("action").cast(pl.String) == "DELETE").then(0.0).otherwise(_SIZE).alias("size"),
    (pl.col("action").cast(pl.String) == "CLEAR").alias("cleared"),
)


class _Shown:
    """What is left of each level: (side, price) -> size, less what we took of it since the book last said it."""

    def __init__(self) -> None:
        self.left: dict[tuple[int, float], float] = {}
        self._before: dict[tuple[int, float], float] | None = None

    def keep(self) -> None:
        self._before = {}

    def forget(self) -> None:
        self._before = None

    def apply(self, changes: list[Print | Change]) -> None:
        for change in changes:
            if isinstance(change, Print):
                continue
            if change.price is None:
                for key in list(self.left):
                    self._set(key, 0.0)
            else:
                self._set((change.side, change.price), change.size)

    def _set(self, key: tuple[int, float], size: float) -> None:
        was = self.left.pop(key, 0.0)
        if self._before is not None:
            self._before[key] = max(self._before.get(key, 0.0), was, size)
        if size:
            self.left[key] = size

    def take(self, side: int, limit: float, wanted: float) -> float:
        """Take from the levels of `side` at `limit` or better for who takes; what could not be had."""
        for book in (self.left, self._before or {}):
            keys = [key for key in book if key[0] == side and (limit - key[1]) * -side >= -_DUST]
            for key in sorted(keys, key=lambda key: -side * key[1]):
                if wanted <= _DUST:
                    return 0.0
                taken = min(wanted, book[key])
                book[key] -= taken
                wanted -= taken
        return wanted


def _short(group: pl.DataFrame, shown: _Shown, prints: list[Print]) -> list[str]:
    """The fills of one instant that are not covered, the ones with the fewest sources served first."""
    left = [[each.side, each.price, each.size] for each in prints]
    short = []
    for word, sign in (("buy", 1), ("sell", -1)):
        ours = group.filter((pl.col("side") == word) & ~pl.col("liquidation"))
        for fill in ours.sort(pl.col("price") * sign, maintain_order=True).iter_rows(named=True):
            wanted = fill["size"]
            for each in left if fill["maker"] else ():
                if each[0] == -sign and (fill["price"] - each[1]) * sign >= -_DUST:
                    taken = min(wanted, each[2])
                    each[2] -= taken
                    wanted -= taken
            if wanted > _DUST and (missing := shown.take(-sign, fill["price"], wanted)) > _DUST:
                short.append(f"order {fill['id']} at {fill['ts']}: {missing:g} of {fill['size']:g} were not there")
    return short


def _at(group: pl.DataFrame) -> Nanos:
    return int(group["ts"].cast(pl.Int64)[0])
