"""Tardis's CSV of a tape that was recorded with faults: what its servers make of the messages."""

from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl

from data.synthetic.recorder import Message
from data.synthetic.settings import Contract
from data.synthetic.tape import BOOK, LIQUIDATIONS, TICKER, TRADES, Tape
from data.synthetic.tardis import TardisFiles

_HELD = 200_000  # rows


class Tardis:
    """Mutable: rows are written some at a time."""

    def __init__(self, folder: Path, contract: Contract) -> None:
        self._files = TardisFiles(folder, contract)
        self._clear()

    def _clear(self) -> None:
        self._rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in Tape.__struct_fields__}

    def __enter__(self) -> Self:
        self._files.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self._flush()
        self._files.__exit__(kind, error, at)

    def write(self, message: Message) -> None:
        clocks = message.event_us, message.local_us
        if message.kind in ("snapshot", "diff"):
            self._rows["book"] += [(*clocks, message.kind == "snapshot", *row) for row in message.rows]
        else:
            name = {"trade": "trades", "ticker": "ticker"}.get(message.kind, "liquidations")
            self._rows[name].append((*clocks, *message.rows))
        if len(self._rows["book"]) > _HELD:
            self._flush()

    def _flush(self) -> None:
        schemas = {"book": BOOK, "trades": TRADES, "ticker": TICKER, "liquidations": LIQUIDATIONS}
        frames = {name: pl.DataFrame(rows, schemas[name], orient="row") for name, rows in self._rows.items()}
        self._files.write(Tape(**frames))
        self._clear()

    @property
    def paths(self) -> tuple[Path, ...]:
        return self._files.paths
