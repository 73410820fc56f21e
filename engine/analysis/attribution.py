"""Where the money came from: a run's net PnL as parts that add up to it, computed from fills and mids alone.

Each fill is measured against the mid just before it, and each quote that filled against the mid some seconds later;
from then on, what happens to its price is inventory. Parts and sums do not come from the run's books: that they meet
the books' net PnL to 1e-8 checks both.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from engine.analysis.equity import net_of
from engine.analysis.frames import TIME, Frames
from engine.analysis.market import Market, tops_at
from engine.core.position import FLAT, Position, fold
from engine.core.types import SECOND, ZERO, Instrument, Nanos, Side

HORIZON_NS = 5 * SECOND
HOUR_NS = 3600 * SECOND

# What each part is, in the order of a waterfall. All are signed: what we lost or paid is negative.
PARTS = {
    "spread_captured": "quotes that filled: their price against the mid just before",
    "adverse_selection": "those quotes: the move of the mid in the seconds after the fill",
    "inventory": "what was held: the move of the mid, without those seconds; at the end to the price of valuation",
    "take_profit": "take-profit fills: their price against the mid just before",
    "trail": "trailing-stop fills: their price against the mid just before",
    "stop": "stop-loss fills: their price against the mid just before",
    "flatten": "fills of the closing at the end: their price against the mid just before",
    "liquidation": "forced fills: their price against the mid just before",
    "other": "fills of orders that were not ours: their price against the mid just before",
    "fees": "paid to the venue",
    "rebates": "paid by the venue",
    "funding": "received, or paid",
    "rounding": "the books keep whole units of 1e-8",
}
# One row an amount, in the settlement currency. `side`, `purpose`, `level`: of the fill that it came from; of
# inventory, `side` is "buy" where the position was long, else "sell". `state`: what the fill did to its leg (opening,
# adding, reducing, flipping), or "held".
ENTRIES: dict[str, Any] = {
    "ts": TIME,
    "part": pl.String,
    "amount": pl.Float64,
    "side": pl.String,
    "purpose": pl.String,
    "level": pl.Int64,
    "leg": pl.String,
    "state": pl.String,
}
_TOLD = ("row", "seq", "ts", "leg", "side", "size", "price", "fee", "purpose", "level", "liquidation")
type Row = tuple[Nanos, str, Decimal | float, str | None, str | None, int | None, str | None, str]


class Attribution(NamedTuple):
    """`entries` (schema ENTRIES) sum to `net_pnl`, the books' own, but for `residual`. Adverse selection is the mid's
    move over `horizon_ns` after a fill; the mids came from `source` (see Market)."""

    entries: pl.DataFrame
    net_pnl: float
    residual: float
    horizon_ns: Nanos
    source: str

    def by(self, *keys: str) -> pl.DataFrame:
        """A row for each part of each group: `amount`. Keys: part alone, or columns of the entries, or "hour"."""
        rows = self.entries.with_columns(hour=pl.col("ts").dt.truncate("1h"))
        order = pl.Enum(list(PARTS))
        grouped = rows.group_by(*keys, pl.col("part").cast(order), maintain_order=True).agg(pl.col("amount").sum())
        return grouped.sort(*keys, "part", nulls_last=True).cast({"part": pl.String})

    def table(self, key: str) -> pl.DataFrame:
        """A row each value of a key (side, level, state, hour, purpose, leg), a column each part that there was, and
        their sum as `net`. Values are text; null: of what was held, not of a fill."""
        rows = self.by(key).with_columns(pl.col(key).cast(pl.String))
        there = [part for part in PARTS if part in set(rows["part"])]
        if not there:
            return pl.DataFrame(schema={key: pl.String, "net": pl.Float64})
        wide = rows.pivot(on="part", index=key, values="amount", maintain_order=True)
        wide = wide.select(key, pl.col(there).fill_null(0.0))
        return wide.with_columns(net=pl.sum_horizontal(there))

    @property
    def parts(self) -> dict[str, float]:
        """Every part, by name: 0 where there was nothing of it."""
        sums: dict[str, float] = dict(self.by().select("part", "amount").iter_rows())
        return {part: sums.get(part, 0.0) for part in PARTS}


def attribution(
    frames: Frames, instrument: Instrument, market: Market, *, horizon_ns: Nanos = HORIZON_NS
) -> Attribution:
    """Parts of the net PnL of both legs."""
    last = frames.equity.row(-1, named=True)
    net = net_of(last)
    rows = _Rows(frames, instrument, market, horizon_ns).all()
    raw = {name: pl.Int64 if kind == TIME else kind for name, kind in ENTRIES.items()}
    table = [(row[0], row[1], float(row[2]), *row[3:]) for row in rows if row[2]]
    entries = pl.DataFrame(table, schema=raw, orient="row").cast(pl.Schema(ENTRIES))
    return Attribution(entries, net, net - float(entries["amount"].sum()), horizon_ns, market.source)


class _Held(NamedTuple):
    """A leg since its last mark: the book's position, and the price that its moves have been counted to."""

    position: Position
    price: Decimal | None


