"""`perpmm recover`."""

from pathlib import Path

import msgspec

from engine.cli import speak
from engine.journal.manifest import Status
from engine.run.recover import Found, seal_crashed
from engine.run.runs import iso, run_folder

RECOVERED, QUARANTINED = 1, 2


def show(run: str, runs: Path, *, as_json: bool) -> int:
    folder = run_folder(run, runs)
    found = seal_crashed(folder)
    if as_json:
        speak.json_object({"run_dir": str(folder), **msgspec.to_builtins(found)})
    else:
        _tell(folder, found)
    return QUARANTINED if found.status is Status.QUARANTINED else RECOVERED


def _tell(folder: Path, found: Found) -> None:
    checked = found.verdict
    until = "" if checked.readable_ns is None else f", until {iso(checked.readable_ns)}"
    speak.line(f"{folder.name}: sealed as {found.status.value}; {checked.readable:,} entries are whole{until}")
    for damage in checked.damages:
        speak.line(f"  {damage}")
    if checked.torn:
        speak.line(f"  {checked.torn}; it was never acted on")
    for order in found.working:
        speak.line(f"  order {order} was working: ask the venue what became of it")
    for command in found.in_doubt:
        speak.line(f"  may have left or not: {type(command).__name__} {getattr(command, 'id', '')}")
    for leg, held in found.positions.items():
        speak.line(f"  position {leg}: {held}")
    if found.market_lost:
        speak.line(f"  {found.market_lost}")
    if found.state_unknown:
        speak.line(f"  what it held is not known: {found.state_unknown}")
