"""What `make bench` says of a figure, and what it knows of a command that it ran."""

import json
import sys

import pytest

from tests.bench.__main__ import results, table
from tests.bench.measure import Measure, run


def test_a_bar_is_passed_at_the_bar() -> None:
    assert Measure("speed", 0.6, 0.6, "").passed
    assert not Measure("speed", 0.5999, 0.6, "").passed
    assert Measure("memory", 1.1, 1.1, "", less_is_better=True).passed
    assert not Measure("memory", 1.11, 1.1, "", less_is_better=True).passed


def test_what_is_missed_is_said_in_table_and_results() -> None:
    measures = [Measure("speed", 0.5, 0.6, "why"), Measure("memory", 1.0, 1.1, "", less_is_better=True)]
    assert [line.split()[4] for line in table(measures).splitlines()[1:]] == ["MISSED", "pass"]
    assert json.loads(json.dumps(results(measures)))[0] == {"name": "speed", "value": 0.5, "bar": 0.6, "pass": False}


def test_peak_is_of_the_command_itself() -> None:
    # Measured from a small process, as `make bench` is: a child counts what its parent held when it began.
    of = "run(sys.executable, '-c', f'x = bytearray({size}); print(dict())').peak"
    code = f"import sys; from tests.bench.measure import run; small, big = ({of} for size in (1, 200_000_000))"
    said = run(sys.executable, "-c", f"{code}; print([small, big])").said
    assert said[1] > 3 * said[0]


def test_a_command_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match="no such luck"):
        run(sys.executable, "-c", "raise SystemExit('no such luck')")
