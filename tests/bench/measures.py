"""What is measured: a function each, from the workbench to the measure."""

from collections.abc import Callable
from functools import cache
from typing import Any

from tests.bench.at_a_venue import fill_to_state_vs_bare, tick_to_order_vs_bare
from tests.bench.measure import ROOT, Measure, Ran, alternating, our_python, run
from tests.bench.workbench import COPIES, INSTRUMENT, PERPMM, Tape, Workbench

BENCH_PYTHON = ROOT / ".cache/bench-venv/bin/python"
TRIES = 3


def replay_vs_bare(bench: Workbench) -> Measure:
    """The loop of `perpmm backtest`, journal on, against NautilusTrader replaying the same catalog for nobody."""
    bare = our_python("tests.bench.bare_replay", bench.run_file, bench.catalog(COPIES))
    ours, theirs = alternating(bench.backtest(COPIES), bare)
    detail = f"{ours.rate:,.0f} of {theirs.rate:,.0f} rows/s"
    return Measure("replay_vs_bare", ours.rate / theirs.rate, 0.60, detail)


@cache
def raw_vs_hftbacktest(bench: Workbench) -> Measure:
    """Raw capture to catalog, against raw capture to hftbacktest's npz."""
    fast, slow = _against_hftbacktest(bench, bench.tape(1), bench.tape(COPIES))
    return Measure("raw_vs_hftbacktest", fast.rate / slow.rate, 2.0, f"{fast.rate:,.0f} to {slow.rate:,.0f} rows/s")


def ingest_vs_hftbacktest(bench: Workbench) -> Measure:
    """The same figure by its first name and at its first bar."""
    return raw_vs_hftbacktest(bench)._replace(name="ingest_vs_hftbacktest", bar=1.0)


def tardis_vs_hftbacktest(bench: Workbench) -> Measure:
    """Tardis CSV to catalog, against the same to hftbacktest's npz."""
    fast, slow = _against_hftbacktest(bench, bench.tardis(1), bench.tardis(COPIES))
    return Measure("tardis_vs_hftbacktest", fast.rate / slow.rate, 2.0, f"{fast.rate:,.0f} to {slow.rate:,.0f} rows/s")


def tardis_vs_nautilus(bench: Workbench) -> Measure:
    """Tardis CSV to catalog, against NautilusTrader's own loader and writer, which make no quotes and check no book."""
    tapes = (bench.tardis(1).folder, bench.tardis(COPIES).folder)
    ours = our_python("tests.bench.our_ingest", *tapes, bench.folder / "ingested", INSTRUMENT)
    theirs = our_python("tests.bench.nautilus_tardis", *tapes, bench.folder / "nautilus", INSTRUMENT)
    fast, slow = alternating(ours, theirs)
    return Measure("tardis_vs_nautilus", fast.rate / slow.rate, 2.0, f"{fast.rate:,.0f} to {slow.rate:,.0f} rows/s")


