"""What a reader of a vendor's files is: two passes over files of one kind, in batches of a bounded size."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from data.clock import Latencies
from data.schema import Piece
from engine.core.types import Instrument

type OnBytes = Callable[[int], None]
type OnWarning = Callable[[str], None]


class Survey(msgspec.Struct, frozen=True):
    """What a first, quick look at a file says: enough to order files and to set the clock."""

    path: Path
    first_ns: int  # local time of the first line
    symbols: frozenset[str]


class Reader(Protocol):
    def survey(self, path: Path, latencies: Latencies, on_bytes: OnBytes) -> Survey:
        """Look through a file, adding its latencies. Raises DataError for what cannot be a file of this kind."""
        ...

    def pieces(
        self, paths: Sequence[Path], instrument: Instrument, on_bytes: OnBytes, on_warning: OnWarning
    ) -> Iterator[Piece]:
        """The files' canonical rows, file after file as one recording. Local times never go back within a table.

        Raises DataError for bad input, naming file, line and field.
        """
        ...
