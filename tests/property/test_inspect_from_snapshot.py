"""What is told of a run is the same whether it is folded from its start or from its newest snapshot."""

from pathlib import Path
from typing import Any

import pytest

from engine.core.commands import Outcome, Submit
from engine.core.events import AnyEvent
from engine.core.state import State
from engine.core.step import step
from engine.journal.reader import Journal
from engine.journal.snapshot import SNAPSHOT_FILE, read_snapshot
from engine.journal.writer import create_run
from engine.run.inspect import inspect
from engine.run.moments import Walk
from engine.run.recover import snapshotting
from engine.run.scenario import UNLIMITED
from engine.run.scenario_files import Behaviour
from engine.run.status import Follower
from engine.run.why import why
from tests.support.stories import a_story, manifest_of, parts, played


def a_run(runs: Path, version: Behaviour, seed: int) -> Path:
    """Cut short, with a snapshot when three fifths were written."""
    story = a_story(seed, 120, version)
    records = list[tuple[AnyEvent, tuple[Outcome, ...]]]()
    played(story, lambda _seq, event, outcomes: records.append((event, outcomes)), "")
    policy = parts(story)[1]
    state: State[Any] | None = None
    with create_run(runs, manifest_of(policy)) as writer:
        entries = sum(1 + len(outcomes) for _, outcomes in records)
        record = snapshotting(writer, lambda: state, every=entries * 3 // 5)
        for event, _ in records:
            seq = 1 if state is None else state.seq + 1
            state, outcomes = step(policy, UNLIMITED, state, event)
            record(seq, event, outcomes)
    return writer.folder


@pytest.mark.parametrize(("version", "seed"), [("safe", 1), ("classic", 38), ("head", 9)])
def test_every_place_is_told_alike(
    version: Behaviour, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = a_run(tmp_path, version, seed)
    snapshot = read_snapshot(folder, Walk(folder).made.strategy.own)
    assert snapshot is not None
    journal = Journal(folder)
    assert 1 < snapshot.seq < journal.high_watermark() - 20
    walked = list[int]()
    moments = Walk.moments

    def counted(walk: Walk, *given: Any) -> Any:
        for moment in moments(walk, *given):
            walked.append(moment.record.event.seq)
            yield moment

    monkeypatch.setattr(Walk, "moments", counted)
    seqs = range(1, journal.high_watermark() + 1, 23)
    times = [entry.ts_init + 1 for entry in journal.entries() if entry.seq % 61 == 0]
    orders = [entry.value.id for entry in journal.entries() if isinstance(entry.value, Submit)][::9]

    def told() -> list[Any]:
        by_seq = [inspect(folder, seq=seq) for seq in seqs]
        return [*by_seq, *(inspect(folder, at_ns=at) for at in times), *(why(folder, order) for order in orders)]

    with_it = [told(), inspect(folder), Follower(folder).now()]
    walked.clear()
    inspect(folder)
    assert min(walked) > snapshot.seq
    (folder / SNAPSHOT_FILE).unlink()
    walked.clear()
    assert [told(), inspect(folder), Follower(folder).now()] == with_it
    assert min(walked) == 1
