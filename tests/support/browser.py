"""A real headless Chromium, where there is one."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), str(MACOS) if MACOS.exists() else None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=20000",
    "--window-size=1440,900",
)

needs_browser = pytest.mark.skipif(BROWSER is None, reason=f"no browser on PATH ({', '.join(NAMES)})")


def dumped_dom(page: Path, *flags: str) -> str:
    """The page's document after its scripts have run."""
    return _browse(page, "--dump-dom", *flags)


def screenshot(page: Path, into: Path, *flags: str) -> Path:
    _browse(page, f"--screenshot={into}", *flags)
    return into


def _browse(page: Path, *flags: str) -> str:
    assert BROWSER is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [BROWSER, *FLAGS, f"--user-data-dir={profile}", *flags, page.absolute().as_uri()]
        ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return ended.stdout
