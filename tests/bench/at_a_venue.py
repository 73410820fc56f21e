"""How soon an order leaves after a tick, and a fill is known: all of ours, and a bare NautilusTrader strategy, in turns
at the same venue on loopback. A busy moment makes all that comes in it late, so the calmest try of each counts."""

from functools import cache
from statistics import median

from tests.bench.measure import Measure, our_python, run
from tests.bench.workbench import Workbench

TRIES, TICKS = 3, 60
BAR = 1.5

type Took = dict[str, list[int]]  # "orders", "fills", "told" -> nanoseconds, one each


def tick_to_order_vs_bare(bench: Workbench) -> Measure:
    """From a tick to the order leaving, all of ours against a bare NautilusTrader strategy, at a venue on loopback."""
    return _against_bare(bench, "tick_to_order_vs_bare", "orders")


def fill_to_state_vs_bare(bench: Workbench) -> Measure:
    """From the venue's fill message to the state that has it, against a bare strategy that reads its position, what it
    realised and the fee."""
    return _against_bare(bench, "fill_to_state_vs_bare", "fills")


def _against_bare(bench: Workbench, name: str, what: str) -> Measure:
    ours, bare = ([took[what] for took in _tries(bench)[whose] if took[what]] for whose in ("ours", "bare"))
    detail = f"median (p99): {_shown(ours)} against {_shown(bare)}; {sum(map(len, ours))} of ours"
    if what == "fills":
        told = [took["told"] for took in _tries(bench)["bare"] if took["told"]]
        detail += f"; bare is told at {_calmest_us(told):,.0f} us, and reads then"
    return Measure(name, _calmest_us(ours) / _calmest_us(bare), BAR, detail, less_is_better=True)


@cache
def _tries(bench: Workbench) -> dict[str, list[Took]]:
    took: dict[str, list[Took]] = {"bare": [], "ours": []}
    turns = tuple(took) * TRIES
    with bench.venue(accounts=len(turns)) as places:
        for whose, place in zip(turns, places, strict=True):
            words = (whose, place, bench.run_file, bench.folder / "timed", str(TICKS))
            took[whose].append(run(*our_python("tests.bench.tick_to_order", *words)).said)
    return took


def _calmest_us(tries: list[list[int]]) -> float:
    return min((float(median(times)) for times in tries), default=float("nan")) / 1000


def _shown(tries: list[list[int]]) -> str:
    times = sorted(ns for each in tries for ns in each)
    p99 = times[int(len(times) * 0.99)] / 1000 if times else float("nan")
    return f"{_calmest_us(tries):,.0f} ({p99:,.0f}) us"
