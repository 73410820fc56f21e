"""The process is cut at every event and taken up again from its folder: the same commands, none sent twice."""

import os
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any, cast

import pytest

from engine.core.commands import Command, Outcome
from engine.core.events import AnyEvent
from engine.core.policy import Policy
from engine.core.session import Session
from engine.core.state import State
from engine.core.step import step
from engine.journal.entry import Kind, encode
from engine.journal.folder import lock_for_writing
from engine.journal.manifest import read_run_file
from engine.journal.writer import JournalWriter, create_run
from engine.run.recover import recovered, resumed, snapshotting
from engine.run.scenario import UNLIMITED
from engine.run.scenario_files import Behaviour
from tests.support.shared import ORACLE, needs_oracle
from tests.support.stories import EXAMPLES, Outlet, Story, a_story, manifest_of, parts, played, story_of, submits

LONGER = (
    *(("safe", seed) for seed in (1, 15, 18, 28)),
    *(("classic", seed) for seed in (26, 31, 38)),
    *(("head", seed) for seed in (9, 20, 25)),
)
MOMENTS = ("before the record", "after the record", "after the first command")


LINES_AFTER = 12


class Cut(Exception):  # noqa: N818  no error: the story's point
    pass


class Survivor:
    """A process that dies at a given event, and the next one that takes its run up, on a venue that stays."""

    def __init__(self, story: Story, writer: JournalWriter, outlet: Outlet, state: State[Any] | None) -> None:
        self.story, self.writer, self.outlet = story, writer, outlet
        self.policy = parts(story)[1]
        self.fed, self.ends, self.decided = 0, list[int](), list[bool]()  # events, after each line, with commands
        self.at, self.moment, self.was_cut = 0, "", False
        self._begin(state)

    @property
    def state(self) -> State[Any] | None:
        return self.session.state

    def again(self, folder: Path) -> "Survivor":
        """One that stands where this one stands, its run in a folder of its own."""
        self.writer.flush()
        copytree(self.writer.folder, folder)
        lock, tail = lock_for_writing(folder), self.writer.tail
        writer = JournalWriter(folder, read_run_file(folder), lock, durable=False, resumed=tail)
        other = Survivor(self.story, writer, self.outlet.twin(), self.state)
        other.fed = self.fed
        return other

    def play(self, n: int) -> None:
        """Line `n` of the story."""
        self.outlet.play(self.story.tape[n], n == 0, self._queries)
        self.ends.append(self.fed)

    def _begin(self, state: State[Any] | None) -> None:
        self.session = Session(self.policy, UNLIMITED, self._record, self._send)
        self.session.state = state
        self.record = snapshotting(self.writer, lambda: self.session.state, every=20)
        self.outlet.tell = self._tell

    def _queries(self) -> Any:
        return self.policy.depth_queries(self.state) if self.state else ()

    def _record(self, seq: int, event: AnyEvent, outcomes: tuple[Outcome, ...]) -> None:
        self.fed += 1
        self.decided.append(bool(outcomes))
        self._cut("before the record")
        self.record(seq, event, outcomes)
        self._cut("after the record")

    def _send(self, command: Command) -> None:
        self.outlet.send(command)
        self._cut("after the first command")

    def _cut(self, moment: str) -> None:
        if not self.was_cut and self.fed == self.at and moment == self.moment:
            self.was_cut = True
            raise Cut

    def _tell(self, event: AnyEvent) -> None:
        try:
            self.session.feed(event)
        except Cut:
            self._take_up()

    def _take_up(self) -> None:
        """What a host does after a crash: ask the venue what it knows, send the rest, hear what was missed."""
        self.writer.close()
        self.writer, found = resumed(self.writer.folder, durable=False)
        self._begin(found.state)
        self.outlet.tell = lambda _event: None  # it is all in the log
        left_before = found.tail.counts[Kind.COMMAND] - len(found.in_doubt)
        for command in found.in_doubt[len(self.outlet.arrived) - left_before :]:
            self.outlet.send(command)
        heard = found.events
        while heard < len(self.outlet.log):
            heard += 1
            self.session.feed(self.outlet.log[heard - 1])
        self.outlet.tell = self._tell


def begun(runs: Path, story: Story) -> Survivor:
    venue, policy = parts(story)
    writer = create_run(runs, manifest_of(policy))
    return Survivor(story, writer, Outlet(venue, writer.run), None)


def lived(before: Survivor, folder: Path, n: int, place: tuple[int, str]) -> Survivor:
    """From line `n` on, cut at a place, until some lines after the cut."""
    survivor, after = before.again(folder), 0
    survivor.at, survivor.moment = place
    for line in range(n, len(before.story.tape)):
        survivor.play(line)
        after += survivor.was_cut
        if after == LINES_AFTER:
            break
    survivor.writer.close()
    rmtree(folder)
    return survivor


