"""What a reader of a vendor's files is. One file a vendor, a reader for each kind of file of it; readers are strangers.

A reader says whether a file is of its kind, looks at it quickly (`survey`), and then yields its rows in the canonical
form (data.schema), in batches of a bounded size (`pieces`). All the rest is done once for all of them: decompression
(data.source), which file is of which kind (data.sniff), the contract, the clock, the check that the book is never
crossed, the quotes at its top, fingerprint, catalog (data.recording, engine.run.ingest).

What every reader must keep to:

- **Recognition is by content.** `claims` sees a Sample and answers True only for a file that can be no other kind. It
  raises DataError for a file that is meant to be of its kind and is not (a column missing). A file that two readers
  claim, or none, is refused: nobody guesses. Times in another unit than the format's are refused by their digits.
- **One instrument at a time.** A file may hold many symbols: `pieces` yields those of `job.instrument` alone, named in
  the file as `symbol_in_file` says. A file that names its symbols and has not this one is refused (once over all files
  of a kind, not each). Symbols of a file that has no column for them stand in no survey.
- **Units.** Prices are whole ticks, sizes whole lots (`instrument.step`) in what the venue counts: contracts where it
  trades contracts (inverse, OKX). A vendor that writes base units for a contract-sized instrument is divided by
  `instrument.multiplier` first. A value off the grid is refused, never rounded.
- **Depth.** Table.BOOK rows are absolute sizes, 0 removes the level. The rows of one message follow one another, the
  last with F_LAST, and are in one piece. A snapshot is a row of side 0 and the levels, all with F_SNAPSHOT. A book that
  becomes unknown (a sequence gap) is a row of side 0 with F_LAST and no F_SNAPSHOT: it is empty until the next
  snapshot. A file of snapshots alone (the best N levels) goes through data.window, which says what has changed: a
  level that leaves the window is no cancel. A snapshot that comes late must not undo newer diffs (see binance_chain).
- **L1.** A best bid and ask (Table.QUOTES) of a vendor is used where the recording has no book; else the book's is.
- **Trades.** `side` is the taker's. `kind` is MARKET or the venue's word for a print that no resting order could have
  filled: INSURANCE_FUND, ADL, LIQUIDATION, BLOCK, RPI. Those are kept apart from the trades that fill orders. A trade
  that is there twice counts once. A trade stands before the change of depth that it caused.
- **Funding.** A rate told ahead has its `next_funding_ns`. One that is only told when it was paid goes through
  data.funding.settled.
- **Two clocks.** `ts_event` is the venue's matching time if it tells it, else its sending time; `ts_init` is when it
  was received. A file without receive time has ts_init = ts_event and says so in its Survey. Within a table `ts_init`
  never goes back. Latencies (received minus event) are added to `job.latencies` as rows are read.
- **Faults.** Anything wrong raises DataError naming file, line (or byte), and field: data.source.fault. What is normal
  on that venue and left out is said through `job.on_warning`, counted, once. No traceback for a fault of the data:
  json, decimal, Arrow and decompression errors are caught where they are raised.
- **File by file.** A file that can be read by itself says so in its survey (`is_alone`): such files are read side by
  side, `pieces` being called for each (`job.alone`), and joined. A book that begins with a snapshot is carried over
  from the file before (data.carried). One that goes on from it is read after it, unless the reader can take for
  granted what it goes on from, and says so through `job.on_seam` (Seam): where that is not so it is read again.
- **Memory.** Nothing is held whose size grows with the file.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import msgspec

from data.clock import Latencies
from data.schema import Piece, Table
from engine.core.errors import DataError
from engine.core.types import Instrument

type OnBytes = Callable[[int], None]
type OnWarning = Callable[[str], None]

_NAMED = 5
TRADED_TWICE = "trades that were there already were left out"  # a warning, behind their count


def passed_over(symbols: set[str], ours: str) -> Iterator[str]:
    """A warning where a file holds others."""
    others = sorted(symbols - {ours})
    if others:
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        yield f"rows of other symbols were passed over: {', '.join(others[:_NAMED])}{more}"


class Sample(msgspec.Struct, frozen=True):
    """The beginning of a file, out of its containers: what a kind is recognised by.

    `containers` are those it was taken out of, outermost first: ("gzip", "tar"), ("zip",), (). `member` is its name in
    an archive, `head` some first 64 kB (the whole, if it is less). `is_folder`: a catalog is a folder, without a head.
    """

    path: Path
    head: bytes
    containers: tuple[str, ...] = ()
    member: str = ""
    is_folder: bool = False

    @property
    def first_line(self) -> bytes:
        return self.head.partition(b"\n")[0].rstrip(b"\r")

    @property
    def header(self) -> tuple[str, ...]:
        """The first line's cells, were it CSV."""
        return tuple(self.first_line.decode(errors="replace").removeprefix("\ufeff").split(","))


