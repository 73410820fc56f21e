"""One manifest, one list of commands: in every process, under every hash seed and time zone, however it is batched."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.journal.manifest import read_run_file
from engine.journal.reader import Journal
from engine.run.replay import replay_run
from tests.support.stories import a_story, story_run

ROOT = Path(__file__).resolve().parents[2]
PURE = sorted(path for room in ("engine/core", "strategies") for path in (ROOT / room).rglob("*.py"))
STORIES = (("safe", 1), ("safe", 28), ("classic", 38), ("head", 9))
PLAY = """
import sys
from pathlib import Path
from tests.support.stories import a_story, story_run
for word in sys.argv[2:]:
    version, seed = word.split("-")
    story_run(Path(sys.argv[1]) / word, a_story(int(seed), 200, version))
"""
CLOCKS_AND_CHANCE = {
    "asyncio", "datetime", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets", "socket", "sys",
    "threading", "time", "uuid",
}  # fmt: skip
IMPURE_CALLS = {"open", "print", "input", "hash", "id", "exec", "eval", "globals", "vars"}
UNORDERED = {"set", "frozenset"}
ORDERLESS = {"set", "frozenset", "any", "all", "sum", "len", "min", "max", "sorted"}  # do not care for an order


def seals(runs: Path) -> list[object]:
    return [read_run_file(next((runs / f"{v}-{s}").iterdir())).seal for v, s in STORIES]


def test_the_same_in_every_process_under_every_hash_seed_and_time_zone(tmp_path: Path) -> None:
    for version, seed in STORIES:
        story_run(tmp_path / "here" / f"{version}-{seed}", a_story(seed, 200, version))  # type: ignore[arg-type]
    here = seals(tmp_path / "here")
    for n, (hash_seed, zone) in enumerate((("0", "Asia/Kathmandu"), ("1", "America/St_Johns"), ("4711", "UTC"))):
        runs = tmp_path / str(n)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hash_seed, "TZ": zone}
        words = [sys.executable, "-c", PLAY, str(runs), *(f"{v}-{s}" for v, s in STORIES)]
        subprocess.run(words, check=True, env=environment, cwd=tmp_path)
        assert seals(runs) == here


@pytest.mark.parametrize("batch", [1, 7, 100_000])
def test_the_same_however_it_is_written_and_read(batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story = a_story(1, 200)
    plain = story_run(tmp_path, story)
    monkeypatch.setattr("engine.journal.writer.BATCH", batch)
    monkeypatch.setattr("engine.journal.reader.PAGE", batch)
    other = story_run(tmp_path, story)
    assert [entry.hash for entry in Journal(other).entries()] == [entry.hash for entry in Journal(plain).entries()]
    assert replay_run(other).identical


def test_a_second_run_of_a_manifest_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    one, other = (story_run(tmp_path, a_story(1, 50)) for _ in range(2))
    assert one != other
    assert read_run_file(one).run == read_run_file(other).run


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_in_the_pure_rooms_can_differ_from_run_to_run(path: Path) -> None:
    assert list(faults(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "text",
    [
        "import time",
        "from random import random",
        "n = hash(x)",
        "for leg in {a, b}: f(leg)",
        "found = [f(leg) for leg in set(legs)]",
        "found = tuple({leg for leg in legs})",
    ],
)
def test_what_can_differ_is_seen(text: str) -> None:
    assert list(faults(ast.parse(text)))


def faults(tree: ast.Module) -> Iterator[str]:
    """Clocks, chance, the machine, and sets whose order would matter."""
    careless = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ORDERLESS
        for inner in node.args
    }
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (f"imports {n.name}" for n in names if n.name.partition(".")[0] in CLOCKS_AND_CHANCE)
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in CLOCKS_AND_CHANCE:
                yield f"imports {module}"
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_CALLS:
                yield f"calls {name} in line {node.lineno}"
            case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name not in ORDERLESS and is_set(first):
                yield f"{name} of a set in line {node.lineno}"
            case ast.For(iter=of) if is_set(of):
                yield f"goes through a set in line {node.lineno}"
            case ast.ListComp(generators=parts) | ast.DictComp(generators=parts) | ast.GeneratorExp(generators=parts):
                if id(node) not in careless and any(is_set(part.iter) for part in parts):
                    yield f"goes through a set in line {node.lineno}"


def is_set(node: ast.expr) -> bool:
    named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in UNORDERED
    return named or isinstance(node, ast.Set | ast.SetComp)
