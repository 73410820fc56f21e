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
OF_SETS = {"union", "intersection", "difference", "symmetric_difference"}
ORDERLESS = {"set", "frozenset", "any", "all", "sum", "len", "min", "max", "sorted"}  # do not care for an order
IN_ORDER = {
    "tuple",
    "list",
    "dict",
    "iter",
    "next",
    "enumerate",
    "zip",
    "map",
    "filter",
    "reversed",
    "join",
    "extend",
    "fromkeys",
}


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
        "legs = {leg for leg in given}\nfor leg in legs: f(leg)",
        "def f(legs: set[Leg]) -> None:\n    g([leg for leg in legs])",
        "def f(legs: frozenset[Leg] | None) -> tuple[Leg, ...]:\n    return tuple(legs)",
        "class Own:\n    legs: frozenset[Leg]\ndef f(own):\n    for leg in own.legs: g(leg)",
        "def legs() -> set[Leg]: ...\nfound = [f(leg) for leg in legs()]",
        "for leg in one_set.union(other): f(leg)",
        "for leg in set(a) - set(b): f(leg)",
        "legs: set[Leg] = g()\nf(*legs)",
        "legs = frozenset(given)\nfound = dict.fromkeys(legs)",
    ],
)
def test_what_can_differ_is_seen(text: str) -> None:
    assert list(faults(ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "legs = {a}\nfor leg in sorted(legs): f(leg)",
        "legs = {a}\nfound = any(f(leg) for leg in legs)",
        "for leg in legs: f(leg)",
    ],
)
def test_what_cannot_differ_is_let_be(text: str) -> None:
    assert not list(faults(ast.parse(text)))


def faults(tree: ast.Module) -> Iterator[str]:
    """Clocks, chance, the machine, and sets whose order would matter, also those that only a name stands for."""
    named = set_names(tree)

    def is_set(node: ast.expr) -> bool:
        return is_a_set(node, named)

    careless = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ORDERLESS
        for inner in node.args
    }
    spread_in_sets = {id(each) for node in ast.walk(tree) if isinstance(node, ast.Set) for each in node.elts}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (f"imports {n.name}" for n in names if n.name.partition(".")[0] in CLOCKS_AND_CHANCE)
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in CLOCKS_AND_CHANCE:
                yield f"imports {module}"
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_CALLS:
                yield f"calls {name} in line {node.lineno}"
            case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in IN_ORDER and is_set(first):
                yield f"{name} of a set in line {node.lineno}"
            case ast.Call(func=ast.Attribute(attr=name), args=[first, *_]) if name in IN_ORDER and is_set(first):
                yield f"{name} of a set in line {node.lineno}"
            case ast.Starred(value=of) if is_set(of) and id(node) not in spread_in_sets:
                yield f"spreads a set in line {node.lineno}"
            case ast.For(iter=of) if is_set(of):
                yield f"goes through a set in line {node.lineno}"
            case ast.ListComp(generators=parts) | ast.DictComp(generators=parts) | ast.GeneratorExp(generators=parts):
                if id(node) not in careless and any(is_set(part.iter) for part in parts):
                    yield f"goes through a set in line {node.lineno}"


def set_names(tree: ast.Module) -> set[str]:
    """Names (also of fields, and of functions that return one) that stand for a set anywhere in the file: that another
    function's variable of that name is none is no excuse."""
    named: set[str] = set()
    while True:
        found = set(named)
        for node in ast.walk(tree):
            match node:
                case ast.AnnAssign(target=target, annotation=written) if says_set(written):
                    found |= name_of(target)
                case ast.arg(arg=name, annotation=ast.expr() as written) if says_set(written):
                    found.add(name)
                case ast.FunctionDef(name=name, returns=ast.expr() as written) if says_set(written):
                    found.add(name)
                case ast.Assign(targets=targets, value=value):
                    pairs = [pair for target in targets for pair in assigned(target, value)]
                    found |= {name for to, given in pairs if is_a_set(given, named) for name in name_of(to)}
        if found == named:
            return named
        named = found


def assigned(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return list(zip(target.elts, value.elts, strict=False))
    return [(target, value)]


def says_set(annotation: ast.expr) -> bool:
    """`set[X]`, `frozenset[X]`, or one of these or something else; not what only holds some inside."""
    match annotation:
        case ast.Name(id=name) | ast.Subscript(value=ast.Name(id=name)):
            return name in UNORDERED
        case ast.BinOp(left=left, right=right):
            return says_set(left) or says_set(right)
    return False


def name_of(node: ast.expr) -> set[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return {name}
    return set()


def is_a_set(node: ast.expr, named: set[str]) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in UNORDERED or name in named
        case ast.Call(func=ast.Subscript(value=ast.Name(id=name))):
            return name in UNORDERED
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in OF_SETS or name in named
        case ast.BinOp(op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor(), left=left, right=right):
            return is_a_set(left, named) or is_a_set(right, named)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in named
        case ast.IfExp(body=one, orelse=other):
            return is_a_set(one, named) or is_a_set(other, named)
    return False