def ingest_memory_10x(bench: Workbench) -> Measure:
    """The most memory that an ingest holds, on data ten times as long; the least of three each."""

    def peak(tape: Tape) -> int:
        words = ("data", "ingest", *tape.paths, "--instrument", INSTRUMENT, "--json", "--catalog")
        return min(run(*PERPMM, *words, bench.folder / f"memory-{tape.rows}-{n}").peak for n in range(TRIES))

    small, large = bench.tardis(COPIES // 2), bench.tardis(COPIES // 2 * 10)
    detail = f"{large.rows:,} rows against {small.rows:,}"
    return Measure("ingest_memory_10x", peak(large) / peak(small), 1.1, detail, less_is_better=True)


def _against_hftbacktest(bench: Workbench, warm_up: Tape, tape: Tape) -> tuple[Ran, Ran]:
    tapes = (warm_up.folder, tape.folder)
    theirs = (BENCH_PYTHON, ROOT / "tests/bench/hftbacktest_convert.py", *tapes, bench.folder / "npz")
    ours = our_python("tests.bench.our_ingest", *tapes, bench.folder / "ingested", INSTRUMENT)
    fast, slow = alternating(ours, theirs)
    return fast, slow


def memory_4x(bench: Workbench) -> Measure:
    """The most memory that a backtest holds, on data four times as long; the least of three, since threads that read
    ahead make the peak of one and the same run differ by a tenth."""
    once, four_times = (min(run(*bench.backtest(n)).peak for _ in range(TRIES)) for n in (COPIES // 4, COPIES))
    detail = f"{bench.tape(COPIES).rows:,} rows against {bench.tape(COPIES // 4).rows:,}"
    return Measure("memory_4x", four_times / once, 1.1, detail, less_is_better=True)


def tick_idle_us(bench: Workbench) -> Measure:
    """`step` on a tick without a change of mind, against a bare timer callback that reads the top of the book."""
    took = _ticks()
    rest = ", ".join(f"{us:.2f} {situation}" for situation, us in took["idle_us"].items())
    detail = f"aim 20 us; {rest}; the bar is 4 bare callbacks of {took['bare_us']:.2f}"
    return Measure("tick_idle_us", max(took["idle_us"].values()), 4 * took["bare_us"], detail, less_is_better=True)


def tick_requote_us(bench: Workbench) -> Measure:
    """`step` on a tick that makes four quotes, two levels a side, against the same bare callback."""
    took = _ticks()
    detail = f"aim 150 us; the bar is 30 bare callbacks of {took['bare_us']:.2f}"
    return Measure("tick_requote_us", took["requote_us"], 30 * took["bare_us"], detail, less_is_better=True)


def tick_vs_bare_timer(bench: Workbench) -> Measure:
    """How many bare callbacks an idle tick costs."""
    took = _ticks()
    idle, requote = max(took["idle_us"].values()) / took["bare_us"], took["requote_us"] / took["bare_us"]
    detail = f"times a bare callback, at the most; {requote:.2f} to make four quotes"
    return Measure("tick_vs_bare_timer", idle, 4.0, detail, less_is_better=True)


def journal_cost(bench: Workbench) -> Measure:
    """A backtest's loop with its journal, sealed, against the same without."""
    with_it, without = (
        our_python("tests.bench.journalled", bench.run_file, bench.catalog(COPIES), *more)
        for more in ((bench.folder / "journalled",), ())
    )
    slow, fast = alternating(with_it, without)
    detail = f"{slow.rate:,.0f} against {fast.rate:,.0f} rows/s"
    return Measure("journal_cost", fast.rate / slow.rate, 1.15, detail, less_is_better=True)


def replay_speedup(bench: Workbench) -> Measure:
    """Verifying and replaying a run from its folder, against the loop that made it."""
    made = run(*our_python("tests.bench.journalled", bench.run_file, bench.catalog(COPIES), bench.folder / "replayed"))
    (again,) = alternating(our_python("tests.bench.replayed", made.said["run_dir"]))
    detail = f"{again.said['rows']:,} events in {again.said['seconds']:.2f} s, made in {made.said['seconds']:.2f} s"
    return Measure("replay_speedup", made.said["seconds"] / again.said["seconds"], 20.0, detail)


def bytes_per_event(bench: Workbench) -> Measure:
    """What an event costs on disk, its commands and hashes included."""
    made = run(*our_python("tests.bench.journalled", bench.run_file, bench.catalog(COPIES), bench.folder / "sized"))
    size = run(*our_python("tests.bench.replayed", made.said["run_dir"])).said
    detail = f"{size['bytes']:,} bytes for {size['rows']:,} events; {made.said['rows']:,} rows of market data"
    return Measure("bytes_per_event", size["bytes"] / size["rows"], 500.0, detail, less_is_better=True)


def recovery_growth(bench: Workbench) -> Measure:
    """Taking up a killed run of a million entries, against one of twenty thousand: newest snapshot and tail."""
    large, small = (
        run(*our_python("tests.bench.recovery", str(entries), bench.folder / f"killed-{entries}")).said["seconds"]
        for entries in (1_000_000, 20_000)
    )
    detail = f"{large:.2f} s against {small:.2f} s, 9,000 entries after the snapshot in both"
    return Measure("recovery_growth", large / small, 2.0, detail, less_is_better=True)


def analysis_day_s(bench: Workbench) -> Measure:
    """Analysing a day of ticks, one a second, with ten thousand fills: frames, attribution, markouts, laws, summary."""
    took = _day(bench)
    detail = f"seconds, for {took['rows']:,} entries of the journal, read once"
    return Measure("analysis_day_s", took["seconds"], 2.0, detail, less_is_better=True)


def paper_memory_hour(bench: Workbench) -> Measure:
    """The most memory that a paper run holds while it trades an hour of an accelerated feed, against a quarter of it.
    The results are worked out after that, as a backtest's are: their memory is told beside it."""
    words = ("tests.bench.paper_memory", bench.run_file)
    quarter, hour = (run(*our_python(*words, bench.catalog(n), bench.folder / "papers")) for n in (COPIES // 4, COPIES))
    trading, everything = ((quarter.said[what], hour.said[what]) for what in ("trading", "all"))
    detail = f"{hour.rate:,.0f} rows/s; {_against(trading)}; with the results {_against(everything)}"
    return Measure("paper_memory_hour", trading[1] / trading[0], 1.1, detail, less_is_better=True)


def _against(peaks: tuple[int, int]) -> str:
    return f"{peaks[1]:,} against {peaks[0]:,}"


def page_day_mb(bench: Workbench) -> Measure:
    """The page of that day, with everything in it."""
    size = _day(bench)["page_bytes"] / 1e6
    return Measure("page_day_mb", size, 5.0, "megabytes, Plotly's script of 1.5 among them", less_is_better=True)


@cache
def _day(bench: Workbench) -> dict[str, Any]:
    tries = (run(*our_python("tests.bench.analysed", bench.folder / f"day-{n}")).said for n in range(TRIES))
    best: dict[str, Any] = min(tries, key=lambda said: said["seconds"])
    return best


@cache
def _ticks() -> dict[str, Any]:
    took: dict[str, Any] = run(*our_python("tests.bench.tick_cost")).said
    return took


MEASURES: tuple[Callable[[Workbench], Measure], ...] = (
    replay_vs_bare,
    raw_vs_hftbacktest,
    ingest_vs_hftbacktest,
    tardis_vs_hftbacktest,
    tardis_vs_nautilus,
    ingest_memory_10x,
    memory_4x,
    journal_cost,
    replay_speedup,
    bytes_per_event,
    recovery_growth,
    analysis_day_s,
    page_day_mb,
    tick_idle_us,
    tick_requote_us,
    tick_vs_bare_timer,
    paper_memory_hour,
    tick_to_order_vs_bare,
    fill_to_state_vs_bare,
)
