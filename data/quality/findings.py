"""What was found, row by row: each kind in full up to a number, beyond that only counted."""

import msgspec
import numpy as np
import polars as pl

SCHEMA = pl.Schema(
    {
        "day": pl.String,  # of our clock, UTC; null where it has none
        "kind": pl.String,
        "at_ns": pl.Int64,  # our clock
        "seconds": pl.Float64,  # how long or by how much, where that is known
        "source": pl.String,
        "line": pl.Int64,
        "field": pl.String,
        "detail": pl.String,
    }
)
MOST_A_KIND = 1_000


class Finding(msgspec.Struct, frozen=True):
    """One of them: see SCHEMA."""

    kind: str
    detail: str
    at_ns: int | None = None
    seconds: float | None = None
    source: str | None = None
    line: int | None = None
    field: str | None = None


class Findings:
    """Findings as they come. Mutable."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._counts: dict[str, int] = {}

    def add(self, found: Finding) -> None:
        self._counts[found.kind] = self._counts.get(found.kind, 0) + 1
        if self._counts[found.kind] <= MOST_A_KIND:
            self._kept.append(found)

    @property
    def counts(self) -> dict[str, int]:
        return dict(self._counts)

    def frame(self) -> pl.DataFrame:
        """At most MOST_A_KIND rows a kind, in order of time, those without a time first."""
        rows = [{"day": _day(found.at_ns), **msgspec.structs.asdict(found)} for found in self._kept]
        return pl.DataFrame(rows, SCHEMA).sort("at_ns", "kind", nulls_last=False, maintain_order=True)


def _day(at_ns: int | None) -> str | None:
    return None if at_ns is None else str(np.datetime64(at_ns, "ns"))[:10]
