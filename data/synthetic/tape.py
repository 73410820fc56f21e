"""A tape in memory, and the wire it comes over: what the venue says, when, and when we hear it."""

from collections.abc import Mapping

import msgspec
import polars as pl

from data.synthetic.chance import Chance
from data.synthetic.settings import Settings

US_PER_S = 1_000_000
CLOCKS = {"ts_event_us": pl.Int64, "ts_local_us": pl.Int64}  # the venue's clock, ours
BOOK = pl.Schema({**CLOCKS, "is_snapshot": pl.Boolean, "side": pl.Int8, "price_ticks": pl.Int64, "size_lots": pl.Int64})
TRADES = pl.Schema({**CLOCKS, "id": pl.Int64, "side": pl.Int8, "price_ticks": pl.Int64, "size_lots": pl.Int64})
TICKER = pl.Schema(
    {
        **CLOCKS,
        "funding_us": pl.Int64,
        "funding_rate_e8": pl.Int64,
        "last_price_ticks": pl.Int64,
        "index_price_e8": pl.Int64,
        "mark_price_e8": pl.Int64,
    }
)


LIQUIDATIONS = pl.Schema({**CLOCKS, "side": pl.Int8, "price_ticks": pl.Int64, "size_lots": pl.Int64})


class Tape(msgspec.Struct, frozen=True):
    """Frames of the schemas BOOK, TRADES and TICKER, each in the order of our clock.

    book: side 1 bid, -1 ask; size is what now rests, 0 nothing. trades: side 1 the taker bought, -1 sold.
    ticker: the next funding instant and its rate, and prices. liquidations: side of the order that was forced, 1 where
    a short was closed. Whole numbers all: ticks, lots, or units of 1e-8 (e8).
    Rows with one ts_local_us are one message; no two messages of any kind share one.
    """

    book: pl.DataFrame
    trades: pl.DataFrame
    ticker: pl.DataFrame
    liquidations: pl.DataFrame


def joined(tapes: list[Tape]) -> Tape:
    """One tape of consecutive ones, at least one."""
    return Tape(*(pl.concat(getattr(tape, name) for tape in tapes) for name in Tape.__struct_fields__))


class Wire:
    """Writes down what the venue sends, with both clocks. Mutable; `take` hands over what has come so far.

    The venue's clock gives every message a microsecond of its own, except that a trade's prints share theirs with the
    book change they cause. Ours is later by a slowly drifting latency and keeps the venue's order.
    """

    def __init__(self, settings: Settings, chance: Chance, *, start_us: int) -> None:
        self._settings, self._chance = settings, chance
        self._start_us = start_us
        self._event_us = self._local_us = start_us
        self._drift_ms = settings.latency_drift_ms / 2
        self._trade_id = 0
        self._hidden = 0  # the side of the book that is not shown
        self._clear()

    @property
    def event_us(self) -> int:
        """The venue's time of what is being sent."""
        return self._event_us

    def hide(self, sign: int, levels: Mapping[int, int]) -> None:
        """Show no level of a side from now on, and no trade against it."""
        self.book([(sign, price, 0) for price in levels])
        self._hidden = sign

    def show(self, levels: Mapping[int, int]) -> None:
        sign, self._hidden = self._hidden, 0
        self.book([(sign, price, lots) for price, lots in levels.items()])

    def _clear(self) -> None:
        self._book: list[tuple[int, int, bool, int, int, int]] = []
        self._trades: list[tuple[int, int, int, int, int, int]] = []
        self._ticker: list[tuple[int, int, int, int, int, int, int]] = []
        self._liquidations: list[tuple[int, int, int, int, int]] = []

    def at(self, now_s: float) -> None:
        """The venue's clock moves to the next free microsecond from now on."""
        self._event_us = max(self._event_us + 1, self._start_us + int(now_s * US_PER_S))

    def book(self, changes: list[tuple[int, int, int]], *, is_snapshot: bool = False) -> None:
        """One message of (side, price in ticks, lots now) rows."""
        if self._hidden:
            changes = [change for change in changes if change[0] != self._hidden]
            if not changes:
                return
        event_us, local_us = self._event_us, self._received_us()
        self._book += [(event_us, local_us, is_snapshot, *change) for change in changes]

    def trade(self, side: int, price_ticks: int, lots: int) -> None:
        if self._hidden == -side:
            return  # against what is not shown nothing trades
        self._trade_id += 1
        self._trades.append((self._event_us, self._received_us(), self._trade_id, side, price_ticks, lots))

    def ticker(self, funding_us: int, rate_e8: int, last_ticks: int, index_e8: int, mark_e8: int) -> None:
        received = self._event_us, self._received_us()
        self._ticker.append((*received, funding_us, rate_e8, last_ticks, index_e8, mark_e8))

    def liquidation(self, side: int, price_ticks: int, lots: int) -> None:
        self._liquidations.append((self._event_us, self._received_us(), side, price_ticks, lots))

    def _received_us(self) -> int:
        chance, most_ms = self._chance, self._settings.latency_drift_ms
        self._drift_ms = min(max(self._drift_ms + 0.2 * (chance.uniform() - 0.5), 0.0), most_ms)
        delay_ms = self._settings.latency_ms + self._drift_ms + chance.wait(self._settings.latency_jitter_ms)
        self._local_us = max(self._local_us + 1 + chance.below(9), self._event_us + int(delay_ms * 1000))
        return self._local_us

    def take(self) -> Tape:
        """Everything since the last call."""
        tape = Tape(
            pl.DataFrame(self._book, schema=BOOK, orient="row"),
            pl.DataFrame(self._trades, schema=TRADES, orient="row"),
            pl.DataFrame(self._ticker, schema=TICKER, orient="row"),
            pl.DataFrame(self._liquidations, schema=LIQUIDATIONS, orient="row"),
        )
        self._clear()
        return tape
