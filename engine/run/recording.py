"""The market data of a paper or live run: streamed below its folder while it runs, kept there as a catalog after it.

    RUN/stream/    what NautilusTrader's streaming writer writes; gone once it is in the catalog
    RUN/market/    the catalog, which `perpmm backtest --from RUN` simulates on; the seal names it by content

It can be cut short at any moment and done again: the catalog grows by a whole node's stream or not at all.
"""

import shutil
from pathlib import Path

import pyarrow as pa

from data import manifest as manifests
from data import store, streamed
from data.manifest import Manifest
from data.source import digest
from data.staging import publish, staging
from engine.core.errors import DataError, JournalError, Problem
from engine.core.events import Started
from engine.core.types import Instrument
from engine.journal.manifest import Recorded
from engine.journal.market import MARKET, STREAM
from engine.journal.reader import Journal
from engine.nautilus.catalog import write_instrument


def kept(folder: Path) -> Recorded | None:
    """Put what the run has streamed so far into its catalog, and name all that is there; None where it recorded
    nothing. For a run whose node has ended. Raises JournalError where the disk does not take it; what was streamed is
    then still there."""
    stream, catalog = folder / STREAM, folder / MARKET
    if not (stream.is_dir() or catalog.is_dir()) or (instrument := _instrument(folder)) is None:
        return None
    try:
        if stream.is_dir():
            for node in streamed.streams(stream):
                _add(node, catalog, instrument)
            shutil.rmtree(stream)
        return _recorded(folder, instrument) if catalog.is_dir() else None
    except (OSError, pa.ArrowException, DataError) as error:
        raise JournalError(Problem(str(stream), f"the market data cannot be kept: {error}")) from error


def _add(node: Path, catalog: Path, instrument: Instrument) -> None:
    manifest = manifests.load(catalog)
    if any(file.name == node.name for ingest in manifest.ingests for file in ingest.files):
        return
    with staging(catalog) as staged:
        made = streamed.ingested(node, staged, instrument)
        if made is None:
            return
        if instrument.id not in manifest.instruments:
            write_instrument(staged, instrument)
        grown = Manifest(instruments={instrument.id: instrument}, ingests=(*manifest.ingests, made))
        publish(staged, catalog, grown)


def _recorded(folder: Path, instrument: Instrument) -> Recorded:
    files = sorted(path for path in (folder / MARKET).rglob("*") if path.is_file())
    return Recorded(
        fingerprint=store.fingerprint(folder / MARKET, instrument.id),
        files={path.relative_to(folder).as_posix(): digest(path) for path in files},
    )


def _instrument(folder: Path) -> Instrument | None:
    """As the run was started with it; None where it had not begun."""
    started = next((entry.value for entry in Journal(folder).entries(until=1)), None)
    return started.instrument if isinstance(started, Started) else None
