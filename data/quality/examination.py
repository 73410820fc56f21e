"""Canonical market data looked through piece by piece: what is wrong with it, counted a day, and where."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.book import Book, Odd
from data.decimals import Int64s
from data.quality.clocks import ClockSteps
from data.quality.findings import Finding, Findings
from data.quality.limits import Limits
from data.quality.tally import DAY_NS, Days
from data.schema import F_LAST, F_SNAPSHOT, MARKET, Piece, Table
from engine.core.types import ZERO, Instrument

_ORDERED = frozenset({Table.BOOK, Table.TRADES, Table.QUOTES})  # what has one clock, whoever tells it
_REMEMBERED = 4_096  # trades that a later piece is compared with


class Examination:
    """Takes the pieces of a recording, those of a table in order of our clock. Mutable.

    Without an instrument there is nothing to look at. `mended`: what was put right before the rows came here, by the
    tally that counts it.
    """

    def __init__(self, instrument: Instrument | None, limits: Limits) -> None:
        self.days, self.findings = Days(), Findings()
        self.first_ns: int | None = None
        self.first_book_ns: int | None = None
        self._limits = limits
        self.silence_ns = round(limits.silence_s * 1e9)
        self.mended: dict[str, int] = {}
        self._tick = instrument.tick if instrument else ZERO
        self._book = Book(instrument, self._odd_book) if instrument else None
        self._clock = ClockSteps(round(limits.clock_step_ms * 1e6))
        self._last_ns: int | None = None  # the latest message of the book
        self._gap_ns: int | None = None  # since when nobody knows the book
        self._newest: dict[Table, int] = {}  # the latest that the venue's clock said
        self._trades = pa.table({"id": pa.array([], pa.string())})

    def add(self, piece: Piece) -> None:
        for part in _by_day(piece):
            local = part.rows["ts_init"].to_numpy()
            self.first_ns = int(local[0]) if self.first_ns is None else min(self.first_ns, int(local[0]))
            day = self.days.at(int(local[0]))
            day.seen(int(local[0]), int(local[-1]))
            if part.table in _ORDERED:
                self._order(part, local)
            match part.table:
                case Table.BOOK:
                    self._depth(part, local)
                case Table.TRADES:
                    self._prints(part, local)
                case Table.QUOTES:
                    self._tops(part, local)
                case Table.MARKS:
                    day.marks += len(local)
                case Table.FUNDING:
                    day.fundings += len(local)

    def finish(self, mended: dict[str, int] | None = None) -> None:
        """The last word on what was still open."""
        self.mended = mended or {}
        self._steps(self._clock.close())
        if self._gap_ns is not None:
            last = max(tally.last_ns for tally in self.days.named().values())
            self._lost(self._gap_ns, last, "no snapshot follows")

    # --- the book ------------------------------------------------------------------------------------------------

    def _depth(self, piece: Piece, local: Int64s) -> None:
        day = self.days.at(int(local[0]))
        side, flags = piece.rows["side"].to_numpy(), piece.rows["flags"].to_numpy()
        ends = np.flatnonzero(flags & F_LAST)
        at = local[ends]
        begun = np.flatnonzero((side == 0) & ((flags & F_SNAPSHOT) != 0))
        unknown = np.flatnonzero((side == 0) & ((flags & F_SNAPSHOT) == 0))
        day.messages += len(ends) - len(unknown)
        day.snapshots += len(begun)
        day.rows += len(local)
        if len(begun) and self.first_book_ns is None:
            self.first_book_ns = int(local[begun[0]])
        self._in_order(piece, local, ends, sorted([*begun.tolist(), *unknown.tolist()]))
        if self._book is not None:
            self._book.apply(piece)
        event = piece.rows["ts_event"].to_numpy()[ends]
        self._steps(self._clock.add(at, at - event))
        self._last_ns = int(local[-1])

    def _in_order(self, piece: Piece, local: Int64s, ends: Int64s, marks: list[int]) -> None:
        """What begins and ends the book, and the silences before messages, in the order in which they came."""
        at, flags = local[ends], piece.rows["flags"].to_numpy() if marks else None
        waits = np.diff(at, prepend=at[0] if self._last_ns is None else self._last_ns)
        day = self.days.at(int(local[0]))
        day.longest_ns = max(day.longest_ns, int(waits.max(initial=0)))
        starts = np.append(0, ends[:-1] + 1)
        silent = [(int(starts[n]), 0, n) for n in np.flatnonzero(waits > self.silence_ns).tolist()]
        for row, is_mark, n in sorted([*silent, *((row, 1, 0) for row in marks)]):
            if not is_mark:
                self._silence(piece, int(at[n]), int(waits[n]), row)
            elif flags is not None and flags[row] & F_SNAPSHOT:
                self._known(int(local[row]))
            elif self._gap_ns is None:
                self._unknown(piece, local, row)

    def _silence(self, piece: Piece, at: int, wait: int, row: int) -> None:
        if self._gap_ns is not None:
            return  # nobody knew the book anyway
        self.days.at(at).silences += 1
        self.days.lose(at - wait, at)
        detail, line = f"the book said nothing for {wait / 1e9:.1f} s", piece.rows["line"][row].as_py()
        found = Finding("silence", detail, at_ns=at - wait, seconds=wait / 1e9, source=piece.source, line=line)
        self.findings.add(found)

    def _unknown(self, piece: Piece, local: Int64s, row: int) -> None:
        before = self._last_ns if row == 0 else int(local[row - 1])
        day, at = self.days.at(int(local[row])), int(local[row])
        self._gap_ns = at
        if before is not None and at - before == self.silence_ns:
            day.outages += 1
            day.longest_ns = max(day.longest_ns, self.silence_ns)
            kind, detail = "outage", "nothing was heard of the book, and then it began anew"
        else:
            day.breaks += 1
            kind, detail = "break", "updates are missing: the book is unknown until the next snapshot"
        line = piece.rows["line"][row].as_py()
        self.findings.add(Finding(kind, detail, at_ns=at, source=piece.source, line=line))

    def _known(self, at: int) -> None:
        if self._gap_ns is not None:
            self._lost(self._gap_ns, at, "until the next snapshot")
            self._gap_ns = None

    def _lost(self, start: int, end: int, until: str) -> None:
        self.days.lose(start, end)
        seconds = (end - start) / 1e9
        self.findings.add(Finding("gap", f"no book for {seconds:.3f} s, {until}", at_ns=start, seconds=seconds))

    def _odd_book(self, odd: Odd) -> None:
        at = odd.ts_init
        day, prices = self.days.at(at), (odd.bid * self._tick, odd.ask * self._tick)
        if odd.bid == odd.ask:
            day.locked += 1
            kind, detail = "locked", f"best bid and best ask are both {prices[0]}"
        else:
            day.crossed += 1
            kind, detail = "crossed", f"best bid {prices[0]} is above best ask {prices[1]}"
        self.findings.add(Finding(kind, detail, at_ns=at, source=odd.source, line=odd.line))

    def _tops(self, piece: Piece, local: Int64s) -> None:
        """Best bid and ask where there is no depth: they are the book."""
        day, rows = self.days.at(int(local[0])), piece.rows
        day.quotes += len(local)
        self.first_book_ns = int(local[0]) if self.first_book_ns is None else self.first_book_ns
        self._in_order(piece, local, np.arange(len(local)), [])
        bid, ask, bid_size, ask_size = (rows[name].to_numpy() for name in ("bid", "ask", "bid_size", "ask_size"))
        for row in np.flatnonzero((bid >= ask) & (bid_size > 0) & (ask_size > 0)).tolist():
            line = rows["line"][row].as_py()
            self._odd_book(Odd(int(bid[row]), int(ask[row]), int(local[row]), piece.source, line))
        self._steps(self._clock.add(local, local - rows["ts_event"].to_numpy()))
        self._last_ns = int(local[-1])

    # --- the clocks ----------------------------------------------------------------------------------------------

    def _order(self, piece: Piece, local: Int64s) -> None:
        """Rows that the venue stamped before what came earlier."""
        event = piece.rows["ts_event"].to_numpy()
        newest = np.maximum.accumulate(np.append(self._newest.get(piece.table, event[0]), event))
        self._newest[piece.table] = int(newest[-1])
        back = np.flatnonzero((event < newest[:-1]) & (np.diff(event, prepend=event[0]) != 0))
        day = self.days.at(int(local[0]))
        day.out_of_order += len(back)
        for row in back[:20].tolist():
            seconds = float(newest[row] - event[row]) / 1e9
            self.findings.add(
                Finding(
                    "out_of_order",
                    f"a row of {piece.table} that the venue stamped {seconds:.3f} s before one that came earlier",
                    at_ns=int(local[row]),
                    seconds=seconds,
                    source=piece.source,
                    line=piece.rows["line"][row].as_py(),
                )
            )

    def _steps(self, steps: Iterator[tuple[int, int]]) -> None:
        for at, step in steps:
            self.days.at(at).clock_steps += 1
            detail = f"our clock stepped by {step / 1e6:+.1f} ms against the venue's"
            self.findings.add(Finding("clock_step", detail, at_ns=at, seconds=step / 1e9))

    # --- trades --------------------------------------------------------------------------------------------------

    def _prints(self, piece: Piece, local: Int64s) -> None:
        day, rows = self.days.at(int(local[0])), piece.rows
        day.trades += len(rows)
        market = pc.equal(rows["kind"], MARKET).to_numpy()
        for row in np.flatnonzero(~market).tolist():
            self._special(piece, row)
        day.no_aggressor += int(((rows["side"].to_numpy() == 0) & market).sum())
        if (again := self._twice(rows)).any():
            day.duplicates += int(again.sum())
            for row in np.flatnonzero(again)[:20].tolist():
                detail = f"trade {rows['id'][row].as_py()} is there already"
                line = rows["line"][row].as_py()
                self.findings.add(Finding("duplicate", detail, at_ns=int(local[row]), source=piece.source, line=line))

    def _special(self, piece: Piece, row: int) -> None:
        kind, price, at, line = (piece.rows[name][row].as_py() for name in ("kind", "price", "ts_init", "line"))
        self.days.at(at).special += 1
        detail = f"{kind} print at {price * self._tick}: no resting order could have filled against it"
        self.findings.add(Finding("special", detail, at_ns=at, source=piece.source, line=line))

    def _twice(self, rows: pa.Table) -> np.ndarray:
        names = ["id", "ts_event", "price", "size"]
        keys = pc.binary_join_element_wise(*(rows[name].cast(pa.string()) for name in names), "|")
        every = pa.concat_arrays([*self._trades["id"].chunks, *keys.chunks])
        first = pc.index_in(every, pc.unique(every))
        self._trades = pa.table({"id": every[-_REMEMBERED:]})
        numbers = first.to_numpy()
        again = np.ones(len(every), bool)
        again[np.unique(numbers, return_index=True)[1]] = False
        return again[len(every) - len(rows) :]


def _by_day(piece: Piece) -> Iterator[Piece]:
    """The piece's rows a day at a time; a message is one day's."""
    if not len(piece.rows):
        return
    day = piece.rows["ts_init"].to_numpy() // DAY_NS
    cuts = [0, *(np.flatnonzero(np.diff(day)) + 1).tolist(), len(day)]
    for start, stop in pairwise(cuts):
        yield (
            piece
            if stop - start == len(day)
            else Piece(piece.table, piece.source, piece.rows.slice(start, stop - start))
        )
