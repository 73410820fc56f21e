"""From a journal to frames, in one pass: any run's, whole or crashed, and nothing but the journal."""

from itertools import chain
from typing import Any

import msgspec

from engine.analysis.equity import BOOKS, MARKET, equity_frame
from engine.analysis.frames import FILLS, ORDERS, POSITIONS, QUOTES, REFUSALS, Frames, Table
from engine.analysis.orders import SIDE_WORDS, Lives
from engine.core.commands import Cancel, Refused, Submit
from engine.core.errors import JournalError, Problem
from engine.core.events import AnyEvent, OrderFilled, Started
from engine.core.position import notional
from engine.core.state import State, begun, evolve, is_known
from engine.core.types import Leg
from engine.journal.entry import Entry, Kind
from engine.journal.reader import Journal


class _Top(msgspec.Struct):
    bid: float | None
    ask: float | None


class _Tick(msgspec.Struct):
    """What the frames need of a tick, as floats: most of a journal is ticks."""

    top: _Top
    mark: float | None = None
    ready: bool = True


_tick_decoder = msgspec.json.Decoder(_Tick, strict=False)


def fold_journal(journal: Journal) -> Frames:
    """The frames of a run. Raises JournalError if the journal cannot be read or does not begin with Started."""
    folding = _Folding(started_of(journal))
    for entry in journal.entries():
        folding.add(entry)
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
        self.mid: float | None = None
        self.event_seq = 0
        self.best: tuple[float | None, ...] = (None, None, None, None)
        self.fills, self.positions, self.quotes = Table(FILLS), Table(POSITIONS), Table(QUOTES)
        self.refusals, self.market, self.books = Table(REFUSALS), Table(MARKET), Table(BOOKS)
        self.last: Entry | None = None

    def add(self, entry: Entry) -> None:
        self.last = entry
        if entry.kind is Kind.EVENT:
            self.event_seq = entry.seq
        if entry.type == "Tick":
            self._tick(entry)
            return
        match entry.value:
            case Submit() as order:
                self.lives.submitted(order, seq=entry.seq, event_seq=self.event_seq, at=entry.ts_init)
            case Cancel() as cancel:
                self.lives.cancel_requested(cancel, entry.ts_init)
            case Refused() as refused:
                self._refused(entry, refused)
            case value if entry.kind is Kind.EVENT:
                self._event(entry, value)  # type: ignore[arg-type]  # an entry of kind event holds one

    def frames(self) -> Frames:
        orders = Table(ORDERS)
        self.lives.into(orders)
        if self.last is not None and self.last.type != "Tick":  # what came after the last tick belongs to the end
            self.market.add(self.last.seq, self.last.ts_init, None, None, None, None)
        return Frames(
            orders=orders.frame(),
            fills=self.fills.frame(),
            positions=self.positions.frame(),
            equity=equity_frame(self.market.frame(), self.books.frame(), self.state.instrument),
            quotes=self.quotes.frame(),
            refusals=self.refusals.frame(),
        )

    def _tick(self, entry: Entry) -> None:
        tick = _tick_decoder.decode(entry.payload)
        bid, ask = tick.top.bid, tick.top.ask
        if bid is not None and ask is not None:
            self.mid = (bid + ask) / 2
        self.market.add(entry.seq, entry.ts_init, bid, ask, tick.mark, tick.ready)

    def _event(self, entry: Entry, event: AnyEvent) -> None:
        before = self.state
        if isinstance(event, OrderFilled) and is_known(before, event):
            return
        self.state = evolve(before, event)
        if isinstance(event, Started):
            for leg in self.state.positions:
                self._position(entry, leg)
        if isinstance(event, OrderFilled):
            self._fill(entry, event, before)
            self._position(entry, event.leg)
        if self.state.ledger is not before.ledger or isinstance(event, Started):
            self._book(entry)
        if self.lives.happened(event) and (best := self.lives.best()) != self.best:
            self.best = best
            self.quotes.add(entry.seq, entry.ts_init, *best, best[0] is not None and best[2] is not None)

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
            self.mid,
            float(self.state.ledger.gained - before.ledger.gained),
            float(held.size),
            _float(held.entry),
            life is not None and life.status == "canceled",
        )

    def _position(self, entry: Entry, leg: Leg) -> None:
        held = self.state.position(leg)
        self.positions.add(entry.seq, entry.ts_init, leg.value, float(held.size), _float(held.entry))

    def _book(self, entry: Entry) -> None:
        ledger = self.state.ledger
        legs = chain.from_iterable((float(p.size), _float(p.entry)) for p in map(self.state.position, Leg))
        self.books.add(
            entry.seq,
            float(ledger.cash),
            float(ledger.gained),
            float(ledger.fees),
            float(-ledger.rebates),
            float(-ledger.funding),
            *legs,
        )

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


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
