"""One run file, one list of commands from a backtest: however many events the node holds at once, in every process,
whatever its hash seed and time zone; and a folder of its own each time."""

from pathlib import Path

import pytest

from engine.config.read import read_config
from engine.run.simulate import backtest, planned
from tests.support.cli import perpmm, run_file

CHUNKS = (61, 1_000_000)
PROCESSES = (("1", "Asia/Kathmandu"), ("4711", "America/St_Johns"))


def test_a_backtest_s_digest_depends_on_nothing_but_its_run_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, digests, folders = run_file(tmp_path), list[str](), list[Path]()
    monkeypatch.chdir(tmp_path)
    for chunk in CHUNKS:
        monkeypatch.setattr("engine.nautilus.node.CHUNK", chunk)
        made = backtest(planned(read_config(file, [])), created="")
        digests.append(made.digest)
        folders.append(made.run_dir)
        assert made.summary["orders"] > 10
    for hash_seed, zone in PROCESSES:
        said = perpmm("backtest", file, "--no-report", "--json", cwd=tmp_path, PYTHONHASHSEED=hash_seed, TZ=zone)
        assert said.code == 0, said.err
        digests.append(said.json["digest"])
        folders.append(Path(said.json["run_dir"]))
    assert len(set(digests)) == 1
    assert len(set(folders)) == len(digests)
