"""Live runs through seeded faults at the venue on loopback, killed and hung at random moments besides.

`python -m tests.support.live_faults 1-300` plays a range of seeds, and prints what was played and what was wrong.
"""

import random
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, NamedTuple

import msgspec

from engine.journal.reader import Journal
from engine.run.replay import replay_run
from engine.venue_sim.faults import Fault, mixture
from tests.support.cli import sample
from tests.support.hashed_names import of_no_run
from tests.support.live import BUSY, LiveRun, live_process, sim, sized, wait
from tests.support.live_checker import ends_alike, problems, read_story
from tests.support.venue_process import venue_process

LIMIT = Decimal("0.06")  # base units
RISK = ("--set=risk.max_feed_age_ms=3000", "--no-report")
HEDGE = {"position_mode": "Hedge", "quote_flat_leg": "true"}
A_BEGINNING = 8  # entries: it ticks
BEGINNINGS = 30  # a venue under maintenance, or one that bans, is tried again, as its user would


class Played(NamedTuple):
    seed: int
    wrong: tuple[str, ...]
    seconds: float
    faults: int


def played(seed: int, folder: Path, span_s: float, speed: float = 1.0, name: str = "BINANCE") -> Played:
    """One venue of that name, one account, and as many lives of a run as it takes."""
    log, chance = folder / "venue.jsonl", random.Random(f"lives:{seed}")
    options = ("--loop", "--log", str(log), "--speed", str(speed), "--seed", str(seed))
    with venue_process(sample(), *options, "--protocol", name) as venue:
        venue["name"] = name
        began, wrong, hedge = time.monotonic(), list[str](), seed % 3 == 0 and name == "BINANCE"
        end = Span(venue, mixture(seed, span_s), span_s, HEDGE if hedge else {})
        for life in range(BEGINNINGS):
            last = _lived(folder, venue, chance, end)
            if last is not None:
                wrong += [f"life {life}: {last}"] if last else []
                break
        wrong += _judged(folder, log, venue)
        seconds = (time.monotonic() - began) * speed
    return Played(seed, tuple(wrong), seconds, log.read_text().count('"kind":"fault"'))


class Span:
    """The time of the faults: it begins with the first quote. `mode` is what the run is told of its position mode."""

    def __init__(self, venue: dict[str, Any], faults: tuple[Fault, ...], seconds: float, mode: dict[str, str]) -> None:
        self._venue, self._faults, self._seconds, self.mode = venue, faults, seconds, mode
        self._end: float | None = None

    def begin(self) -> None:
        if self._end is None:
            self._end = time.monotonic() + self._seconds
            for fault in self._faults:
                sim(self._venue, "fault", msgspec.to_builtins(fault))

    @property
    def left(self) -> float:
        return self._seconds if self._end is None else self._end - time.monotonic()


def _lived(folder: Path, venue: dict[str, Any], chance: random.Random, span: Span) -> str | None:
    """From a beginning to an end, or to the next kill: None. Returns what was wrong with the end, if anything was."""
    crashed = [run for run in _runs(folder) if not _sealed(run)]
    resume = ("--resume", crashed[-1].name) if crashed else ()
    before, limit = _entries(folder), f"--set=risk.max_position={sized(venue, LIMIT)}"
    with live_process(folder, venue, limit, *RISK, *resume, **BUSY, **span.mode) as run:
        wait(lambda: _entries(folder) > before + A_BEGINNING or run.process.poll() is not None)
        span.begin()
        left = span.left
        fate = chance.choice(["kill", "hang", "go on", "go on"]) if left > 5 else "go on"
        if fate != "go on" and run.process.poll() is None:
            time.sleep(chance.uniform(0.1, max(0.2, left * 0.6)))
            if fate == "kill":
                return _killed(run)
            _hung(run, chance.uniform(0.5, 4.0))
        while run.process.poll() is None and span.left > 0:
            time.sleep(0.1)
        if run.process.poll() is not None:
            return _fallen(run)
        run.process.send_signal(signal.SIGTERM)
        code = run.ended()
        return "" if code == 128 + signal.SIGTERM else f"exit code {code}: {run.said.read_text()[-2000:]}"


def _killed(run: LiveRun) -> None:
    run.process.kill()
    run.process.wait()


def _hung(run: LiveRun, seconds: float) -> None:
    run.process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    run.process.send_signal(signal.SIGCONT)


def _fallen(run: LiveRun) -> str | None:
    """Bad input is a venue that did not answer before the first order: it is tried again."""
    time.sleep(1)
    return None if run.process.returncode == 2 else f"fell over: {run.said.read_text()[-3000:]}"


def _judged(folder: Path, log: Path, venue: dict[str, Any]) -> list[str]:
    runs = _runs(folder)
    wrong = list(of_no_run(runs, log))
    for run in runs:
        story = read_story(run, log, venue["key"])
        if not story.entries:  # its node never came up
            continue
        found = [*problems(story, sized(venue, LIMIT)), *(ends_alike(story) if run == runs[-1] else ())]
        wrong += [f"{run.name}: {each}" for each in found]
        replayed = replay_run(run)
        wrong += (
            [] if replayed.identical else [f"{run.name}: its replay differs: {replayed.divergence or replayed.damages}"]
        )
    return wrong if runs else ["it never began"]


def _runs(folder: Path) -> list[Path]:
    return (
        sorted((folder / "runs").iterdir(), key=lambda run: run.stat().st_ctime) if (folder / "runs").is_dir() else []
    )


def _entries(folder: Path) -> int:
    """Of all its journals."""
    return sum(Journal(run).high_watermark() for run in _runs(folder) if (run / "manifest.json").is_file())


def _sealed(run: Path) -> bool:
    return '"chain"' in (run / "manifest.json").read_text()


def main(seeds: str, span_s: str = "40", speed: str = "1", at_once: str = "2", name: str = "BINANCE") -> int:
    first, _, last = seeds.partition("-")
    with ThreadPoolExecutor(int(at_once)) as pool:

        def one(seed: int) -> Played:
            folder = Path(mkdtemp(prefix=f"perpmm-faults-{seed}-"))
            each = played(seed, folder, float(span_s), float(speed), name)
            if each.wrong:
                return each._replace(wrong=(*each.wrong, f"look into {folder}"))
            rmtree(folder)
            return each

        done = list[Played]()
        for each in pool.map(one, range(int(first), int(last or first) + 1)):
            done.append(each)
            print(f"seed {each.seed}: {each.faults} faults, {'; '.join(each.wrong) or 'all holds'}", flush=True)  # noqa: T201
    hours, faults = sum(each.seconds for each in done) / 3600, sum(each.faults for each in done)
    bad = [each.seed for each in done if each.wrong]
    print(f"{len(done)} seeds, {hours:.2f} hours of simulated market, {faults} faults injected; wrong: {bad or 'none'}")  # noqa: T201
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
