"""A venue's market as it comes, recorded into a catalog.

It is streamed beside the catalog while it comes; what was streamed goes into the catalog when the recording ends, or
when the next one begins if this one was killed. The adapter begins the book anew whenever it was cut: from the last
message before on nobody knew the book, and that is marked.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from data import manifest as manifests
from data import spool, streamed
from data.clock import Latencies
from data.gaps import with_silences
from data.manifest import Ingest, Manifest, SourceFile
from data.quality.catalogued import pieces_of
from data.recording import write
from data.source import fault
from data.staging import publish, staging
from data.whole_books import as_changes
from data.windowed import windowed
from engine.config.tree import Venue
from engine.core.types import Instrument
from engine.nautilus.adapters import adapter_of
from engine.nautilus.catalog import write_instrument
from engine.nautilus.interrupts import Stopped
from engine.nautilus.listener import listened
from engine.run.contracts import contract_now
from engine.run.market_now import addresses_of


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """`made` are the ingests that came of it; none where nothing was heard."""

    made: tuple[Ingest, ...]
    stopped: Stopped | None


def record(
    venue: Venue, instrument_id: str, catalog: Path, *, seconds: float | None, heard: Callable[[int], None]
) -> Recording:
    """Record until the time is over or a signal asks to stop. Raises ConfigError for a venue that is not recorded,
    DataError where it cannot be reached or does not list the contract, or the catalog holds another of its name."""
    instrument = contract_now(venue, instrument_id)
    known = manifests.load(catalog).instruments.get(instrument_id)
    if known is not None and known != instrument:
        raise fault(catalog, f"holds another {instrument_id} than the venue lists now: use a catalog of its own")
    stream = catalog.parent / f".{catalog.name}.stream"
    before = _kept(stream, catalog, instrument)  # of one that was killed
    stopped = listened((venue.name, addresses_of(venue)), instrument_id, stream, seconds=seconds, heard=heard)
    return Recording(made=(*before, *_kept(stream, catalog, instrument)), stopped=stopped)


def _kept(stream: Path, catalog: Path, instrument: Instrument) -> tuple[Ingest, ...]:
    """Put what was streamed into the catalog: each node's whole, or not at all."""
    if not stream.is_dir():
        return ()
    made = tuple(each for node in streamed.streams(stream) if (each := _added(node, catalog, instrument)) is not None)
    shutil.rmtree(stream)
    return made


def _added(node: Path, catalog: Path, instrument: Instrument) -> Ingest | None:
    manifest = manifests.load(catalog)
    if any(file.name == node.name for ingest in manifest.ingests for file in ingest.files):
        return None
    with TemporaryDirectory(dir=node.parent) as folder, spool.spooling(catalog), staging(catalog) as staged:
        raw = streamed.ingested(node, Path(folder), instrument)
        if raw is None or "order_book_deltas" not in raw.tables:
            return None
        pieces, adapter = pieces_of(Path(folder), raw.tables, instrument), adapter_of(instrument.venue)
        if adapter.whole is not None:
            pieces = as_changes(pieces, adapter.whole, streamed.reconnected(node.parents[1]))
        elif adapter.levels is not None:
            pieces = windowed(pieces, adapter.levels)
        pieces = with_silences(pieces, silence_ns=1)
        folder_of_rows = spool.folder_of(catalog, spool.key_of(node.name))
        rows_read = spool.spooled(pieces, folder_of_rows, spool.Heard(Latencies(), [], []))
        written = write([rows_read], staged, instrument, {})
        rows = sum(written.rows_of.values())
        made = Ingest(
            instrument_id=instrument.id,
            files=(SourceFile(node.name, streamed.KIND, rows, raw.fingerprint),),
            tables=written.tables,
            rows=written.rows,
            start_ns=written.start_ns,
            end_ns=written.end_ns,
            clock=None,
            fingerprint=written.fingerprint,
            warnings=(*raw.warnings, *written.warnings),
        )
        if instrument.id not in manifest.instruments:
            write_instrument(staged, instrument)
        known = {**manifest.instruments, instrument.id: instrument}
        publish(staged, catalog, Manifest(instruments=known, ingests=(*manifest.ingests, made)))
    return made
