"""What several tests need and none changes is made once a test run, by whichever of its processes asks first."""

import atexit
import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

ROOT = "PERPMM_MADE_ONCE"  # names the folder to the processes that this one starts


def root() -> Path:
    """Gone with the process that asked first."""
    if ROOT not in os.environ:
        os.environ[ROOT] = mkdtemp(prefix="perpmm-test-")
        atexit.register(shutil.rmtree, os.environ[ROOT], ignore_errors=True)
    return Path(os.environ[ROOT])


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """A folder that `make` has filled: whole, or not there."""
    made, unfinished = root() / name, root() / f"{name}.unfinished"
    with (root() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(made)
    return made
