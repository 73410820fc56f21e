"""The venue's own account of what happened, a JSON object a line: what an independent checker reads.

Every line has `n` (from 1, without a gap), `ts_ns` (the venue's clock) and `kind`; see docs/venue-sim.md for the
fields of each kind. Secrets and signatures are never written.
"""

from pathlib import Path
from typing import Any, TextIO

import msgspec

from engine.core.errors import ConfigError, Problem


class VenueLog:
    """Writes a file anew, each line whole before the next. Without a path it counts only. Raises ConfigError for a
    path that cannot be written."""

    def __init__(self, path: Path | None = None) -> None:
        self._file: TextIO | None = None
        self.written = 0
        try:
            if path is not None:
                self._file = path.open("w", buffering=1, encoding="utf-8")
        except OSError as error:
            raise ConfigError(Problem(str(path), f"cannot be written: {error.strerror}")) from error

    def write(self, ts_ns: int, kind: str, fields: dict[str, Any]) -> None:
        self.written += 1
        if self._file is not None:
            line = {"n": self.written, "ts_ns": ts_ns, "kind": kind} | fields
            self._file.write(msgspec.json.encode(line).decode() + "\n")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
