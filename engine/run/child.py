"""For notebooks and scripts: runs made from Python, each in a process of its own, with a progress bar."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.analysis.run import Run
from engine.analysis.runs import open_run
from engine.config.read import Override
from engine.run.assumptions import Band, band_of
from engine.run.bar import bar
from engine.run.many import Job, all_run

type Changes = Mapping[str, Any]  # "section.key": the value in its place


def backtest(
    run_file: str | Path, changes: Changes | None = None, *, runs: str | Path | None = None, progress: bool = True
) -> Run:
    """Backtest a run file, with some values replaced, such as `{"strategy.bid_spread": 0.05}`; the run, opened.

    `runs`: the folder for its folder, by default the run file's own. Raises ConfigError and DataError as the command
    does, each naming what is wrong where.
    """
    (run,) = sweep(run_file, [changes or {}], runs=runs, progress=progress)
    return run


def sweep(
    run_file: str | Path,
    variants: Sequence[Changes],
    *,
    runs: str | Path | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> list[Run]:
    """Backtest a run file once for each variant; the runs in their order. `workers`: at once, by default one a
    processor."""
    jobs = [Job(Path(run_file), _overrides(changes, runs)) for changes in variants]
    title = "Backtest" if len(jobs) == 1 else f"{len(jobs)} backtests"
    with bar(title) if progress else nullcontext(_silent) as tell:
        results = all_run(jobs, workers=workers, progress=tell)
    return [open_run(result.run_dir) for result in results]


def band(
    run_file: str | Path,
    changes: Changes | None = None,
    *,
    runs: str | Path | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> Band:
    """As `perpmm backtest --band`: three assumptions of fills, four order latencies, one verdict."""
    with bar("Band") if progress else nullcontext(_silent) as tell:
        return band_of(Path(run_file), _overrides(changes or {}, runs), workers=workers, progress=tell)


def _silent(_share: float) -> None:
    pass


def _overrides(changes: Changes, runs: str | Path | None) -> tuple[Override, ...]:
    wanted = {**changes, **({} if runs is None else {"output.runs": str(runs)})}
    return tuple(Override("changes", tuple(key.split(".")), _exact(value)) for key, value in wanted.items())


def _exact(value: Any) -> Any:
    """A run file's numbers are decimals: 0.05 is what was typed, not the nearest float."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, list | tuple):
        return [_exact(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _exact(each) for key, each in value.items()}
    return value
