"""Stories of the real strategy on the scenario venue, with a journal: whole, or cut at any event and taken up again."""

from collections.abc import Callable, Iterable
from copy import copy
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec

from engine.config.tree import _plain
from engine.core.commands import Cancel, Command, Outcome, Submit
from engine.core.events import AnyEvent
from engine.core.policy import Policy
from engine.core.session import Session
from engine.journal.manifest import Manifest, Status, new_manifest
from engine.journal.writer import create_run
from engine.run.scenario import NAME, UNLIMITED, venue_and_policy
from engine.run.scenario_files import CONFIG, TAPE, Behaviour, Config, read_config, read_tape
from engine.simulation.scenario_tape import Line
from engine.simulation.scenario_venue import ScenarioVenue
from tests.support import cases

EXAMPLES = Path(__file__).resolve().parents[2] / "examples/scenarios"


class Story(NamedTuple):
    config: Config
    tape: tuple[Line, ...]


def story_of(case_dir: Path) -> Story:
    return Story(read_config(case_dir / CONFIG), read_tape(case_dir / TAPE))


def a_story(seed: int, length: int = 400, version: Behaviour = "safe") -> Story:
    """A random one of which something can be expected: enough balance, quotes near the market."""
    random = Random(seed)
    plain = cases.config(random, version)
    plain["strategy"] |= {"bid_spread": 0.3, "ask_spread": 0.3, "filled_order_delay": 4, "order_refresh_time": 5}
    plain["sim"] |= {"balance": "1000000", "handshake": False}
    tape = cases.tape(random, plain["sim"]["price_tick"], length)
    config = msgspec.convert(_exact(plain), Config)
    return Story(config, msgspec.json.decode(msgspec.json.encode(tape), type=tuple[Line, ...]))


def parts(story: Story) -> tuple[ScenarioVenue, Policy[Any]]:
    return venue_and_policy(Path("story"), story.config)


def manifest_of(policy: Policy[Any]) -> Manifest:
    parameters: Any = policy
    config = {"strategy": {"name": NAME, **_plain(parameters.parameters)}, "risk": _plain(UNLIMITED)}
    # a fixed version: somebody may be editing the sources while a test runs
    return msgspec.structs.replace(new_manifest("paper", "BTCUSDT-PERP.SCENARIO", config), code_version="story")


class Outlet:
    """A venue that stands for another process: it keeps what it said (`log`) and what it was told (`arrived`), and goes
    on whatever becomes of who listens. Give it a fresh `listener` and feed that one what it has missed."""

    def __init__(self, venue: ScenarioVenue, run: str) -> None:
        self.venue, self.run = venue, run
        self.log: list[AnyEvent] = []
        self.arrived: list[Command] = []
        self.tell: Callable[[AnyEvent], None] = lambda _event: None
        venue.connect(self.said)

    def twin(self) -> "Outlet":
        """Another one that stands where this one stands, and that nobody listens to. What a venue remembers are frozen
        values in a list and a dict."""
        venue = copy(self.venue)
        venue.rows, venue.orders = list(venue.rows), dict(venue.orders)
        other = Outlet(venue, self.run)
        other.log, other.arrived = list(self.log), list(self.arrived)
        return other

    def said(self, event: AnyEvent) -> None:
        self.log.append(event)
        self.tell(event)

    def send(self, command: Command) -> None:
        self.arrived.append(command)
        self.venue.send(command)

    def play(self, line: Line, first: bool, queries: Callable[[], Any]) -> None:
        if first:
            self.said(self.venue.start(line.t, run=self.run))
        self.venue.tick(line)
        self.said(self.venue.market(queries()))

    def play_all(self, tape: Iterable[Line], session: Session[Any]) -> None:
        for n, line in enumerate(tape):
            self.play(line, n == 0, lambda: session.policy.depth_queries(session.state) if session.state else ())


def played(story: Story, record: Callable[[int, AnyEvent, tuple[Outcome, ...]], None], run: str) -> Outlet:
    """From beginning to end without a cut."""
    venue, policy = parts(story)
    outlet = Outlet(venue, run)
    session = Session(policy, UNLIMITED, record, outlet.send)
    outlet.tell = session.feed
    outlet.play_all(story.tape, session)
    return outlet


def story_run(runs: Path, story: Story, *, seal: bool = True, durable: bool = False) -> Path:
    """The folder of a story's run."""
    with create_run(runs, manifest_of(parts(story)[1]), durable=durable) as writer:
        played(story, writer.record, writer.run)
        if seal:
            writer.seal(Status.ENDED)
    return writer.folder


def submits(commands: list[Command]) -> list[str]:
    return [command.id for command in commands if isinstance(command, Submit)]


def cancels(commands: list[Command]) -> list[str]:
    return [command.id for command in commands if isinstance(command, Cancel)]


def _exact(value: Any) -> Any:
    """As a config file's numbers are read."""
    return msgspec.json.Decoder(float_hook=Decimal).decode(msgspec.json.encode(value))
