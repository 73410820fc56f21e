"""`perpmm.json`: what a catalog holds, from which files, and whether all of it is there.

It is written last, so that a catalog without it, or with files that it does not name, is not whole.
"""

from pathlib import Path

import msgspec

from data.clock import Clock
from data.source import fault
from engine.core.types import Instrument

NAME = "perpmm.json"
VERSION = 1


class SourceFile(msgspec.Struct, frozen=True):
    """A file that was read: its name without its folder, its kind, canonical rows, and the digest of its bytes."""

    name: str
    kind: str
    rows: int
    sha256: str


class Ingest(msgspec.Struct, frozen=True):
    """One recording of one instrument. Times are ours, corrected by `clock`; `fingerprint` is of the data alone."""

    instrument_id: str
    files: tuple[SourceFile, ...]
    tables: dict[str, str]  # folder of the catalog -> file, from the catalog's root
    rows: dict[str, int]  # folder of the catalog -> rows
    start_ns: int
    end_ns: int
    clock: Clock | None
    fingerprint: str
    warnings: tuple[str, ...]


class Manifest(msgspec.Struct, frozen=True):
    instruments: dict[str, Instrument] = {}
    ingests: tuple[Ingest, ...] = ()
    version: int = VERSION


def load(catalog: Path) -> Manifest:
    """An empty one where there is none. Raises DataError for one that cannot be read."""
    path = catalog / NAME
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return Manifest()
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise fault(path, f"cannot be read: {error}") from error
    if manifest.version != VERSION:
        raise fault(path, f"is of version {manifest.version}, this program reads {VERSION}", field="version")
    return manifest


def save(manifest: Manifest, catalog: Path) -> None:
    """Whole or not at all."""
    partial = catalog / (NAME + ".partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
    partial.replace(catalog / NAME)
