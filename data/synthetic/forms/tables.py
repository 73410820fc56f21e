"""Files that are tables of numbers, a day each. All of a day is held in memory."""

from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from data.synthetic.recorder import Message
from data.synthetic.settings import Contract


class Tables:
    """Rows a day, written when all have come. Mutable."""

    def __init__(self, folder: Path, contract: Contract) -> None:
        self.folder, self.contract = folder, contract
        self._rows: dict[tuple[date, str], list[tuple[Any, ...]]] = {}
        self.paths: tuple[Path, ...] = ()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        if kind is None:
            self.paths = tuple(sorted(self.written(day, what, rows) for (day, what), rows in self._rows.items()))

    def written(self, day: date, what: str, rows: list[tuple[Any, ...]]) -> Path:
        raise NotImplementedError

    def add(self, message: Message, what: str, *rows: tuple[Any, ...]) -> None:
        day = datetime.fromtimestamp(message.local_us // 1_000_000, UTC).date()
        self._rows.setdefault((day, what), []).extend(rows)

    def price(self, ticks: int) -> float:
        return float(ticks / 10**self.contract.price_decimals)

    def size(self, lots: int) -> float:
        return float(lots / 10**self.contract.size_decimals)
