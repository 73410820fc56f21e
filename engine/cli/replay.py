"""`perpmm replay`."""

from pathlib import Path

import msgspec

from engine.cli import speak
from engine.journal.replay import Divergence
from engine.run.replay import Outcome, replay_run
from engine.run.runs import iso, run_folder

IDENTICAL, DIVERGED, DAMAGED = 0, 1, 2


def show(run: str, runs: Path, *, as_json: bool) -> int:
    folder = run_folder(run, runs)
    outcome = replay_run(folder)
    code = DAMAGED if outcome.damages else IDENTICAL if outcome.divergence is None else DIVERGED
    if as_json:
        speak.json_object({"run_dir": str(folder), **msgspec.to_builtins(outcome)})
    else:
        _tell(outcome)
    return code


def _tell(outcome: Outcome) -> None:
    if outcome.damages:
        for damage in outcome.damages:
            speak.line(f"damaged: {damage}")
        speak.line("A damaged journal is not replayed; `perpmm verify` says what can still be read.")
        return
    if outcome.divergence is None:
        speak.line(f"{outcome.events:,} events, {outcome.commands:,} commands, identical")
    else:
        _tell_divergence(outcome, outcome.divergence)
    if not outcome.same_code:
        speak.note("note: the run was made by another version of the code")


def _tell_divergence(outcome: Outcome, found: Divergence) -> None:
    speak.line(f"different after {outcome.events - 1:,} events and {outcome.commands:,} commands that are identical")
    speak.line(f"  event    entry {found.event_seq}, {iso(found.ts_init)}")
    speak.line(f"           {found.event}")
    speak.line(f"  journal  entry {found.seq}: {found.expected or 'nothing more'}")
    speak.line(f"  replay   entry {found.seq}: {found.got or 'nothing more'}")
    speak.line("  state after it, journal -> replay:")
    for difference in found.states:
        speak.line(f"    {difference}")
