"""The set-up as a user's machine would try it: shims that fail, folders with spaces, a lock that has fallen behind."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~ ;\[]", line, maxsplit=1)[0].lower().replace("_", "-") for line in requirements}


def pinned(lock: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", (ROOT / lock).read_text(), re.MULTILINE))


def test_every_requirement_is_pinned_by_its_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    assert names(project["project"]["dependencies"] + groups["dev"]) <= pinned("requirements.lock")
    assert names(groups["bench"]) <= pinned("requirements-bench.lock")


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-bench.lock"])
def test_a_lock_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert text.count("--hash=sha256:") >= len(pinned(lock))
    assert "nautilus-trader==2.0.0rc7" in text or lock != "requirements.lock"


def test_make_alone_lists_the_targets() -> None:
    listed = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {"setup", "backtest", "test", "check", "bench", "clean"} <= set(re.findall(r"make (\w+)", listed))


@pytest.mark.skipif(not (ROOT / ".tools/bin/uv").exists(), reason="set up without scripts/setup: no .tools/bin/uv")
def test_setup_sees_through_a_shim_that_fails(tmp_path: Path) -> None:
    shims, version = tmp_path / "my pyenv" / "shims", tmp_path / "my pyenv" / "versions" / "3.13.0" / "bin"
    for folder in (shims, version):
        folder.mkdir(parents=True)
    for name in ("python3", "python3.13"):
        (shims / name).write_text("#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n")
        (shims / name).chmod(0o755)
    (version / "python3.13").symlink_to(Path(sys.executable).resolve())
    (tmp_path / "empty.lock").write_text("")
    environment = {k: v for k, v in os.environ.items() if k not in ("PYENV_ROOT", "VIRTUAL_ENV")}
    environment |= {"PATH": f"{shims}:/usr/bin:/bin", "HOME": str(tmp_path)}
    arguments = [str(ROOT / "scripts/setup"), str(tmp_path / "new venv"), str(tmp_path / "empty.lock")]
    made = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    assert str(version) in made.stderr
    answer = [str(tmp_path / "new venv/bin/python"), "-c", "import sys; print(sys.version_info[:2])"]
    assert subprocess.run(answer, capture_output=True, text=True, check=True).stdout.strip() == "(3, 13)"
