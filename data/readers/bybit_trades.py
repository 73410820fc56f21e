"""Bybit's trade files: linear, inverse and spot. Sides are the taker's, sizes base (linear, spot) or USD (inverse).

Prints against orders that the public book does not show (RPI) stand between bid and ask: no resting order of ours could
have had them. Files before December 2021 are written latest first.
"""

from data.csv_blocks import Block
from data.trade_files import Columns, TradeFiles
from engine.core.types import SECOND, Instrument

_FUTURES = Columns(
    time="timestamp",
    unit_ns=SECOND,
    side="side",
    price="price",
    size="size",
    id="trdMatchID",
    symbol="symbol",
    special="RPI",
    special_kind="RPI",
    telling=("trdMatchID",),
)
_SPOT = Columns(
    time="timestamp",
    unit_ns=1_000_000,
    side="side",
    price="price",
    size="volume",
    id="id",
    special="rpi",
    special_kind="RPI",
)


class _Futures(TradeFiles):
    def check(self, block: Block, instrument: Instrument) -> None:
        """A size is the notional in base, or in USD of an inverse contract: the file tells which it is."""
        ours, other = ("foreignNotional", "homeNotional") if instrument.inverse else ("homeNotional", "foreignNotional")
        if not len(block) or not {ours, other} <= set(block.form.columns):
            return
        size, in_ours, in_other = (_number(block, name) for name in ("size", ours, other))
        if size == in_other != in_ours:
            is_inverse = "an inverse" if instrument.inverse else "a linear"
            raise block.fault(0, other, f"sizes are those of {other}: {instrument.id} is {is_inverse} contract")


def _number(block: Block, name: str) -> float | None:
    try:
        return float(block.rows[name][0])
    except ValueError:
        return None


futures = _Futures("bybit-trades", _FUTURES)
spot = TradeFiles("bybit-spot-trades", _SPOT)
