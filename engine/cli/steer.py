"""`perpmm pause`, `resume`, `set`, `halt`: words to a run that another process drives."""

from pathlib import Path

import msgspec

from engine.cli import speak
from engine.core.errors import ConfigError, Problem
from engine.journal.manifest import read_run_file
from engine.run import halt as switch
from engine.run.control import Pause, Resume, Set, Word, say
from engine.run.ids_sent import ids_sent
from engine.run.keys import keys_of
from engine.run.market_now import account_at
from engine.run.runs import run_folder
from engine.venue_api.errors import VenueError

STILL_OPEN = 1


def pause(run: str, runs: Path, reason: str, *, as_json: bool) -> None:
    _say(run, runs, Pause(reason), "its quotes will be pulled at the next tick; its exits go on", as_json=as_json)


def resume(run: str, runs: Path, reason: str, *, as_json: bool) -> None:
    _say(run, runs, Resume(reason), "it will quote again from the next tick on", as_json=as_json)


def change(run: str, runs: Path, given: list[str], *, as_json: bool) -> None:
    """`given` as key=value; the key may stand with its section, as in the run file."""
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for each in given:
        key, equals, value = each.partition("=")
        if not equals or not value:
            problems.append(Problem("set", f"{each}: write it as strategy.bid_spread=0.2"))
        elif "." in key and not key.startswith("strategy."):
            problems.append(Problem("set", "only parameters of the strategy can be changed while running", field=key))
        values[key.removeprefix("strategy.")] = value
    if problems:
        raise ConfigError(*problems)
    _say(run, runs, Set(values), "acts at the next proposal", as_json=as_json)


def halt(run: str, runs: Path, *, flatten: bool, everyones: bool, as_json: bool) -> int:
    """The run is told before anything is asked of the keys or the venue, which may be what fails."""
    folder = run_folder(run, runs)
    run_file = read_run_file(folder)
    section = switch.venue_of(folder, run_file)
    if told := switch.told(folder, flatten=flatten):
        speak.note(f"{folder.name} was told to halt")
    try:
        with account_at(section, keys_of(section)) as venue:
            switch.check_account(run_file, venue)
            sent = tuple if everyones else ids_sent(folder)
            done = switch.swept(run_file, venue, flatten=flatten, everyones=everyones, sent=sent)
    except VenueError as error:
        raise ConfigError(Problem(section.name, str(error))) from error
    if as_json:
        speak.json_object({"done": done.done, **msgspec.to_builtins(done), "told": told})
    else:
        _tell(done, told=told)
    return 0 if done.done else STILL_OPEN


def _say(run: str, runs: Path, word: Word, then: str, *, as_json: bool) -> None:
    folder = run_folder(run, runs)
    say(folder, word)
    if as_json:
        speak.json_object({"run_dir": str(folder), "said": msgspec.to_builtins(word)})
    else:
        speak.line(f"{folder.name}: told; {then}")


def _tell(done: switch.Halted, *, told: bool) -> None:
    speak.line(f"cancelled {len(done.cancelled)}; {len(done.resting)} of ours still rest")
    for order in done.strangers:
        speak.line(
            f"  left alone: {order.side.name} {order.leaves} at {order.price} ({order.client_id}), not this run's"
        )
    for held in done.holdings:
        speak.line(f"  position {held.position_side}: {held.size} at {held.entry}")
    if not done.holdings:
        speak.line("  flat")
    speak.line("the run was told, and sends nothing more" if told else "the run is not running")
