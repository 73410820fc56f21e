"""What catalogs hold, and what is taken out of them again."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from data import manifest as manifests
from data import store
from data.manifest import Ingest, Manifest
from data.source import fault

VERDICTS = "perpmm-verdicts.json"  # beside the manifest: what `data check` said last
_NAMED = 12  # digits of an ingest's fingerprint that name it


class OfDay(msgspec.Struct, frozen=True):
    verdict: str
    reason: str


class Said(msgspec.Struct, frozen=True):
    """What a check said of an instrument's data, and of which data. `reasons`: all of them, the worst first."""

    verdict: str
    reason: str
    fingerprint: str
    reasons: tuple[str, ...]
    days: dict[str, OfDay]


class Holding(msgspec.Struct, frozen=True):
    """One instrument of a catalog. `bytes` of its tables on disk; `said` is None where the data changed since."""

    catalog: str
    instrument_id: str
    ingests: int
    start_ns: int
    end_ns: int
    rows: int
    bytes: int
    fingerprint: str
    said: Said | None


def catalogs_in(folder: Path) -> tuple[Path, ...]:
    """The folder, if it is a catalog, else the catalogs right below it. Raises DataError for what is no folder."""
    if not folder.is_dir():
        raise fault(folder, "there is no such folder")
    if (folder / manifests.NAME).is_file():
        return (folder,)
    return tuple(sorted(path.parent for path in folder.glob(f"*/{manifests.NAME}")))


def holdings(catalog: Path) -> Iterator[Holding]:
    """Raises DataError for a catalog that is not whole."""
    said = verdicts(catalog)
    for instrument_id in store.instrument_ids(catalog):
        held = store.contents(catalog, instrument_id)
        last = said.get(instrument_id)
        yield Holding(
            catalog=str(catalog),
            instrument_id=instrument_id,
            ingests=len(held.ingests),
            start_ns=held.start_ns,
            end_ns=held.end_ns,
            rows=sum(held.rows.values()),
            bytes=sum(bytes_of(catalog, ingest) for ingest in held.ingests),
            fingerprint=held.fingerprint,
            said=last if last and last.fingerprint == held.fingerprint else None,
        )


def bytes_of(catalog: Path, ingest: Ingest) -> int:
    return sum((catalog / path).stat().st_size for path in ingest.tables.values())


def name_of(ingest: Ingest) -> str:
    """What an ingest is called on the command line."""
    return ingest.fingerprint[:_NAMED]


def verdicts(catalog: Path) -> dict[str, Said]:
    """What was said of each instrument; nothing where no check was made, or none that can be read."""
    try:
        return msgspec.json.decode((catalog / VERDICTS).read_bytes(), type=dict[str, Said])
    except (OSError, msgspec.MsgspecError):
        return {}


def remember(catalog: Path, instrument_id: str, said: Said) -> None:
    """Keep a verdict. A catalog that cannot be written just stays without it."""
    partial = catalog / f"{VERDICTS}.{os.getpid()}.partial"
    try:
        partial.write_bytes(msgspec.json.encode({**verdicts(catalog), instrument_id: said}))
        partial.replace(catalog / VERDICTS)
    except OSError:
        partial.unlink(missing_ok=True)


def chosen(catalog: Path, instrument_id: str | None, ingest: str | None) -> tuple[Ingest, ...]:
    """The ingests of an instrument, or the one whose name begins so, or all. Raises DataError where there are none."""
    if not (catalog / manifests.NAME).is_file():
        raise fault(catalog, f"is no catalog: it has no {manifests.NAME}")
    manifest = manifests.load(catalog)
    found = tuple(
        each
        for each in manifest.ingests
        if (instrument_id is None or each.instrument_id == instrument_id)
        and (ingest is None or each.fingerprint.startswith(ingest))
    )
    leftover = instrument_id is not None and instrument_id in manifest.instruments and ingest is None
    if not found and not leftover and (instrument_id or ingest):
        held = ", ".join(f"{each.instrument_id} {name_of(each)}" for each in manifest.ingests) or "nothing"
        raise fault(catalog, f"has no such data; it holds {held}", field="ingest" if ingest else "instrument")
    if ingest is not None and len(found) > 1:
        names = ", ".join(name_of(each) for each in found)
        raise fault(catalog, f"{ingest} may be {names}", field="ingest")
    return found


def remove(catalog: Path, gone: tuple[Ingest, ...]) -> None:
    """Take ingests out. The manifest goes first, in one step, so that at no moment a table is missing that it names;
    what a removal that was cut short left behind, the next one clears."""
    with _alone(catalog):
        manifest = manifests.load(catalog)
        kept = tuple(each for each in manifest.ingests if each not in gone)
        manifests.save(msgspec.structs.replace(manifest, ingests=kept), catalog)
        left = manifests.load(catalog)
        for stray in store.stray_tables(catalog, left):
            (catalog / stray).unlink()
        named = {each.instrument_id for each in kept}
        for instrument_id in left.instruments.keys() - named:
            for folder in catalog.glob(f"*/*/{instrument_id}"):
                shutil.rmtree(folder)
        _settle(catalog, left, named)


def _settle(catalog: Path, manifest: Manifest, named: set[str]) -> None:
    for folder in (*catalog.glob("*/*/*"), *catalog.glob("*/*"), *catalog.glob("*")):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    instruments = {name: each for name, each in manifest.instruments.items() if name in named}
    if instruments:
        manifests.save(msgspec.structs.replace(manifest, instruments=instruments), catalog)
        return
    (catalog / VERDICTS).unlink(missing_ok=True)
    (catalog / manifests.NAME).unlink()
    if not any(catalog.iterdir()):
        catalog.rmdir()


@contextmanager
def _alone(catalog: Path) -> Iterator[None]:
    """No two removals of one catalog at a time."""
    folder = os.open(catalog, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise fault(catalog, "something else is being removed from it") from error
    finally:
        os.close(folder)
