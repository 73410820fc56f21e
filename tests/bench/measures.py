"""What is measured: a function each, from the workbench to the measure."""

from collections.abc import Callable

from tests.bench.measure import ROOT, Measure, alternating, our_python, run
from tests.bench.workbench import COPIES, INSTRUMENT, Workbench

BENCH_PYTHON = ROOT / ".cache/bench-venv/bin/python"


def replay_vs_bare(bench: Workbench) -> Measure:
    """The loop of `perpmm backtest`, journal on, against NautilusTrader replaying the same catalog for nobody."""
    bare = our_python("tests.bench.bare_replay", bench.run_file, bench.catalog(COPIES))
    ours, theirs = alternating(bench.backtest(COPIES), bare)
    detail = f"{ours.rate:,.0f} of {theirs.rate:,.0f} rows/s"
    return Measure("replay_vs_bare", ours.rate / theirs.rate, 0.60, detail)


def ingest_vs_hftbacktest(bench: Workbench) -> Measure:
    """Raw capture to catalog, against raw capture to hftbacktest's npz."""
    tapes = (bench.tape(1).folder, bench.tape(COPIES).folder)
    theirs = (BENCH_PYTHON, ROOT / "tests/bench/hftbacktest_convert.py", *tapes, bench.folder / "npz")
    ours = our_python("tests.bench.our_ingest", *tapes, bench.folder / "ingested", INSTRUMENT)
    fast, slow = alternating(ours, theirs)
    return Measure("ingest_vs_hftbacktest", fast.rate / slow.rate, 1.0, f"{fast.rate:,.0f} to {slow.rate:,.0f} rows/s")


def memory_4x(bench: Workbench) -> Measure:
    """The most memory that a backtest holds, on data four times as long."""
    once, four_times = (run(*bench.backtest(copies)).peak for copies in (COPIES // 4, COPIES))
    detail = f"{bench.tape(COPIES).rows:,} rows against {bench.tape(COPIES // 4).rows:,}"
    return Measure("memory_4x", four_times / once, 1.1, detail, less_is_better=True)


MEASURES: tuple[Callable[[Workbench], Measure], ...] = (replay_vs_bare, ingest_vs_hftbacktest, memory_4x)
