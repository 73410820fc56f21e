"""`perpmm calibrate`."""

from pathlib import Path

from engine.analysis.calibration import Fitted
from engine.cli import show, speak
from engine.core.errors import ConfigError, Problem
from engine.journal.atomic import write_atomically
from engine.run.calibrate import Calibration, calibrate
from engine.run.runs import run_folder


def fit(run: str, runs: Path, out: Path | None, *, force: bool, as_json: bool) -> None:
    if out is not None and out.exists() and not force:
        raise ConfigError(Problem(str(out), "is there already; --force replaces it"))
    found = calibrate(run_folder(run, runs))
    if out is not None:
        write_atomically(out, found.run_file.encode())
    if as_json:
        fills = {name: each._asdict() for name, each in found.fills.items()}
        said = {"latency_ms": found.latency._asdict(), "fills": fills, "best": found.best}
        speak.json_object({**said, "file": None if out is None else str(out)})
        return
    show.tables(_said(found))
    speak.line(f"simulation.order_latency_ms = {round(found.latency.value)}, simulation.fills = {found.best!r}")
    if out is not None:
        speak.line(f"written to {out}")


def _said(found: Calibration) -> dict[str, dict[str, str]]:
    latency = found.latency
    error = "none held out" if latency.error is None else f"held out: off by {latency.error:,.3g} ms in the mean"
    fills = {name: f"{each.value:.2%} of their rest, held out {_share(each)}" for name, each in found.fills.items()}
    return {
        "Latency": {f"median of {latency.shown:,} orders": f"{latency.value:,.4g} ms; {error}"},
        "Run and simulation disagree whether a quote had filled": fills,
    }


def _share(each: Fitted) -> str:
    return "none" if each.error is None else f"{each.error:.2%}"
