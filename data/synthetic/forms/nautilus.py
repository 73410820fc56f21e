"""A NautilusTrader catalog: levels, trades, mark and index prices and funding rates, as its 2.0 writes them.

It cannot say liquidations, nor a trade twice.
"""

import shutil
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from data.instruments import instrument_from
from data.schema import F_LAST, F_SNAPSHOT, MARKET, SCHEMAS, Table
from data.synthetic.contract import terms
from data.synthetic.recorder import Message
from data.synthetic.settings import Contract
from data.tables import TableFile, catalog_rows

_HELD = 100_000  # rows of a table
_US = 1_000

type Row = tuple[Any, ...]


class Nautilus:
    """Mutable: rows are written some at a time, into a folder that is renamed when it is whole."""

    def __init__(self, folder: Path, contract: Contract) -> None:
        self._folder, self._part = folder / "catalog", folder / "catalog.part"
        self._instrument = instrument_from(terms(contract, f"{contract.symbol}-PERP.BINANCE"), "synthetic")
        self._trade = 0
        self._rows: dict[Table, list[Row]] = {}
        self._files: dict[str, TableFile] = {}
        self.paths = (self._folder,)

    def __enter__(self) -> Self:
        shutil.rmtree(self._part, ignore_errors=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        if kind is None:
            for table in self._rows:
                self._flush(table)
        for file in self._files.values():
            file.close()
        if kind is None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._part.rename(self._folder)
        else:
            shutil.rmtree(self._part, ignore_errors=True)

    def write(self, message: Message) -> None:
        times = message.event_us * _US, message.local_us * _US
        match message.kind:
            case "snapshot" | "diff":
                self._add(Table.BOOK, *self._changes(message, times))
            case "trade" if message.rows[0] > self._trade:
                self._trade, side, ticks, lots = message.rows
                self._add(Table.TRADES, (*times, side, ticks, lots, str(self._trade), MARKET, 0))
            case "ticker":
                due_us, rate, _, index, mark = message.rows
                self._add(Table.MARKS, (*times, Decimal(mark).scaleb(-8), Decimal(index).scaleb(-8), 0))
                self._add(Table.FUNDING, (*times, f"{Decimal(rate).scaleb(-8):f}", due_us * _US, 0))

    def _changes(self, message: Message, times: tuple[int, int]) -> list[Row]:
        begins = message.kind == "snapshot"
        changes = [(0, 0, 0), *message.rows] if begins else message.rows
        flags, last = F_SNAPSHOT if begins else 0, len(changes) - 1
        return [
            (*times, *change, flags | (F_LAST if n == last else 0), message.last, 0) for n, change in enumerate(changes)
        ]

    def _add(self, table: Table, *rows: Row) -> None:
        held = self._rows.setdefault(table, [])
        held.extend(rows)
        if len(held) >= _HELD:
            self._flush(table)

    def _flush(self, table: Table) -> None:
        rows, self._rows[table] = self._rows[table], []
        columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMAS[table])
        arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMAS[table], strict=True)]
        canonical = pa.Table.from_arrays(arrays, schema=SCHEMAS[table])
        for folder, written in catalog_rows(table, canonical, self._instrument).items():
            if folder not in self._files:
                self._files[folder] = TableFile(self._part, folder, self._instrument)
            self._files[folder].write(written)
