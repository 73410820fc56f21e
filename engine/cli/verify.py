"""`perpmm verify`."""

from pathlib import Path

from engine.cli import speak
from engine.journal.reader import Journal
from engine.journal.verify import verdict
from engine.run.data_named import DataNow, data_now
from engine.run.runs import iso, run_folder

DATA = {
    DataNow.SAME: "its catalog holds what the run saw",
    DataNow.OTHER: "its catalog holds OTHER data than the run saw",
    DataNow.GONE: "its catalog is not where it lay",
}
WORDS = {0: "sealed and whole", 1: "whole as far as it goes", 2: "DAMAGED"}


def show(run: str, runs: Path, *, as_json: bool) -> int:
    folder = run_folder(run, runs)
    found = verdict(folder)
    run_file = Journal(folder).run_file
    seal, data = run_file.seal, data_now(folder, run_file)
    if as_json:
        speak.json_object(
            {
                "run_dir": str(folder),
                "status": found.status,
                "verdict": found.code,
                "damages": list(found.damages),
                "readable": found.readable,
                "readable_ns": found.readable_ns,
                "high_watermark": None if seal is None else seal.high_watermark,
                "torn": found.torn,
                "data": data,
            }
        )
        return found.code
    speak.line(f"{folder.name}: {found.status.value}, {WORDS[found.code]}")
    for damage in found.damages:
        speak.line(f"  {damage}")
    if found.torn:
        speak.line(f"  {found.torn}; it was never acted on")
    until = "" if found.readable_ns is None else f", until {iso(found.readable_ns)}"
    speak.line(f"  {found.readable:,} entries are what was written{until}")
    if seal is not None and seal.reason:
        speak.line(f"  sealed: {seal.reason}")
    if data is not DataNow.UNNAMED:
        speak.line(f"  market data: {DATA[data]}")
    return found.code
