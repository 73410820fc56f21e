"""From a journal to frames, in one pass: any run's, whole or crashed, and nothing but the journal."""

from typing import Any

import msgspec
import polars as pl

from engine.analysis.equity import BOOKS, MARKET, equity_frame
from engine.analysis.frames import FILLS, ORDERS, POSITIONS, QUOTES, REFUSALS, Frames, Table
from engine.analysis.orders import SIDE_WORDS, Lives
from engine.core.commands import Cancel, Refused, Submit
from engine.core.errors import JournalError, Problem
from engine.core.events import AnyEvent, EntryCorrected, FundingSettled, OrderFilled, Started, Transferred
from engine.core.position import Position, notional
from engine.core.state import State, begun, evolve
from engine.core.types import Leg
from engine.journal.entry import Entry, Kind
from engine.journal.reader import Journal


class _Top(msgspec.Struct, gc=False):
    bid: float | None
    ask: float | None


class _Tick(msgspec.Struct, gc=False):
    """What the frames need of a tick, as floats: most of a journal is ticks."""

    top: _Top
    mark: float | None = None
    ready: bool = True


type Booked = Started | OrderFilled | FundingSettled | Transferred | EntryCorrected
_BOOKED = (Started, OrderFilled, FundingSettled, Transferred, EntryCorrected)  # what moves the books
_LEGS = tuple(Leg)
_ticks_decoder = msgspec.json.Decoder(list[_Tick], strict=False)


def fold_journal(journal: Journal) -> Frames:
    """The frames of a run. Raises JournalError if the journal cannot be read or does not begin with Started."""
    folding = _Folding(started_of(journal))
    for page in journal.pages():
        folding.add(page)
    return folding.frames()


def started_of(journal: Journal) -> Started:
    """The first event of a run. Raises JournalError if there is none."""
    first = next(journal.entries(until=1), None)
    if first is None or not isinstance(started := first.value, Started):
        raise JournalError(Problem(str(journal.folder), "the journal does not begin with Started"))
    return started


