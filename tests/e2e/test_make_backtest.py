"""The command that a new user types first, after set-up; then again, when there is less to do."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def make_backtest(folder: Path) -> subprocess.CompletedProcess[str]:
    # -o: as it is, set up or not; the tests are not to change the environment that they run in.
    words = [
        "make",
        "-s",
        "-o",
        ".venv/.ready",
        "-o",
        "setup",
        "backtest",
        f"LAKE={folder}/lake",
        f"RUNS={folder}/runs",
    ]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not (ROOT / ".venv/bin/perpmm").exists(), reason="set up without make setup: no .venv/bin/perpmm")
def test_make_backtest_ends_with_a_page_and_remakes_nothing(tmp_path: Path) -> None:
    first, again = make_backtest(tmp_path), make_backtest(tmp_path)
    for made in (first, again):
        assert made.returncode == 0, made.stderr
        page = re.search(r"^page +(.+)$", made.stdout, re.MULTILINE)
        assert page
        assert Path(page[1]).stat().st_size > 100_000
    digests = [re.findall(r"^digest +(\w+)$", made.stdout, re.MULTILINE) for made in (first, again)]
    assert digests[0] == digests[1] != []
    assert "making the sample" in first.stderr
    assert "making the sample" not in again.stderr
