"""`perpmm data download`."""

import os
import time
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from data.download.fetch import Became, Fetcher, Got
from data.download.vendors import HYPERLIQUID, VENDORS, Order, Wanted, aws_commands, wanted
from engine.cli import show, speak
from engine.core.errors import ConfigError, DataError, Problem

TIMEOUT_S = 30.0


def run(name: str, order: Order, out: Path, *, as_json: bool) -> None:
    """Raises ConfigError for what a vendor does not have, DataError where nothing at all could be had."""
    if name not in VENDORS:
        raise ConfigError(Problem("VENDOR", f"{name} is none of {', '.join(VENDORS)}"))
    vendor, files = VENDORS[name], wanted(name, order)
    if files and files[0].urls[0].startswith(HYPERLIQUID):
        commands = "\n".join(aws_commands(order, str(out)))
        reason = f"{vendor.words}. Amazon's client does that; run\n{commands}"
        raise ConfigError(Problem("hyperliquid", reason))
    key = os.environ.get(vendor.key, "") if vendor.key else ""
    _check_keys(files, key, vendor.words)
    speak.note(f"note: {vendor.words}")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(Problem("--out", f"{out}: {error.strerror or error}")) from error
    headers = {"User-Agent": "perpmm", "Accept-Encoding": "identity"} | (
        {"Authorization": f"Bearer {key}"} if key else {}
    )
    with httpx.Client(headers=headers, timeout=TIMEOUT_S, follow_redirects=True) as client:
        got = _fetched(files, Fetcher(client, out, vendor.words, time.sleep))
    if all(each.became is Became.MISSING for each in got):
        hosts = ", ".join(sorted({urlsplit(url).netloc for file in files for url in file.urls}))
        raise DataError(Problem(hosts, f"has none of the {len(got)} files, such as {files[0].urls[0]}"))
    if as_json:
        speak.json_object({"folder": str(out), "files": [msgspec.to_builtins(each) for each in got]})
        return
    for each in got:
        speak.line(f"{out / each.name}: {each.became}")


def order_of(symbol: str, days: tuple[str, str | None], types: list[str], **places: str | None) -> Order:
    """Raises ConfigError for days that are none."""
    problems, read = list[Problem](), list[date]()
    for option, text in zip(("--from", "--to"), (days[0], days[1] or days[0]), strict=True):
        try:
            read.append(date.fromisoformat(text))
        except ValueError:
            problems.append(Problem(option, f"{text!r} is no day: 2024-08-01"))
    if problems:
        raise ConfigError(*problems)
    given = {name: value for name, value in places.items() if value}
    return Order(symbol=symbol, first=read[0], last=read[1], types=tuple(types), **given)


def _check_keys(files: list[Wanted], key: str, words: str) -> None:
    if not key and (paid := [file.name for file in files if not file.free]):
        raise ConfigError(
            Problem(paid[0], f"and {len(paid) - 1} more need a key. {words}" if paid[1:] else f"needs a key. {words}")
        )


def _fetched(files: list[Wanted], fetcher: Fetcher) -> list[Got]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    got = []
    with Progress(*columns, console=show.ERR, disable=not show.ERR.is_terminal) as bars:
        for file in files:
            task = bars.add_task(file.name, total=None)
            got.append(fetcher.fetch(file, lambda done, total, at=task: bars.update(at, completed=done, total=total)))  # type: ignore[misc]
            bars.update(task, description=f"{file.name}: {got[-1].became}")
    return got
