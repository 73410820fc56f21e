"""Venues that no recording is made of are refused with the reason, before anything is asked of them or written."""

from pathlib import Path

import pytest

from engine.config.tree import Venue
from engine.core.errors import ConfigError
from engine.run.record import UNRECORDED, record

PAGE = Path(__file__).parents[2] / "docs" / "data.md"


@pytest.mark.parametrize("name", UNRECORDED)
def test_a_venue_that_is_not_recorded_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="survive a cut") as caught:
        record(Venue(name=name), f"BTC.{name}", tmp_path / "c", seconds=1, heard=lambda _: None)
    assert f"perpmm data download {name.lower()}" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_the_page_names_those_that_are_not_recorded() -> None:
    assert f"| {', '.join(UNRECORDED)} | refused |" in PAGE.read_text()
