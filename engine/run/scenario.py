"""Stories of a strategy on the venue of rules R1 to R9: run one, or hold a folder of them against what they expect."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from engine.config.faults import validated
from engine.core.errors import InputError, Problem
from engine.core.policy import Policy
from engine.core.risk import Limits
from engine.core.session import Session
from engine.core.state import State
from engine.core.types import PositionMode
from engine.run.scenario_diff import Divergence, divergence
from engine.run.scenario_files import CONFIG, EXPECTED, TAPE, Behaviour, Config, read_config, read_rows, read_tape
from engine.simulation.scenario_tape import Line
from engine.simulation.scenario_venue import Row, ScenarioVenue
from strategies.registry import STRATEGIES

NAME = "perpetual_market_making"
UNLIMITED = Limits(whole_units=False, self_cross=False)  # the venue floors (R8); limits are no part of these stories

type Progress = Callable[[int, int, str], None]  # cases done, cases in all, the one that begins


class Failure(msgspec.Struct, frozen=True):
    """A case that did not come out as expected, or could not be run: `told` is for people, several lines."""

    case: str
    told: str
    t: int | None = None


class Report(msgspec.Struct, frozen=True):
    total: int
    matched: int
    failures: tuple[Failure, ...] = ()

    def __str__(self) -> str:
        return "\n".join([*(f"{f.case}: {f.told}" for f in self.failures), f"matched {self.matched}/{self.total}"])


def run_case(case_dir: Path, behaviour: Behaviour | None = None) -> list[Row]:
    """The rows of one case, in the form of its expected.jsonl. `behaviour` replaces the case's `version`.

    Raises InputError for a file that is missing or wrong.
    """
    return _run(case_dir, _read(case_dir, behaviour), read_tape(case_dir / TAPE))


def check(folder: Path, behaviour: Behaviour | None = None, progress: Progress = lambda *_: None) -> Report:
    """Run every case of a folder (or the one case that it is) and compare. A broken case fails, the others go on."""
    cases = _cases(folder)
    failures: list[Failure] = []
    for n, case_dir in enumerate(cases):
        progress(n, len(cases), case_dir.name)
        failure = _checked(case_dir, behaviour)
        if failure is not None:
            failures.append(failure)
    return Report(len(cases), len(cases) - len(failures), tuple(failures))


def play[S](policy: Policy[S], venue: ScenarioVenue, tape: Iterable[Line]) -> Iterator[State[S]]:
    """Drive one session over a tape: per line the venue, then the strategy, both at time t (R1). Yields the core's
    state after each line."""
    session = Session(policy, UNLIMITED, lambda *_: None, venue.send)
    venue.connect(session.feed)
    for n, line in enumerate(tape):
        if n == 0:
            session.feed(venue.start(line.t, run="scenario"))
        venue.tick(line)
        assert session.state is not None
        session.feed(venue.market(policy.depth_queries(session.state)))
        yield session.state


def _cases(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError(Problem(str(folder), "no such folder"))
    if (folder / CONFIG).is_file():
        return [folder]
    cases = sorted(path.parent for path in folder.glob(f"*/{CONFIG}"))
    if not cases:
        raise InputError(Problem(str(folder), f"no case in it: a case is a folder with {CONFIG}, {TAPE}, {EXPECTED}"))
    return cases


def _checked(case_dir: Path, behaviour: Behaviour | None) -> Failure | None:
    try:
        config, tape = _read(case_dir, behaviour), read_tape(case_dir / TAPE)
        expected, got = read_rows(case_dir / EXPECTED), _run(case_dir, config, tape)
    except InputError as error:
        return Failure(case_dir.name, str(error))
    found = divergence(expected, got)
    return None if found is None else Failure(case_dir.name, _told(found, tape), found.t)


def _told(found: Divergence, tape: tuple[Line, ...]) -> str:
    line = tape[max(0, min(found.t - tape[0].t, len(tape) - 1))]
    return "\n".join(
        [
            f"first difference at {found.t}",
            *(f"    agreed    {row}" for row in found.before),
            f"    book      {line.t} bids {_levels(line.bids)} asks {_levels(line.asks)}",
            f"    expected  {found.expected or 'nothing more'}",
            f"    got       {found.got or 'nothing more'}",
        ]
    )


def _levels(levels: tuple[tuple[Any, Any], ...]) -> str:
    return ", ".join(f"{price} x {size}" for price, size in levels[:2]) or "none"


def _read(case_dir: Path, behaviour: Behaviour | None) -> Config:
    config = read_config(case_dir / CONFIG)
    return config if behaviour is None else msgspec.structs.replace(config, version=behaviour)


def venue_and_policy(case_dir: Path, config: Config) -> tuple[ScenarioVenue, Policy[Any]]:
    """What a case is played with. Raises InputError with all that is wrong with its strategy's keys."""
    strategy = STRATEGIES[NAME]
    keys = {key: value for key, value in config.strategy.items() if value is not None}
    said = {"behaviour": config.version, "market": config.sim.pair, **keys}
    made, faults = validated(strategy.parameters, said)
    if made is None:
        where = ((".".join(map(str, ("strategy", *fault.path))), fault.message) for fault in faults)
        raise InputError(*(Problem(str(case_dir / CONFIG), message, field=field) for field, message in where))
    parameters: Any = made  # the registry's own type, which has these two
    venue = ScenarioVenue(config.sim, PositionMode(parameters.position_mode), parameters.leverage)
    return venue, strategy.policy(parameters)


def _run(case_dir: Path, config: Config, tape: tuple[Line, ...]) -> list[Row]:
    venue, policy = venue_and_policy(case_dir, config)
    for _ in play(policy, venue, tape):
        pass
    return venue.rows
