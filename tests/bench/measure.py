"""A figure and the bar it must pass; a command run in a process of its own, with what it took."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Measure(NamedTuple):
    """`value` passes at `bar` or more, or, where less is better, at or under it. `detail` is for the table's reader."""

    name: str
    value: float
    bar: float
    detail: str
    less_is_better: bool = False

    @property
    def passed(self) -> bool:
        return self.value <= self.bar if self.less_is_better else self.value >= self.bar


class Ran(NamedTuple):
    """The JSON that a command printed, and the most memory it held at once, in the unit of this system."""

    said: Any
    peak: int

    @property
    def rate(self) -> float:
        """Rows a second."""
        took = self.said.get("summary", self.said)
        return float(took["rows"] / took["seconds"])


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def run(*words: str | Path) -> Ran:
    """Raises RuntimeError with the end of what the command said on standard error, if it fails.

    Call it from a process that holds little: a child's peak counts what its parent held when it began.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = subprocess.Popen(
            [str(word) for word in words], cwd=ROOT, stdout=out, stderr=err, stdin=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode:
            raise RuntimeError(f"{' '.join(map(str, words))} exited with {child.returncode}\n{err.read()[-2000:]}")
        return Ran(json.loads(out.read().splitlines()[-1]), usage.ru_maxrss)


def our_python(module: str, *words: str | Path) -> tuple[str | Path, ...]:
    return (sys.executable, "-m", module, *words)


def alternating(*commands: Sequence[str | Path], tries: int = 3) -> tuple[Ran, ...]:
    """The faster of three of each command, in turns, so that a busy moment of the machine strikes all of them."""
    ran: list[list[Ran]] = [[] for _ in commands]
    for attempt in range(tries):
        for n, command in enumerate(commands):
            result = run(*command)
            ran[n].append(result)
            what = next(Path(word).name for word in command[1:] if word != "-m")
            note(f"    {attempt + 1} of {tries}  {what:<30}{result.rate:>12,.0f} rows/s")
    return tuple(max(results, key=lambda r: r.rate) for results in ran)
