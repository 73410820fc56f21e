"""What a live run is planned with before anything is asked of the account."""

from decimal import Decimal
from pathlib import Path

import msgspec

from engine.config.read import parse_config
from engine.config.template import run_file
from engine.config.tree import identity
from engine.journal.manifest import new_manifest
from engine.journal.writer import create_run
from engine.run.account import Before
from engine.run.live import planned_live
from tests.support.builders import a_start
from tests.support.venue import CONTRACT


def test_a_run_that_is_taken_up_keeps_its_contract(tmp_path: Path) -> None:
    """So that the preflight finds what the venue has changed meanwhile: no venue is asked here."""
    config = parse_config(run_file({"risk.max_feed_age_ms": 3000}), "run.toml")
    begun_with = msgspec.structs.replace(CONTRACT, tick=Decimal("0.5"))
    manifest = new_manifest("live", config.instrument.id, identity(config), started_ns=1)
    with create_run(tmp_path, manifest) as writer:
        writer.record(1, a_start(run=writer.run, instrument=begun_with), ())
    before = Before(writer.folder, writer.folder.name, manifest, cut_short=True, last_ns=1)
    assert planned_live(config, before).plan.instrument == begun_with
