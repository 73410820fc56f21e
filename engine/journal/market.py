"""Where the market data of a run lies: beside its journal where it recorded it, else where it was given it."""

from pathlib import Path
from typing import NamedTuple

from msgspec import UNSET

from engine.journal.manifest import RunFile

STREAM = "stream"  # what a paper or live node writes while it runs; gone once it is in the catalog
MARKET = "market"  # the catalog of it


class Named(NamedTuple):
    catalog: Path
    fingerprint: str


def named_market(folder: Path, run_file: RunFile) -> Named | None:
    """The catalog and the name by content that its data had for the run; None where the run names none."""
    seal = run_file.seal
    if seal is not None and seal.market is not UNSET:
        return Named(folder / MARKET, seal.market.fingerprint)
    catalog, wanted = run_file.places.get("catalog"), run_file.manifest.data_fingerprint
    return None if catalog is None or wanted is None else Named(Path(catalog), wanted)
