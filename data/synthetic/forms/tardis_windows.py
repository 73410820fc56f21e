"""Tardis's book_snapshot_N and quotes: the best levels, wherever one of them changes; all else as its other files.

They cannot say what lies below the last level; quotes hold the best bid and ask alone.
"""

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from data.synthetic.forms.files import Files, price, size
from data.synthetic.forms.levels import Best, Level, Levels
from data.synthetic.forms.tardis import Tardis
from data.synthetic.recorder import Message
from data.synthetic.settings import Contract

_START = ("exchange", "symbol", "timestamp", "local_timestamp")
_QUOTES = ("ask_amount", "ask_price", "bid_price", "bid_amount")


class TardisWindows:
    """Mutable: it keeps the book. `depth`: levels a side, of which one makes it quotes."""

    def __init__(self, folder: Path, contract: Contract, depth: int) -> None:
        self._others, self._lines = Tardis(folder, contract), Files(folder)
        self._contract, self._depth = contract, depth
        self._book = Levels()
        self._seen: Best | None = None
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        self._exits.enter_context(self._others)
        self._exits.enter_context(self._lines)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._exits.__exit__(kind, error, at)

    def write(self, message: Message) -> None:
        if message.kind not in ("snapshot", "diff"):
            self._others.write(message)
            return
        self._book.apply(message)
        seen = self._book.best(self._depth)
        if seen != self._seen:
            self._seen = seen
            self._row(message, *seen)

    def _row(self, message: Message, bids: tuple[Level, ...], asks: tuple[Level, ...]) -> None:
        c, day = self._contract, datetime.fromtimestamp(message.local_us // 1_000_000, UTC).date()
        kind = "quotes" if self._depth == 1 else f"book_snapshot_{self._depth}"
        cells = [c.exchange, c.symbol, str(message.event_us), str(message.local_us), *self._cells(bids, asks)]
        name = f"{c.exchange}_{kind}_{day}_{c.symbol}.csv.gz"
        self._lines.line(name, ",".join(cells), header=",".join((*_START, *self._columns())))

    def _columns(self) -> tuple[str, ...]:
        if self._depth == 1:
            return _QUOTES
        numbers = range(self._depth)
        return tuple(
            f"{side}[{n}].{what}" for n in numbers for side in ("asks", "bids") for what in ("price", "amount")
        )

    def _cells(self, bids: tuple[Level, ...], asks: tuple[Level, ...]) -> list[str]:
        c, texts = self._contract, list[str]()
        for n in range(self._depth):
            for side in (asks, bids):
                texts += [price(c, side[n].ticks), size(c, side[n].lots)] if n < len(side) else ["", ""]
        if self._depth == 1:
            texts[:2] = reversed(texts[:2])
        return texts

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(sorted((*self._others.paths, *self._lines.paths)))