class _Rows:
    """A walk over the fills, hours and end of a run, leg by leg. Decimals: the mids' binary dust cancels exactly."""

    def __init__(self, frames: Frames, instrument: Instrument, market: Market, horizon_ns: Nanos) -> None:
        self.instrument = instrument
        self.frames = frames
        self.start, self.end = _ns(frames.equity["ts"])[[0, -1]].tolist()
        fills = frames.fills
        at = _ns(fills["ts"])
        price = fills["price"].to_numpy()
        first = self.start - self.start % HOUR_NS + HOUR_NS
        self.hours = np.arange(first, self.end, HOUR_NS, dtype=np.int64)
        tops = tops_at(market, at - 1, np.minimum(at + horizon_ns, self.end), self.hours)
        before, after, hourly = (each.mid for each in tops)
        mid = np.where(np.isnan(before), price, before)  # none known yet: our own price
        self.mid = _decimals(mid)
        self.after = _decimals(np.where(np.isnan(after), mid, after))
        self.hourly = hourly

    def all(self) -> Iterator[Row]:
        fills = self.frames.fills.with_row_index("row").select(_TOLD)
        for leg in self.frames.positions["leg"].unique(maintain_order=True):
            yield from self._leg(leg, fills.filter(pl.col("leg") == leg))
        yield from self._funding()

    def _leg(self, leg: str, fills: pl.DataFrame) -> Iterator[Row]:
        held = self._at_start(leg, fills)
        at, hours = _ns(fills["ts"]), iter(zip(self.hours.tolist(), self.hourly.tolist(), strict=True))
        hour = next(hours, None)
        for now, fill in zip(at.tolist(), fills.iter_rows(named=True), strict=True):
            while hour is not None and hour[0] <= now:
                yield self._carried(leg, hour[0], held, mark := _mark(held, hour[1]))
                held, hour = _Held(held.position, mark), next(hours, None)
            mid = self.mid[fill["row"]]
            yield self._carried(leg, now, held, mid)
            held, rows = self._filled(leg, now, fill, held.position, mid)
            yield from rows
        while hour is not None:
            yield self._carried(leg, hour[0], held, mark := _mark(held, hour[1]))
            held, hour = _Held(held.position, mark), next(hours, None)
        yield self._carried(leg, self.end, held, self._valued(held))

    def _at_start(self, leg: str, fills: pl.DataFrame) -> _Held:
        """What a run began with counts from its entry price: so do the books."""
        first = self.frames.positions.filter(pl.col("leg") == leg).row(0, named=True)
        if first["seq"] in fills["seq"] or first["entry"] is None:
            return _Held(FLAT, None)
        entry = _decimal(first["entry"])
        return _Held(Position(_decimal(first["size"]), entry), entry)

    def _filled(
        self, leg: str, now: Nanos, fill: dict[str, Any], position: Position, mid: Decimal
    ) -> tuple[_Held, list[Row]]:
        side = Side.BUY if fill["side"] == "buy" else Side.SELL
        size, price, fee = _decimal(fill["size"]), _decimal(fill["price"]), _decimal(fill["fee"])
        signed = side * size
        folded = fold(self.instrument, position, side, size, price)
        what = (fill["side"], fill["purpose"], fill["level"], leg, _state(position, folded.position, signed))
        quote = fill["purpose"] == "quote" and not fill["liquidation"]
        part = "spread_captured" if quote else "liquidation" if fill["liquidation"] else fill["purpose"] or "other"
        rows: list[Row] = [
            (now, part, self._worth(signed, price, mid), *what),
            (now, "fees" if fee > 0 else "rebates", -fee, *what),
            (now, "rounding", self._rounding(position, folded.realised, signed, price), *what),
        ]
        if quote:
            moved = self._worth(signed, mid, self.after[fill["row"]])
            rows.append((now, "adverse_selection", moved, *what))
            rows.append((now, "inventory", -moved, fill["side"], None, None, leg, "held"))
        return _Held(folded.position, mid), rows

    def _rounding(self, position: Position, realised: Decimal, signed: Decimal, price: Decimal) -> Decimal:
        if position.entry is None or position.size * signed >= 0:
            return ZERO
        closed = min(abs(position.size), abs(signed)).copy_sign(position.size)
        return realised - self._worth(closed, position.entry, price)

    def _carried(self, leg: str, now: Nanos, held: _Held, mark: Decimal | None) -> Row:
        size = held.position.size
        moved = ZERO if not size or held.price is None or mark is None else self._worth(size, held.price, mark)
        return (now, "inventory", moved, "buy" if size > 0 else "sell", None, None, leg, "held")

    def _valued(self, held: _Held) -> Decimal | None:
        """What the books value the end at. Without any price they value nothing, as if at the entry."""
        price = self.frames.equity["price"][-1]
        return held.position.entry if price is None else _decimal(price)

    def _worth(self, size: Decimal, start: Decimal, end: Decimal) -> Decimal:
        contracts = size * self.instrument.multiplier
        return contracts / start - contracts / end if self.instrument.inverse else contracts * (end - start)

    def _funding(self) -> Iterator[Row]:
        steps = self.frames.equity.select("ts", amount=pl.col("funding").diff().fill_null(pl.col("funding")))
        for now, amount in steps.filter(pl.col("amount") != 0).cast({"ts": pl.Int64}).iter_rows():
            yield (now, "funding", amount, None, None, None, None, "held")


def _state(before: Position, after: Position, signed: Decimal) -> str:
    if not before.size:
        return "opening"
    if before.size * signed > 0:
        return "adding"
    return "flipping" if before.size * after.size < 0 else "reducing"


def _mark(held: _Held, mid: float) -> Decimal | None:
    return held.price if np.isnan(mid) else _decimal(mid)


def _decimal(value: float) -> Decimal:
    """The decimal that a float was made from."""
    return Decimal(repr(value))


def _decimals(values: Any) -> list[Decimal]:
    return [Decimal(word) for word in map(repr, values.tolist())]


def _ns(times: pl.Series) -> Any:
    return times.cast(pl.Int64).to_numpy()
