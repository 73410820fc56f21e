"""Whether the market data that a run's manifest names by content is still where it lay."""

from enum import StrEnum
from pathlib import Path

from data import store
from engine.core.errors import DataError
from engine.journal.manifest import RunFile


class DataNow(StrEnum):
    SAME = "same"
    OTHER = "other"  # what lies there now is not what the run saw
    GONE = "gone"
    UNNAMED = "unnamed"  # the run names none


def data_now(run_file: RunFile) -> DataNow:
    """Its catalog's fingerprint against the manifest's. No part of a journal's verdict: data may lie elsewhere now."""
    wanted, catalog = run_file.manifest.data_fingerprint, run_file.places.get("catalog")
    if wanted is None or catalog is None:
        return DataNow.UNNAMED
    try:
        found = store.fingerprint(Path(catalog), run_file.manifest.instrument)
    except DataError:
        return DataNow.GONE
    return DataNow.SAME if found == wanted else DataNow.OTHER
