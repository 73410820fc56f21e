"""Ingest one vendor's small files, and see what became of them."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from engine.core.errors import InputError, Problem
from engine.run.ingest import Ingested, ingest
from tests.support.tapes import Top, table, tops
from tests.support.vendor_files import contract

_runs = itertools.count()


class Reading(NamedTuple):
    catalog: Path
    instrument_id: str
    made: Ingested

    def table(self, folder: str):  # noqa: ANN201 - a polars frame
        return table(self.catalog, folder, self.instrument_id)

    def tops(self) -> list[Top | None]:
        return [top for _, top in tops(self.catalog, self.instrument_id)]

    def beside(self, folder: str) -> list[Path]:
        return [*(self.catalog / "beside" / folder).rglob("*.parquet")]

    def said(self, words: str) -> bool:
        return any(words in warning for warning in self.made.warnings)


def reading(
    folder: Path, files: Mapping[str, bytes] | bytes, instrument_id: str, raw_symbol: str = "", **terms: str
) -> Reading:
    """`raw_symbol` and `terms` make a contract of round terms; without them it is the bundled one."""
    root = folder / f"reading{next(_runs)}"
    root.mkdir()
    given = {"file": files} if isinstance(files, bytes) else files
    paths = []
    for name, content in given.items():
        (root / name).write_bytes(content)
        paths.append(root / name)
    path = None
    if raw_symbol:
        path = root / "contract.toml"
        path.write_text(contract(instrument_id, raw_symbol, **terms))
    made = ingest(paths, instrument_id=instrument_id, catalog=root / "catalog", instrument_file=path)
    return Reading(root / "catalog", instrument_id, made)


def refused(
    folder: Path, files: Mapping[str, bytes] | bytes, instrument_id: str, raw_symbol: str = "", **terms: str
) -> Problem:
    """The first problem of files that must be refused."""
    try:
        found = reading(folder, files, instrument_id, raw_symbol, **terms)
    except InputError as error:
        return error.problems[0]
    raise AssertionError(f"was read: {found.made.rows_by_table}")
