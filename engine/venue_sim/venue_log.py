"""The venue's own account of what happened, a JSON object a line: what an independent checker reads.

Every line has `n` (from 1, without a gap), `ts_ns` (the venue's clock) and `kind`; see docs/venue-sim.md for the
fields of each kind. Secrets and signatures are never written.
"""

from pathlib import Path
from typing import Any, TextIO

import msgspec


class VenueLog:
    """Appends lines, each whole on disk before the next is written. Without a path it counts only."""

    def __init__(self, path: Path | None = None) -> None:
        self._file: TextIO | None = None if path is None else path.open("a", buffering=1, encoding="utf-8")
        self.written = 0

    def write(self, ts_ns: int, kind: str, fields: dict[str, Any]) -> None:
        self.written += 1
        if self._file is not None:
            line = {"n": self.written, "ts_ns": ts_ns, "kind": kind} | fields
            self._file.write(msgspec.json.encode(line).decode() + "\n")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
