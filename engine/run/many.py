"""Backtests in processes of their own: NautilusTrader allows one engine a process, and holds the interpreter while it
runs. Workers are spawned, since a fork of a process in which an engine ran would hang."""

import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty
from typing import Any, NamedTuple

from engine.config.read import Override, read_config

LOOK_EVERY_S = 0.1


class Job(NamedTuple):
    """A run file with some values replaced; `parent`: the id of the run that it varies."""

    run_file: Path
    changes: tuple[Override, ...] = ()
    parent: str | None = None


type Shares = Queue[tuple[int, float]]  # the job's number, and the share of it that is done

_told: Shares | None = None  # set in a worker as it starts


def all_run(
    jobs: Sequence[Job], *, workers: int | None = None, progress: Callable[[float], None] = lambda _share: None
) -> list[Any]:
    """The results (engine.run.simulate.Result) of all jobs, in their order. `workers`: processes at once, by default
    one a processor. `progress` is told the share of all that is done.

    Raises what the first job that failed raised, once those that run have ended; the others are not begun.
    """
    context = get_context("spawn")
    shares: Shares = context.Queue()
    count = min(len(jobs), workers or os.process_cpu_count() or 1)
    done = dict.fromkeys(range(len(jobs)), 0.0)
    with ProcessPoolExecutor(count, context, initializer=_begun, initargs=(shares,)) as pool:
        futures = [pool.submit(_run, n, job) for n, job in enumerate(jobs)]
        waiting = set(futures)
        try:
            while waiting:
                ended, waiting = wait(waiting, LOOK_EVERY_S, FIRST_COMPLETED)
                for future in ended:
                    future.result()
                done |= _latest(shares)
                progress(sum(done.values()) / len(jobs))
        finally:
            for future in futures:
                future.cancel()
    progress(1.0)
    return [future.result() for future in futures]


def _latest(shares: Shares) -> dict[int, float]:
    found: dict[int, float] = {}
    while True:
        try:
            number, share = shares.get_nowait()
        except Empty:
            return found
        found[number] = share


def _begun(shares: Shares) -> None:
    global _told  # noqa: PLW0603  a pool's worker is given its queue once, as it starts
    _told = shares
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _run(number: int, job: Job) -> Any:
    from engine.run.simulate import backtest, planned  # noqa: PLC0415  only a worker needs the engine

    def tell(stage: str, share: float) -> None:
        if _told is not None:
            _told.put((number, share if stage == "analysis" else 0.95 * share))

    created = datetime.now(UTC).isoformat(timespec="seconds")  # noqa: TID251  told to people, decides nothing
    plan = planned(read_config(job.run_file, job.changes), parent=job.parent)
    return backtest(plan, created=created, progress=_coarse(tell))


def _coarse(tell: Callable[[str, float], None]) -> Callable[[str, float], None]:
    """A step of a hundredth is worth a message, a tick is not."""
    said: dict[str, float] = {}

    def progress(stage: str, share: float) -> None:
        if share - said.get(stage, -1.0) >= 0.01:
            said[stage] = share
            tell(stage, share)

    return progress