class Survey(msgspec.Struct, frozen=True):
    """What a quick look at a file's beginning says: enough to order files, and to know what they can hold."""

    path: Path
    first_ns: int  # receive time of the first row; the venue's where there is none
    tables: frozenset[Table]  # what it holds as far as one can see
    symbols: frozenset[str] = frozenset()  # those seen, as the file writes them
    is_complete: bool = False  # whether `symbols` are all there can be in the file, of which there are some
    has_receive_time: bool = True
    is_alone: bool = False  # whether it can be read without the file before it: a book that begins with a whole one
    depth: int = 0  # levels a side that its snapshots tell at most; 0 where they tell all


class Seam(msgspec.Struct, frozen=True):
    """Where one file ends and the next begins: our time, the book's last update, and trades and quotes by their ids.

    A file that goes on from the one before it can be read by itself all the same, if what it takes for granted of that
    is found to be true afterwards. `update` is None where nobody
    knows the book, or nothing is told of it.
    """

    at_ns: int
    update: int | None
    trades: str = ""  # of which stream
    trade: int = -1
    quote: int = -1

    def goes_on(self, before: "Seam") -> bool:
        """Whether what this end of a file takes for granted is where the other has ended."""
        apart = self.trade > before.trade if self.trades == before.trades else not (self.trades and before.trades)
        new = apart and (self.quote < 0 or self.quote > before.quote)
        return new and self.update == before.update and self.at_ns >= before.at_ns


type OnSeam = Callable[[Seam, Seam], None]


def ignore_seam(_begin: Seam, _end: Seam) -> None:
    """For those who read a recording in one row."""


class Job(msgspec.Struct, frozen=True):
    """What `pieces` is asked for, and whom it tells."""

    instrument: Instrument
    latencies: Latencies
    on_bytes: OnBytes  # bytes of the file on disk, as they are read
    on_warning: OnWarning
    alone: bool = False  # whether `pieces` is given some files of several: their neighbours are read by somebody else
    first: bool = True  # whether these are the recording's first
    on_seam: OnSeam = ignore_seam  # told at the end what was taken for granted of the file before, if anything was


class Reader(Protocol):
    @property
    def kind(self) -> str:
        """Vendor and type of file, such as tardis-trades."""
        ...

    def claims(self, sample: Sample) -> bool:
        """Whether the file is of this kind. Raises DataError for one that is meant to be and is not."""
        ...

    def survey(self, path: Path) -> Survey:
        """A quick look. Raises DataError for what cannot be a file of this kind, or has no row."""
        ...

    def symbol_in_file(self, instrument: Instrument) -> str:
        """What this vendor calls the instrument: mostly its raw_symbol."""
        ...

    def pieces(self, paths: Sequence[Path], job: Job) -> Iterator[Piece]:
        """The files' canonical rows, in the order of their surveys' first times, as one recording."""
        ...


@runtime_checkable
class SharingReader(Reader, Protocol):
    """One that reads files of several contracts once for all of them."""

    def pieces_of_each(self, paths: Sequence[Path], jobs: Sequence[Job]) -> Iterator[tuple[int, Piece | DataError]]:
        """The rows of each job, by its number, as `pieces` would have them one by one. An error is the end of its job;
        one that is raised is of all."""
        ...
