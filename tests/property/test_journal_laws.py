"""Laws of the journal: what is written decodes to an equal value, and nothing but the run decides the digest."""

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given

from engine.core.commands import Outcome
from engine.core.events import AnyEvent
from engine.journal.entry import decode, encode
from engine.journal.manifest import read_run_file
from tests.support import builders
from tests.support.journals import toy_run


@given(builders.events | builders.outcomes)
def test_every_value_comes_back_equal(value: AnyEvent | Outcome) -> None:
    assert decode(encode(value)) == value
    assert encode(decode(encode(value))) == encode(value)


def test_digest_is_the_same_under_another_hash_seed_and_in_another_folder(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.support.journals import toy_run; toy_run(Path(sys.argv[1]))"
    )
    seals = []
    for seed in ("0", "4711"):
        runs = tmp_path / seed
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": ".",
            "TZ": "Asia/Tokyo" if seed == "0" else "",
        }
        subprocess.run([sys.executable, "-c", code, str(runs)], check=True, env=environment)
        seals.append(read_run_file(next(runs.iterdir())).seal)
    assert seals == [read_run_file(toy_run(tmp_path)).seal] * 2
