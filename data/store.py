"""What a catalog holds, asked by those who replay it. All raise DataError, naming it, for what is not there."""

import difflib
import hashlib
from pathlib import Path

import msgspec

from data import manifest as manifests
from data.gaps import BOOK, Gap, gaps_of
from data.manifest import Ingest, Manifest
from data.source import fault
from data.tables import ALL, place, stamp
from engine.core.types import Instrument


class Contents(msgspec.Struct, frozen=True):
    """Rows by folder of the catalog (order_book_deltas, trades, ...), in the order to feed events of one instant."""

    instrument: Instrument
    rows: dict[str, int]
    start_ns: int
    end_ns: int
    fingerprint: str
    ingests: tuple[Ingest, ...]


def contents(catalog: Path, instrument_id: str) -> Contents:
    """What there is of an instrument. Raises DataError for a catalog that is missing, not whole, or without it."""
    manifest = whole(catalog)
    ingests = tuple(i for i in manifest.ingests if i.instrument_id == instrument_id)
    if not ingests:
        raise fault(catalog, _absent(instrument_id, manifest), field="instrument")
    rows = {f: sum(i.rows.get(f, 0) for i in ingests) for f in ALL}
    instrument = manifest.instruments[instrument_id]
    return Contents(
        instrument=instrument,
        rows={folder: count for folder, count in rows.items() if count},
        start_ns=min(i.start_ns for i in ingests),
        end_ns=max(i.end_ns for i in ingests),
        fingerprint=_fingerprint(instrument, ingests),
        ingests=ingests,
    )


def fingerprint(catalog: Path, instrument_id: str) -> str:
    """Depends on the instrument and its data alone: not on paths, file names, the machine or the order of ingests."""
    return contents(catalog, instrument_id).fingerprint


def span(catalog: Path, instrument_id: str) -> tuple[int, int]:
    """First and last time (ours, ns) of the instrument's data."""
    found = contents(catalog, instrument_id)
    return found.start_ns, found.end_ns


def span_within(catalog: Path, instrument_id: str, start_ns: int | None, end_ns: int | None) -> tuple[int, int]:
    """The part of the instrument's data that lies in a range. Raises DataError where there is none."""
    found = contents(catalog, instrument_id)
    low = found.start_ns if start_ns is None else max(start_ns, found.start_ns)
    high = found.end_ns if end_ns is None else min(end_ns, found.end_ns)
    if low > high or not any(i.start_ns <= high and i.end_ns >= low for i in found.ingests):
        asked = f"{_time(start_ns)} to {_time(end_ns)}"
        held = ", ".join(f"{_time(i.start_ns)} to {_time(i.end_ns)}" for i in found.ingests)
        raise fault(catalog, f"no data of {instrument_id} from {asked}: it holds {held}", field="start or end")
    return low, high


def gaps(catalog: Path, held: Contents, low_ns: int, high_ns: int) -> tuple[Gap, ...]:
    """When nobody knows the book of what a catalog holds: the gaps that reach into a range."""
    files = [catalog / path for ingest in held.ingests if (path := ingest.tables.get(BOOK))]
    found = gaps_of(files, [(ingest.start_ns, ingest.end_ns) for ingest in held.ingests])
    return tuple(gap for gap in found if gap.start_ns <= high_ns and (gap.end_ns is None or gap.end_ns > low_ns))


def instrument_ids(catalog: Path) -> tuple[str, ...]:
    return tuple(sorted({i.instrument_id for i in whole(catalog).ingests}))


def whole(catalog: Path) -> Manifest:
    """The manifest of a catalog all of whose files are there and no others: else an ingest was cut short."""
    if not catalog.is_dir():
        raise fault(catalog, "there is no such catalog")
    if not (catalog / manifests.NAME).is_file():
        raise fault(catalog, f"is no catalog: it has no {manifests.NAME}. Make one with `perpmm data ingest`")
    manifest = manifests.load(catalog)
    named = {path for ingest in manifest.ingests for path in ingest.tables.values()}
    if missing := sorted(path for path in named if not (catalog / path).is_file()):
        raise fault(catalog, f"{missing[0]} is missing: ingest the files again")
    if stray := sorted(stray_tables(catalog, manifest)):
        raise fault(catalog, f"{stray[0]} is of an ingest that did not finish: ingest the files again")
    return manifest


def stray_tables(catalog: Path, manifest: Manifest) -> set[str]:
    """Tables of the kinds and the instruments that we wrote which no finished ingest names."""
    named = {path for ingest in manifest.ingests for path in ingest.tables.values()}
    held = {path for instrument_id in manifest.instruments for path in tables_of(catalog, instrument_id)}
    return held - named


def tables_of(catalog: Path, instrument_id: str) -> set[str]:
    """The files of an instrument's tables that lie in a catalog, named or not."""
    folders = (catalog / place(folder) / instrument_id for folder in ALL)
    return {str(path.relative_to(catalog)) for folder in folders for path in folder.glob("*.parquet")}


def _fingerprint(instrument: Instrument, ingests: tuple[Ingest, ...]) -> str:
    digest = hashlib.sha256(msgspec.json.encode(instrument))
    for part in sorted(ingest.fingerprint for ingest in ingests):
        digest.update(part.encode())
    return digest.hexdigest()


def _absent(instrument_id: str, manifest: Manifest) -> str:
    held = sorted({i.instrument_id for i in manifest.ingests})
    near = difflib.get_close_matches(instrument_id, held, n=1, cutoff=0.3)
    hint = f"; did you mean {near[0]}?" if near else f"; it holds {', '.join(held) or 'nothing'}"
    return f"has no {instrument_id}{hint}"


def _time(ns: int | None) -> str:
    """A time for people: 2024-08-08T23:54:16Z."""
    return "the beginning or end" if ns is None else stamp(ns)[:10] + stamp(ns)[10:19].replace("-", ":") + "Z"
