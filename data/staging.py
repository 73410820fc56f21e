"""Making a catalog appear, or grow, all at once: work is done in a folder beside it and moved at the end.

A new catalog is one rename. To one that exists, tables are moved first and the manifest last, so that at no moment can
an ingest that was cut short pass for whole (store.whole); the next ingest clears what it left.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data import manifest as manifests
from data.manifest import Manifest
from data.spool import abandoned
from data.store import stray_tables


@contextmanager
def staging(catalog: Path) -> Iterator[Path]:
    """An empty folder beside the catalog, on the same disk, gone when the block ends however it ends."""
    catalog.parent.mkdir(parents=True, exist_ok=True)
    _clear_abandoned(catalog)
    folder = catalog.parent / f".{catalog.name}.partial-{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(staged: Path, catalog: Path, manifest: Manifest) -> None:
    """Make the staged tables part of the catalog; tables that the manifest no longer names are removed."""
    manifests.save(manifest, staged)
    if not catalog.exists():
        _sync(staged)
        staged.rename(catalog)
        return
    for path in sorted(staged.rglob("*.parquet")):
        target = catalog / path.relative_to(staged)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
    (staged / manifests.NAME).replace(catalog / manifests.NAME)
    for stray in stray_tables(catalog, manifest):
        (catalog / stray).unlink()


def _sync(folder: Path) -> None:
    """Have the disk hold what a rename will show."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _clear_abandoned(catalog: Path) -> None:
    """Remove what processes that were killed left beside the catalog."""
    for folder in catalog.parent.glob(f".{catalog.name}.partial-*"):
        if abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)
