"""Whether the market data that a run names by content is still where it lay."""

from enum import StrEnum
from pathlib import Path

from data import store
from engine.core.errors import DataError
from engine.journal.manifest import RunFile
from engine.journal.market import named_market


class DataNow(StrEnum):
    SAME = "same"
    OTHER = "other"  # what lies there now is not what the run saw
    GONE = "gone"
    UNNAMED = "unnamed"  # the run names none


def data_now(folder: Path, run_file: RunFile) -> DataNow:
    """The catalog's fingerprint against the one that the run names. No part of a journal's verdict, since data may lie
    elsewhere now; what a run recorded itself is, by its files."""
    named = named_market(folder, run_file)
    if named is None:
        return DataNow.UNNAMED
    try:
        found = store.fingerprint(named.catalog, run_file.manifest.instrument)
    except DataError:
        return DataNow.GONE
    return DataNow.SAME if found == named.fingerprint else DataNow.OTHER
