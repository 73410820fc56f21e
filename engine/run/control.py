"""Words from outside to a run that another process drives: files in its folder, taken in order at its next tick.

A word is written whole or not at all, and removed only once the run has journalled what it says; each of them says the
same if it is said twice.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from pydantic import ValidationError

from engine.config.faults import faults_of
from engine.core.errors import InputError, JournalError, Problem
from engine.core.events import AnyEvent, Halted, ParametersChanged, Paused, Resumed
from engine.core.types import Nanos
from engine.journal.atomic import write_atomically
from engine.journal.folder import status_of
from engine.journal.manifest import Status, read_run_file
from engine.journal.reader import Journal
from engine.run.remade import remade

FOLDER = "control"


class Pause(msgspec.Struct, frozen=True, tag="pause"):
    reason: str


class Resume(msgspec.Struct, frozen=True, tag="resume"):
    reason: str


class Halt(msgspec.Struct, frozen=True, tag="halt"):
    reason: str
    flatten: bool


class Set(msgspec.Struct, frozen=True, tag="set"):
    values: dict[str, str]


type Word = Pause | Resume | Halt | Set

_encoder, _decoder = msgspec.json.Encoder(), msgspec.json.Decoder(Pause | Resume | Halt | Set)


def say(folder: Path, word: Word) -> None:
    """Leave a word for the run. Raises JournalError where nobody drives it, InputError where it cannot do what a Set
    wants."""
    status = status_of(folder)
    if status is not Status.RUNNING:
        raise JournalError(Problem(str(folder), f"is not running: {status.value}"))
    if isinstance(word, Set):
        _check(folder, word)
    (folder / FOLDER).mkdir(exist_ok=True)
    write_atomically(folder / FOLDER / f"{time.time_ns():020d}.json", _encoder.encode(word))


def heard(folder: Path, now: Nanos) -> Iterator[AnyEvent]:
    """What was said, as events at `now`. Feed each before asking for the next: only then is it forgotten."""
    for path in sorted((folder / FOLDER).glob("*.json")):
        yield _event(_decoder.decode(path.read_bytes()), now)
        path.unlink()


def _event(word: Word, now: Nanos) -> AnyEvent:
    match word:
        case Pause(reason):
            return Paused(ts_event=now, ts_init=now, reason=reason)
        case Resume(reason):
            return Resumed(ts_event=now, ts_init=now, reason=reason)
        case Halt(reason, flatten):
            return Halted(ts_event=now, ts_init=now, reason=reason, flatten=flatten)
        case Set(values):
            return ParametersChanged(ts_event=now, ts_init=now, values=values)


def _check(folder: Path, word: Set) -> None:
    """With all that was changed before it, and what waits to be heard."""
    made = remade(folder, read_run_file(folder))
    before: dict[str, str] = {}
    for entry in Journal(folder).entries(types=(ParametersChanged.__name__,)):
        before |= entry.value.values  # type: ignore[union-attr]  # its type was asked for
    for path in sorted((folder / FOLDER).glob("*.json")):
        waiting = _decoder.decode(path.read_bytes())
        before |= waiting.values if isinstance(waiting, Set) else {}
    try:
        made.strategy.with_changes(made.parameters, before | word.values)
    except ValidationError as error:
        faults = faults_of(type(made.parameters), error)
        named = ((".".join(("strategy", *map(str, fault.path))), fault.message) for fault in faults)
        raise InputError(*(Problem("set", message, field=field) for field, message in named)) from error
    except ValueError as error:
        raise InputError(Problem("set", str(error))) from error
