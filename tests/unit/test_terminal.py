"""While a node runs the terminal is for our own words: what its logger shouts is left out, all else is heard."""

import subprocess
import sys

from tests.support.cli import PROJECT, environment

PROGRAM = """
import os, sys
from engine.nautilus.terminal import without_log_of
with without_log_of("TRADER-001"):
    os.write(2, b"2026 [ERROR] TRADER-001.engine: it shouts\\n")
    print("ours", file=sys.stderr)
    os.write(2, b"thread panicked\\n")
    if "dies" in sys.argv:
        os._exit(1)
os.write(2, b"2026 [ERROR] TRADER-001.engine: afterwards\\n")
print("as before", file=sys.stderr)
"""


def heard(*arguments: str) -> set[str]:
    words = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(words, cwd=PROJECT, env=environment(), capture_output=True, text=True, check=False)
    return set(done.stderr.splitlines())


def test_its_errors_are_left_out_for_as_long_as_it_runs() -> None:
    assert heard() == {"ours", "thread panicked", "2026 [ERROR] TRADER-001.engine: afterwards", "as before"}


def test_what_is_said_as_the_process_dies_is_heard() -> None:
    assert heard("dies") >= {"ours", "thread panicked"}