def hold(survivor: Survivor, expected: Outlet) -> None:
    assert survivor.was_cut
    got, rows = survivor.outlet.arrived, survivor.outlet.venue.rows
    names, place = submits(got), f"cut at event {survivor.at}, {survivor.moment}"
    assert len(names) == len(set(names)), f"sent twice: {place}"
    assert [encode(each) for each in got] == [encode(each) for each in expected.arrived[: len(got)]], place
    assert rows == expected.venue.rows[: len(rows)], place


@pytest.fixture(autouse=True)
def _in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody pulls the plug here: spare the disk."""
    monkeypatch.setattr("engine.journal.atomic.os.fsync", lambda _descriptor: None)


@needs_oracle
@pytest.mark.parametrize("case", sorted(ORACLE.iterdir()) if ORACLE.is_dir() else [], ids=lambda case: case.name)
def test_cut_at_every_event_of_a_recorded_case(case: Path, tmp_path: Path) -> None:
    _cut_everywhere(story_of(case), tmp_path, every=1)


@pytest.mark.parametrize("case", sorted(EXAMPLES.iterdir()), ids=lambda case: case.name)
def test_cut_at_events_of_an_example(case: Path, tmp_path: Path) -> None:
    _cut_everywhere(story_of(case), tmp_path, every=5)


@pytest.mark.parametrize(("version", "seed"), LONGER)
def test_cut_at_events_of_a_longer_story(version: Behaviour, seed: int, tmp_path: Path) -> None:
    """Played on from the cut; at every event with CUT_EVERY=1 (make survive)."""
    _cut_everywhere(a_story(seed, 300, version), tmp_path, every=int(os.environ.get("CUT_EVERY", "29")))


def _cut_everywhere(story: Story, runs: Path, every: int) -> None:
    """One process lives through it all; whoever is cut within a line begins as that one stood before the line."""
    whole, walker = begun(runs / "whole", story), begun(runs / "walker", story)
    for n in range(len(story.tape)):
        whole.play(n)
    whole.writer.close()
    places = [at for at in range(1, whole.fed + 1) if (at - 1) % every == 0]
    for n in range(len(story.tape)):
        until = whole.ends[n]
        within = [at for at in places if walker.fed < at <= until]
        if within:
            before = walker.again(runs / "before")
            for at in within:
                for moment in MOMENTS if whole.decided[at - 1] else MOMENTS[1:2]:
                    hold(lived(before, runs / "cut", n, (at, moment)), whole.outlet)
            before.writer.close()
            rmtree(before.writer.folder)
        walker.play(n)
    walker.writer.close()
    assert walker.ends == whole.ends


@pytest.mark.parametrize(("version", "seed"), LONGER)
def test_at_every_event_the_folder_knows_what_the_process_knew(version: Behaviour, seed: int, tmp_path: Path) -> None:
    """Recovered at every event of a longer story, the next commands are those of the run that went on; whatever part of
    what is in doubt had left, sending the rest sends nothing twice."""
    story = a_story(seed, 300, version)
    records = list[tuple[AnyEvent, tuple[Outcome, ...]]]()
    policy = parts(story)[1]
    with create_run(tmp_path, manifest_of(policy)) as whole:
        played(story, lambda _seq, event, outcomes: records.append((event, outcomes)), whole.run)
    state: State[Any] | None = None
    left = list[Command]()
    with create_run(tmp_path, manifest_of(policy)) as writer:
        record = snapshotting(writer, lambda: state, every=16)
        for n, (event, outcomes) in enumerate(records, 1):
            seq = 1 if state is None else state.seq + 1
            state, again = step(policy, UNLIMITED, state, event)
            assert again == outcomes
            record(seq, event, outcomes)
            writer.flush()
            found = recovered(writer.folder)
            assert found.events == n
            assert found.state == state
            assert found.in_doubt == outcomes  # nothing is refused in these stories
            coming = _next_commands(policy, found.state, records[n:])
            assert coming == _next(records[n:])
            assert found.tail.counts[Kind.COMMAND] - len(found.in_doubt) == len(left)
            left += found.in_doubt
            names = submits([*left, *cast(tuple[Command, ...], coming)])
            assert len(names) == len(set(names)), f"sent twice: cut at event {n}"


def _next_commands(policy: Policy[Any], state: State[Any], coming: list[tuple[AnyEvent, Any]]) -> tuple[Outcome, ...]:
    for event, _ in coming:
        state, outcomes = step(policy, UNLIMITED, state, event)
        if outcomes:
            return outcomes
    return ()


def _next(coming: list[tuple[AnyEvent, tuple[Outcome, ...]]]) -> tuple[Outcome, ...]:
    return next((outcomes for _, outcomes in coming if outcomes), ())
