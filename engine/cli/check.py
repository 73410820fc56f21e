"""`perpmm data check`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.table import Table

from data.manifest import NAME
from data.quality.limits import Limits, limits_of
from data.quality.verdict import Verdict, Word, said
from engine.cli import show, speak
from engine.cli.exits import BAD_INPUT, OK
from engine.core.errors import ConfigError, Problem
from engine.run.check import Contract, check_catalog, check_files

STYLES = {Word.CLEAN: "green", Word.USABLE: "yellow", Word.UNFIT: "red"}
type Page = Callable[[dict[str, Verdict], Limits], None]  # writes one

STAGES = {"check": "Looking through the data"}


def run(
    paths: list[Path],
    contract: tuple[str | None, Path | None, Path | None],
    limited: tuple[Path | None, list[str]],
    page: Page | None,
    *,
    strict: bool,
    as_json: bool,
) -> int:
    """The exit code: unfit data are bad input; under `strict` usable ones too."""
    limits = limits_of(*limited)
    found = _verdicts(paths, Contract(*contract), limits)
    if page is not None:
        page(found, limits)
    if as_json:
        speak.json_object(_as_json(found, limits))
    else:
        for name, each in found.items():
            _tell(name, each)
    worst = max((each.word for each in found.values()), key=lambda word: word.badness)
    return BAD_INPUT if worst is Word.UNFIT or (strict and worst is Word.USABLE) else OK


def _verdicts(paths: list[Path], contract: Contract, limits: Limits) -> dict[str, Verdict]:
    catalogs = [path for path in paths if (path / NAME).is_file()]
    if not catalogs:
        with show.progress(STAGES) as bar:
            found = check_files(paths, contract, limits, lambda share: bar("check", share))
            bar("check", 1.0)
        return {contract.instrument_id or "": found}
    if len(paths) > 1:
        raise ConfigError(Problem(str(catalogs[0]), "is a catalog: give one catalog, or files"))
    return check_catalog(catalogs[0], contract.instrument_id, limits)


def _as_json(found: dict[str, Verdict], limits: Limits) -> dict[str, Any]:
    worst = max(found.values(), key=lambda each: each.word.badness)
    instruments = {name: said(each) for name, each in found.items()}
    return {
        "verdict": worst.word.value,
        "reason": worst.reason,
        "instruments": instruments,
        "limits": limits.model_dump(),
    }


def _tell(name: str, found: Verdict) -> None:
    style = STYLES[found.word]
    show.OUT.print(f"[bold]{name}[/bold]: [bold {style}]{found.word}[/bold {style}], {found.reason}", soft_wrap=True)
    if found.days:
        show.OUT.print(_table(found))
    for reason in found.reasons[1:]:
        show.OUT.print(f"  [{STYLES[reason.word]}]{reason.word}[/]: {reason.text}", soft_wrap=True, highlight=False)
    for note in found.notes:
        show.OUT.print(f"  [dim]note: {note}[/dim]", soft_wrap=True, highlight=False)
    for row in found.findings.head(5).iter_rows(named=True):
        place = "" if row["source"] is None else f", {Path(row['source']).name}:{row['line'] or ''}".rstrip(":")
        show.OUT.print(f"  [dim]{row['kind']}: {row['detail']}{place}[/dim]", soft_wrap=True, highlight=False)
    if (more := sum(found.found.values()) - 5) > 0:
        show.OUT.print(f"  [dim]and {more:,} more findings: --json and --page have them[/dim]")


def _table(found: Verdict) -> Table:
    grid = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    grid.add_column("day", no_wrap=True)
    grid.add_column("verdict", no_wrap=True)
    for name in ("hours", "messages", "trades", "gaps", "lost s", "crossed", "locked", "silent s"):
        grid.add_column(name, justify="right", no_wrap=True)
    for day, (word, _, tally) in found.days.items():
        grid.add_row(
            day,
            f"[{STYLES[word]}]{word}[/]",
            f"{tally.span_s / 3600:.2f}",
            f"{tally.messages + tally.quotes:,}",
            f"{tally.trades:,}",
            f"{tally.breaks + tally.outages + tally.silences:,}",
            f"{tally.lost_ns / 1e9:,.1f}",
            f"{tally.crossed:,}",
            f"{tally.locked:,}",
            f"{tally.longest_ns / 1e9:,.2f}",
        )
    return grid
