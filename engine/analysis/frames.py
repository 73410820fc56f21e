"""The frames of a run and their columns: what every figure and number of the analysis is made from.

Times are UTC, in ns, as we knew them (`ts_init`); `ts_event` is the venue's own. Sizes are in the instrument's size
unit (base, or contracts where the venue counts those), prices in quote, money in the settlement currency. Floats: the
exact decimals are in the journal.
"""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from engine.core.errors import JournalError, Problem

TIME = pl.Datetime("ns", "UTC")

# One row an order. `event_seq`: the event that it followed from. `status`: in_flight, working, filled, canceled,
# rejected (by the venue), denied (by us). `reason`: why it was cancelled or not taken. `fees`: paid.
ORDERS = {
    "seq": pl.Int64,
    "event_seq": pl.Int64,
    "id": pl.String,
    "side": pl.String,
    "leg": pl.String,
    "action": pl.String,
    "purpose": pl.String,
    "level": pl.Int64,
    "type": pl.String,
    "price": pl.Float64,
    "size": pl.Float64,
    "submitted": TIME,
    "accepted": TIME,
    "cancel_requested": TIME,
    "ended": TIME,
    "status": pl.String,
    "filled": pl.Float64,
    "fees": pl.Float64,
    "reason": pl.String,
}
# One row a fill. `fee`: paid, a rebate is negative. `mid`: of the tick before. `realised_pnl`: before fees. `position`
# and `entry`: of the leg, after the fill. `purpose` and `level` are null where the order is not ours. `after_cancel`:
# the order's end had been confirmed before.
FILLS = {
    "seq": pl.Int64,
    "ts": TIME,
    "ts_event": TIME,
    "id": pl.String,
    "trade_id": pl.String,
    "side": pl.String,
    "leg": pl.String,
    "price": pl.Float64,
    "size": pl.Float64,
    "notional": pl.Float64,
    "fee": pl.Float64,
    "maker": pl.Boolean,
    "purpose": pl.String,
    "level": pl.Int64,
    "liquidation": pl.Boolean,
    "mid": pl.Float64,
    "realised_pnl": pl.Float64,
    "position": pl.Float64,
    "entry": pl.Float64,
    "after_cancel": pl.Boolean,
}
# One row a change of a leg: its signed size and average entry price (null when flat).
POSITIONS = {"seq": pl.Int64, "ts": TIME, "leg": pl.String, "size": pl.Float64, "entry": pl.Float64}
# One row a tick, and one for the end. `price` is what positions are valued at: mark price, else mid. `fees` paid,
# `rebates` received and `funding` received so far. `equity` = cash + unrealised; `pnl` its change since the start;
# `drawdown` >= 0: below the highest so far. `position`: signed, both legs together. `liquidation_price`: at which the
# venue would close it all, null where no price leads there.
EQUITY = {
    "seq": pl.Int64,
    "ts": TIME,
    "bid": pl.Float64,
    "ask": pl.Float64,
    "mid": pl.Float64,
    "price": pl.Float64,
    "position": pl.Float64,
    "cash": pl.Float64,
    "realised": pl.Float64,
    "unrealised": pl.Float64,
    "fees": pl.Float64,
    "rebates": pl.Float64,
    "funding": pl.Float64,
    "equity": pl.Float64,
    "pnl": pl.Float64,
    "drawdown": pl.Float64,
    "ready": pl.Boolean,
    "liquidation_price": pl.Float64,
}
# One row a change: our best resting bid and ask (orders of purpose quote that the venue has accepted) and what is left
# of them; null where there is none. `both`: two-sided.
QUOTES = {
    "seq": pl.Int64,
    "ts": TIME,
    "bid": pl.Float64,
    "bid_size": pl.Float64,
    "ask": pl.Float64,
    "ask_size": pl.Float64,
    "both": pl.Boolean,
}
# One row an order that a limit of ours did not let out.
REFUSALS = {
    "seq": pl.Int64,
    "ts": TIME,
    "limit": pl.String,
    "reason": pl.String,
    "side": pl.String,
    "purpose": pl.String,
    "price": pl.Float64,
    "size": pl.Float64,
}


SCHEMAS: dict[str, dict[str, Any]] = {
    "orders": ORDERS,
    "fills": FILLS,
    "positions": POSITIONS,
    "equity": EQUITY,
    "quotes": QUOTES,
    "refusals": REFUSALS,
}


class Frames(NamedTuple):
    """What happened in a run, as tables. The columns are described above."""

    orders: pl.DataFrame
    fills: pl.DataFrame
    positions: pl.DataFrame
    equity: pl.DataFrame
    quotes: pl.DataFrame
    refusals: pl.DataFrame


class Table:
    """Rows gathered into a frame, packed every few thousand so that a long run stays small."""

    PACK = 10_000

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema
        self._rows: list[tuple[Any, ...]] = []
        self._packed: list[pl.DataFrame] = []

    def add(self, *row: Any) -> None:
        self._rows.append(row)
        if len(self._rows) >= self.PACK:
            self._pack()

    def extend(self, *columns: list[Any]) -> None:
        """Many rows, column by column."""
        self._pack()
        self._packed.append(self._frame(columns))

    def frame(self) -> pl.DataFrame:
        self._pack()
        return pl.concat(self._packed)

    def _pack(self) -> None:
        rows, self._rows = self._rows, []
        if rows or not self._packed:
            self._packed.append(self._frame(zip(*rows, strict=True) if rows else ([] for _ in self.schema)))

    def _frame(self, columns: Iterable[Sequence[Any]]) -> pl.DataFrame:
        made = [
            pl.Series(name, column, pl.Int64).cast(TIME) if kind == TIME else pl.Series(name, column, kind)
            for (name, kind), column in zip(self.schema.items(), columns, strict=True)
        ]
        return pl.DataFrame(made)


def write_frames(frames: Frames, folder: Path) -> None:
    """Write `<name>.parquet` each into a folder that is there whole or not at all. Raises JournalError (disk full)."""
    beside = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        for name, frame in frames._asdict().items():
            frame.write_parquet(beside / f"{name}.parquet")
        shutil.rmtree(folder, ignore_errors=True)
        beside.rename(folder)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise JournalError(Problem(str(folder), f"cannot be written: {error}")) from error


def read_frame(path: Path) -> pl.DataFrame:
    """One that `write_frames` wrote. Raises JournalError if it cannot be read."""
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise JournalError(Problem(str(path), f"cannot be read: {error}")) from error
