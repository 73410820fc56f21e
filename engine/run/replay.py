"""A run decided anew from nothing but its folder."""

from pathlib import Path

import msgspec

from engine.journal.reader import Journal
from engine.journal.replay import Divergence, replay
from engine.journal.verify import damages
from engine.run.remade import remade


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was compared, up to the first divergence or the end. A journal with `damages` is not replayed."""

    events: int = 0
    commands: int = 0
    identical: bool = False
    damages: tuple[str, ...] = ()
    divergence: Divergence | None = None
    same_code: bool


def replay_run(folder: Path) -> Outcome:
    """Raises JournalError where there is no run, or one that this code cannot make again."""
    made = remade(folder, Journal(folder).run_file)
    if found := damages(folder):
        return Outcome(damages=tuple(found), same_code=made.same_code)
    replayed = replay(folder, made.policy, made.limits)
    return Outcome(
        events=replayed.events,
        commands=replayed.commands,
        identical=replayed.divergence is None,
        divergence=replayed.divergence,
        same_code=made.same_code,
    )
