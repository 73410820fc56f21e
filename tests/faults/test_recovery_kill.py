"""A running process is killed at random moments, fifty times and more: what it does in the end is what one that was
never killed does, and no order is sent twice."""

import os
import subprocess
import sys
import threading
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from engine.core.commands import Command
from engine.core.types import Side
from engine.journal.entry import decode, encode
from engine.journal.folder import status_of
from engine.journal.manifest import Status
from engine.journal.verify import verdict
from engine.run.replay import replay_run
from tests.support.stories import Outlet, Story, a_story, parts, played, submits

KILLS = 50
SEED = 20_240_213
MOST_EVENTS = 14  # that a process hears before it is killed
LONGEST_DELAY_S = 0.006  # after the last of them: a commit to disk takes about as long


class Child:
    """The process under test: a session with a durable journal, spoken to by a line an event."""

    def __init__(self, folder: Path, story: str) -> None:
        words = [sys.executable, "-m", "tests.support.killable", str(folder), story]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ, bufsize=0)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.to, self.of = self.process.stdin, os.fdopen(os.dup(self.process.stdout.fileno()), "rb")
        self.process.stdout.close()

    def tell(self, line: bytes) -> None:
        with suppress(BrokenPipeError):  # it was killed: its silence says so
            self.to.write(line + b"\n")

    def word(self) -> bytes | None:
        """A whole line, or None: it is dead."""
        line = self.of.readline()
        return line[:-1] if line.endswith(b"\n") else None

    def bury(self) -> None:
        self.process.kill()
        self.process.wait()
        self.of.close()
        self.to.close()


class Venue:
    """The outlet, and the process that listens to it: whichever lives now."""

    def __init__(self, folder: Path, story: Story, name: str, chance: Random) -> None:
        self.folder, self.name, self.chance = folder, name, chance
        self.outlet = Outlet(parts(story)[0], "")
        self.kills = 0
        self.child: Child | None = None
        self.heard = 0
        self.left = -1

    def begin(self) -> None:
        """Start a process; it says how many events and commands it knows of, and which of these are in doubt."""
        child = self.child = Child(self.folder, self.name)
        said = child.word()
        if said is None:
            self._fell()
            return
        known: dict[str, Any] = msgspec.json.decode(said)
        self.outlet.run = known["run"]
        self.left = self.chance.randint(1, MOST_EVENTS) if self.kills < KILLS else -1
        self.heard = known["events"]
        missing = len(self.outlet.arrived) - (known["commands"] - len(known["in_doubt"]))
        for payload in known["in_doubt"][missing:]:
            self._arrive(payload.encode())

    def _arrive(self, payload: bytes) -> None:
        command: Command = decode(payload)  # type: ignore[assignment]  # it sends nothing else
        self.outlet.send(command)

    def pump(self) -> None:
        """Tell what has not been heard, one event at a time, and take the commands that answer it."""
        while self.heard < len(self.outlet.log):
            assert self.child is not None
            self.child.tell(encode(self.outlet.log[self.heard]))
            self.left -= 1
            if self.left == 0:
                threading.Timer(self.chance.uniform(0, LONGEST_DELAY_S), self.child.process.kill).start()
            while (word := self.child.word()) not in (None, b"."):
                assert word is not None
                self._arrive(word)
            if word is None:
                self._fell()
            else:
                self.heard += 1

    def queries(self) -> Any:
        while True:
            self.pump()
            assert self.child is not None
            self.child.tell(b"?")
            if (word := self.child.word()) is not None:
                return msgspec.json.decode(word, type=tuple[tuple[Side, Decimal], ...])
            self._fell()

    def _fell(self) -> None:
        assert self.child is not None
        self.child.bury()
        self.kills += 1
        if (self.folder / "manifest.json").is_file():
            assert status_of(self.folder) is Status.CRASHED
            assert not verdict(self.folder).damages
        self.begin()


@pytest.mark.timeout(900)  # fifty times the start of a process
def test_killed_fifty_times(tmp_path: Path) -> None:
    chance = Random(SEED)
    name, folder = "safe-1-500", tmp_path / "run"
    story = a_story(1, 500)
    venue = Venue(folder, story, name, chance)
    venue.begin()
    for n, line in enumerate(story.tape):
        if n == 0:
            venue.outlet.said(venue.outlet.venue.start(line.t, run=venue.outlet.run))
        venue.outlet.venue.tick(line)
        venue.outlet.said(venue.outlet.venue.market(venue.queries()))
        venue.pump()
    assert venue.child is not None
    venue.child.tell(b"end")
    assert venue.child.word() == b"sealed"
    venue.child.bury()
    expected = played(story, lambda *_: None, venue.outlet.run)
    assert [encode(each) for each in venue.outlet.arrived] == [encode(each) for each in expected.arrived]
    assert len(submits(venue.outlet.arrived)) == len(set(submits(venue.outlet.arrived)))
    assert venue.kills >= KILLS
    assert status_of(folder) is Status.CRASHED_RECOVERED
    assert verdict(folder).code == 1
    assert replay_run(folder).identical
