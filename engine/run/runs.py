"""Which run a user means, and times as they are shown and typed."""

from datetime import UTC, datetime
from pathlib import Path

from engine.config.times import nanos, utc
from engine.config.tree import Output
from engine.core.errors import JournalError, Problem
from engine.core.types import SECOND, Nanos
from engine.journal.manifest import MANIFEST_FILE
from engine.journal.reader import Journal

RUNS: Path = Output().runs


def run_folder(named: str, runs: Path = RUNS) -> Path:
    """A run by its folder, or by its id below `runs`. Raises JournalError where there is none."""
    for folder in (Path(named), runs / named):
        if (folder / MANIFEST_FILE).is_file():
            return folder
    raise JournalError(Problem(named, f"no run here, nor below {runs}: a run is a folder with {MANIFEST_FILE}"))


def time_ns(text: str, source: str) -> Nanos:
    """An ISO time (UTC if it says nothing else), or nanoseconds since the epoch."""
    if text.isdecimal() and len(text) > 12:
        return int(text)
    try:
        return nanos(utc(text))
    except ValueError as error:
        raise JournalError(Problem(source, str(error))) from error


def first_seq(journal: Journal, since: str) -> int:
    """Where to begin for `--since`: an entry's number, or a time: the first entry that is not before it."""
    if since.isdecimal() and len(since) <= 12:
        return int(since)
    wanted = time_ns(since, "--since")
    low, high = 1, journal.high_watermark() + 1
    while low < high:  # entries stand in order of time
        middle = (low + high) // 2
        entry = next(journal.entries(since=middle, until=middle), None)
        low, high = (middle + 1, high) if entry is not None and entry.ts_init < wanted else (low, middle)
    return low


def iso(ns: Nanos) -> str:
    """UTC, to the nanosecond where it is not a whole second."""
    whole, rest = divmod(ns, SECOND)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"
