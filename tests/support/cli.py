"""The command as a user types it: a process of its own, its output, its exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.once import made_once

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLES = PROJECT / "examples"
INSTRUMENT = "BTCUSDT-PERP.BINANCE"


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output, and nothing beside it."""
        assert self.out.count("\n") == 1, self.out
        value: dict[str, Any] = json.loads(self.out)
        return value


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(PROJECT), "COLUMNS": "200"} | more


def command(*arguments: str | Path, program: str = "engine.cli") -> list[str]:
    return [sys.executable, "-m", program, *map(str, arguments)]


def perpmm(*arguments: str | Path, cwd: Path | None = None, **more: str) -> Said:
    done = subprocess.run(
        command(*arguments), cwd=cwd, env=environment(**more), capture_output=True, text=True, timeout=240, check=False
    )
    return Said(done.returncode, done.stdout, done.stderr)


def sample(minutes: int = 3) -> Path:
    """A small catalog, made as a user makes it."""

    def make(folder: Path) -> None:
        made = perpmm("data", "synthetic", "--out", folder / "raw", "--minutes", str(minutes), "--json")
        files = made.json["files"]
        read = perpmm("data", "ingest", *files, "--instrument", INSTRUMENT, "--catalog", folder / "catalog", "--json")
        assert read.code == 0, read.err

    return made_once(f"sample-{minutes}", make) / "catalog"


def run_file(folder: Path, *changes: tuple[str, str], catalog: Path | None = None) -> Path:
    """The example run file on a small catalog, changed."""
    text = (EXAMPLES / "take_profit.toml").read_text()
    for old, new in (('"data/lake/sample"', json.dumps(str(catalog or sample()))), *changes):
        assert old in text, old
        text = text.replace(old, new, 1)
    path = folder / "run.toml"
    path.write_text(text)
    return path