class _Folding:
    """The books (the core's own: `evolve`), the orders and the market as far as the journal has been read."""

    def __init__(self, started: Started) -> None:
        self.state: State[None] = begun(None, started)
        self.lives = Lives()
        self.event_seq = 0
        self.best: tuple[float | None, ...] = (None, None, None, None)
        self.fills, self.positions, self.quotes = Table(FILLS), Table(POSITIONS), Table(QUOTES)
        self.refusals, self.market, self.books = Table(REFUSALS), Table(MARKET), Table(BOOKS)
        self.last: tuple[Any, ...] = ()

    def add(self, page: list[tuple[Any, ...]]) -> None:
        """Rows of the journal, in order. Most are ticks: those are decoded all at once."""
        ticks = []
        for row in page:
            if row[2] == "Tick":
                self.event_seq = row[0]
                ticks.append(row)
            else:
                self._entry(Entry._make((*row, b"")))
        if ticks:
            self._ticks(ticks)
        self.last = page[-1]

    def _entry(self, entry: Entry) -> None:
        is_event = entry.kind == Kind.EVENT
        if is_event:
            self.event_seq = entry.seq
        match entry.value:
            case Submit() as order:
                self.lives.submitted(order, seq=entry.seq, event_seq=self.event_seq, at=entry.ts_init)
            case Cancel() as cancel:
                self.lives.cancel_requested(cancel, entry.ts_init)
            case Refused() as refused:
                self._refused(entry, refused)
            case value if is_event:
                self._event(entry, value)  # type: ignore[arg-type]  # an entry of kind event holds one

    def frames(self) -> Frames:
        orders = Table(ORDERS)
        self.lives.into(orders)
        if self.last and self.last[2] != "Tick":  # what came after the last tick belongs to the end
            self.market.add(self.last[0], self.last[4], None, None, None, None)
        market = self.market.frame()
        return Frames(
            orders=orders.frame(),
            fills=_with_mids(self.fills.frame(), market),
            positions=self.positions.frame(),
            equity=equity_frame(market, self.books.frame(), self.state.instrument),
            quotes=self.quotes.frame(),
            refusals=self.refusals.frame(),
        )

    def _ticks(self, rows: list[tuple[Any, ...]]) -> None:
        try:
            ticks = _ticks_decoder.decode(b"[%b]" % b",".join(row[5] for row in rows))
        except msgspec.MsgspecError as error:
            message = f"a tick among entries {rows[0][0]} to {rows[-1][0]} is damaged: {error}"
            raise JournalError(Problem("journal", message)) from error
        self.market.extend(
            [row[0] for row in rows],
            [row[4] for row in rows],
            [tick.top.bid for tick in ticks],
            [tick.top.ask for tick in ticks],
            [tick.mark for tick in ticks],
            [tick.ready for tick in ticks],
        )

    def _event(self, entry: Entry, event: AnyEvent) -> None:
        if isinstance(event, _BOOKED):
            before, self.state = self.state, evolve(self.state, event)
            if self.state is before:
                return  # a fill that was told twice
            self._booked(entry, event, before)
        if self.lives.happened(event) and (best := self.lives.best()) != self.best:
            self.best = best
            self.quotes.add(entry.seq, entry.ts_init, *best, best[0] is not None and best[2] is not None)

    def _booked(self, entry: Entry, event: Booked, before: State[None]) -> None:
        if isinstance(event, Started):
            for leg in self.state.positions:
                self._position(entry, leg)
        if isinstance(event, OrderFilled):
            self._fill(entry, event, before)
        if isinstance(event, OrderFilled | EntryCorrected):
            self._position(entry, event.leg)
        self._book(entry)

    def _fill(self, entry: Entry, fill: OrderFilled, before: State[None]) -> None:
        life = self.lives.by_id.get(fill.id)
        held = self.state.position(fill.leg)
        self.fills.add(
            entry.seq,
            entry.ts_init,
            entry.ts_event,
            fill.id,
            fill.trade_id,
            SIDE_WORDS[fill.side],
            fill.leg.value,
            float(fill.price),
            float(fill.size),
            float(notional(self.state.instrument, fill.size, fill.price)),
            float(fill.fee),
            fill.maker,
            life.order.purpose.value if life else None,
            life.order.level if life else None,
            fill.liquidation,
            None,  # the mid: see _with_mids
            float(self.state.ledger.gained - before.ledger.gained),
            float(held.size),
            _float(held.entry),
            life is not None and life.status == "canceled",
        )

    def _position(self, entry: Entry, leg: Leg) -> None:
        held = self.state.position(leg)
        self.positions.add(entry.seq, entry.ts_init, leg.value, *_size_and_entry(held))

    def _book(self, entry: Entry) -> None:
        ledger = self.state.ledger
        money = (ledger.cash, ledger.gained, ledger.fees, -ledger.rebates, -ledger.funding)
        legs = [amount for leg in _LEGS for amount in _size_and_entry(self.state.position(leg))]
        self.books.add(entry.seq, *map(float, money), *legs)

    def _refused(self, entry: Entry, refused: Refused) -> None:
        draft = refused.draft
        self.refusals.add(
            entry.seq,
            entry.ts_init,
            refused.limit,
            refused.reason,
            SIDE_WORDS[draft.side],
            draft.purpose.value,
            _float(draft.price),
            float(draft.size),
        )


def _with_mids(fills: pl.DataFrame, market: pl.DataFrame) -> pl.DataFrame:
    """Each fill with the mid of the last tick before it that had both sides."""
    both = market.filter(pl.col("bid").is_not_null() & pl.col("ask").is_not_null())
    mids = both.select("seq", mid=(pl.col("bid") + pl.col("ask")) / 2)
    return fills.drop("mid").join_asof(mids, on="seq").select(FILLS.keys())


def _size_and_entry(held: Position) -> tuple[float, float | None]:
    return float(held.size), _float(held.entry)


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
