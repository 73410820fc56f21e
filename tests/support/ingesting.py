"""Ingest into a temporary catalog, and what became of it."""

from pathlib import Path

import pytest

from engine.core.errors import InputError, Problem
from engine.run.ingest import Ingested, ingest
from tests.support.tapes import BTCUSDT


def ingested(paths: list[Path], catalog: Path, instrument_id: str = BTCUSDT) -> Ingested:
    return ingest(paths, instrument_id=instrument_id, catalog=catalog)


def refusal(paths: list[Path], catalog: Path, instrument_id: str = BTCUSDT) -> Problem:
    """The first problem of an ingest that must be refused, and must leave nothing behind."""
    before = tree(catalog.parent)
    with pytest.raises(InputError) as refused:
        ingest(paths, instrument_id=instrument_id, catalog=catalog)
    assert tree(catalog.parent) == before
    return refused.value.problems[0]


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
