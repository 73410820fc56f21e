"""`perpmm journal`."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from engine.cli import speak
from engine.cli.words import said
from engine.core.errors import ConfigError, Problem
from engine.journal.entry import TYPES, Entry
from engine.journal.manifest import Status
from engine.journal.reader import Journal
from engine.run.runs import first_seq, iso, run_folder

POLL_S = 0.5
HIDDEN = ("type", "ts_event", "ts_init")


def show(run: str, runs: Path, types: list[str], since: str | None, *, follow: bool, as_json: bool) -> None:
    if unknown := [name for name in types if name not in TYPES]:
        raise ConfigError(
            *(Problem(f"--type {name}", f"no such type; there are {', '.join(TYPES)}") for name in unknown)
        )
    folder = run_folder(run, runs)
    journal = Journal(folder)
    start = 1 if since is None else first_seq(journal, since)
    for entry in _entries(folder, start, types, follow=follow):
        speak.line(_json(entry) if as_json else _text(entry))


def _entries(folder: Path, start: int, types: list[str], *, follow: bool) -> Iterator[Entry]:
    """With `follow`, what is there and then what comes, until nobody writes any more."""
    while True:
        journal = Journal(folder)
        watermark = journal.high_watermark()
        yield from journal.entries(since=start, until=watermark, types=types or None)
        start = max(start, watermark + 1)
        if not follow or journal.status is not Status.RUNNING:
            return
        time.sleep(POLL_S)


def _json(entry: Entry) -> str:
    head = {"seq": entry.seq, "kind": entry.kind, "hash": entry.hash.hex()}
    payload: dict[str, Any] = msgspec.json.decode(entry.payload)
    times = {"ts_event": entry.ts_event, "ts_init": entry.ts_init}
    return msgspec.json.encode({**head, **times, **payload}).decode()


def _text(entry: Entry) -> str:
    payload: dict[str, Any] = msgspec.json.decode(entry.payload)
    return f"{entry.seq:>8}  {iso(entry.ts_init):<30}  {entry.type:<21}  {said(payload, HIDDEN)}"
