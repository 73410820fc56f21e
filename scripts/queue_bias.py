"""Hold the central fill assumption against the true queue of the synthetic venue, and write down what it is off by.

python -m scripts.queue_bias [SEEDS] writes docs/queue-bias.md. Each seed is a market that nothing was fitted to.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from math import sqrt
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

from data.synthetic import generate
from data.synthetic.settings import Settings
from data.synthetic.simulate import tapes
from data.synthetic.tape import US_PER_S, Tape, joined
from data.synthetic.true_queue import Cancels, Order, fill_times
from engine.analysis.markout import student
from engine.core.commands import Cancel, Draft, Wish
from engine.core.events import AnyEvent, OrderAccepted, OrderFilled, Started, Tick
from engine.core.risk import Limits
from engine.core.session import Send, Session
from engine.core.state import State
from engine.core.types import SECOND, Nanos, PositionMode, Side
from engine.nautilus.backtest import MarketData, run_backtest
from engine.nautilus.catalog import instrument_of
from engine.run.ingest import ingest
from engine.simulation.settings import Simulation

PAGE = Path(__file__).resolve().parents[1] / "docs/queue-bias.md"
INSTRUMENT = "BTCUSDT-PERP.BINANCE"
REST_S, EVERY_S = 8, 10
FIRST_SEED, SEEDS, MINUTES = 9_001, 8, 15.0
LOTS = 3  # the least that the venue takes at this price


class Prober:
    """Puts a small order on each side at the touch, and takes it back when it has rested."""

    needs_depth = False

    def initial(self, _event: Started) -> None:
        return None

    def evolve(self, _before: State[None], _event: AnyEvent) -> None:
        return None

    def depth_queries(self, _state: State[None]) -> tuple[Any, ...]:
        return ()

    def decide(self, state: State[None], event: AnyEvent) -> tuple[None, tuple[Wish, ...]]:
        if not isinstance(event, Tick) or event.top.bid is None or event.top.ask is None:
            return None, ()
        second = event.ts_event // SECOND % EVERY_S
        if second == REST_S:
            return None, tuple(Cancel(working.order.id, "rested") for working in state.orders)
        if second:
            return None, ()
        size = state.instrument.step * LOTS
        touch = ((Side.BUY, event.top.bid), (Side.SELL, event.top.ask))
        return None, tuple(Draft(side=side, size=size, price=price, post_only=True) for side, price in touch)


class Probe(NamedTuple):
    """An order, and how long it waited for its fill in seconds: as simulated, and in each true queue; None: never."""

    order: Order
    simulated: float | None
    true: dict[Cancels, float | None]


class Off(NamedTuple):
    """What the simulation says less what is true: the mean over markets, and half of its 95 % band."""

    mean: float
    half: float


def probes(seed: int, minutes: float, folder: Path, *, fills: str = "central") -> list[Probe]:
    """One market: its orders, simulated and true."""
    files = generate(seed=seed, out_dir=folder / "raw", minutes=minutes)
    catalog = folder / f"catalog-{seed}"
    ingest(files, instrument_id=INSTRUMENT, catalog=catalog)
    tape = joined(list(tapes(Settings(minutes=minutes), seed=seed)))
    simulated = _simulated(catalog, fills)
    orders = [order for order, _ in simulated]
    true = {cancels: _waits(tape, orders, cancels) for cancels in Cancels}
    return [
        Probe(order, waited, {cancels: waits[n] for cancels, waits in true.items()})
        for n, (order, waited) in enumerate(simulated)
    ]


def _simulated(catalog: Path, fills: str) -> list[tuple[Order, float | None]]:
    told: list[AnyEvent] = []
    sent: dict[str, Any] = {}

    def record(_seq: int, event: AnyEvent, outcomes: Sequence[Any]) -> None:
        told.append(event)
        sent.update({outcome.id: outcome for outcome in outcomes if hasattr(outcome, "order_type")})

    def session_of(send: Send) -> Session[None]:
        return Session(Prober(), Limits(), record, send)

    contract = instrument_of(catalog, INSTRUMENT)
    start: dict[str, Any] = {"ts_event": 0, "ts_init": 0, "run": "bias" * 3, "instrument": contract, "leverage": 10}
    begun = Started(mode=PositionMode.ONE_WAY, balance=Simulation().balance, **start)
    simulation = Simulation.model_validate({"order_latency_ms": 0, "fills": fills})
    run_backtest(MarketData(catalog=catalog, depth=False), simulation, begun, session_of)
    first = {event.id: event.ts_init for event in reversed(told) if isinstance(event, OrderFilled)}
    taken = {event.id: event.ts_init for event in told if isinstance(event, OrderAccepted)}
    return [_probed(sent[name], at, first.get(name), contract.tick) for name, at in taken.items()]


def _probed(order: Any, at: Nanos, filled: Nanos | None, tick: Any) -> tuple[Order, float | None]:
    us = at // 1_000
    resting = Order(int(order.side), int(order.price / tick), LOTS, us, us + REST_S * US_PER_S)
    return resting, None if filled is None else (filled - at) / SECOND


def _waits(tape: Tape, orders: Sequence[Order], cancels: Cancels) -> list[float | None]:
    times = fill_times(tape, orders, cancels)
    return [None if at is None else (at - order.from_us) / US_PER_S for order, at in zip(orders, times, strict=True)]


def fill_rate(waits: Sequence[float | None]) -> float:
    return mean(wait is not None for wait in waits)


def mean_wait(waits: Sequence[float | None]) -> float:
    """Seconds; one that was taken back unfilled counts as having waited until then."""
    return mean(REST_S if wait is None else wait for wait in waits)


def off(differences: Sequence[float]) -> Off:
    """Each market is one witness: orders of one market saw the same news."""
    half = student(len(differences) - 1) * stdev(differences) / sqrt(len(differences))
    return Off(mean(differences), half)


def table(markets: Sequence[Sequence[Probe]]) -> Iterator[str]:
    yield "| cancels come from | true fill rate | simulated less true | true mean wait | simulated less true |"
    yield "|---|---|---|---|---|"
    for cancels in Cancels:
        true = [[probe.true[cancels] for probe in market] for market in markets]
        said = [[probe.simulated for probe in market] for market in markets]
        rates = [fill_rate(waits) for waits in true]
        waited = [mean_wait(waits) for waits in true]
        rate = off([fill_rate(mine) - theirs for mine, theirs in zip(said, rates, strict=True)])
        wait = off([mean_wait(mine) - theirs for mine, theirs in zip(said, waited, strict=True)])
        yield (
            f"| {cancels} | {mean(rates):.1%} | {100 * rate.mean:+.1f} ± {100 * rate.half:.1f} points "
            f"| {mean(waited):.2f} s | {wait.mean:+.2f} ± {wait.half:.2f} s |"
        )


def page(markets: Sequence[Sequence[Probe]]) -> str:
    orders = sum(map(len, markets))
    rows = "\n".join(table(markets))
    return f"""\
# The central fill assumption against a true queue

Written by `make bias`, not by hand. {len(markets)} synthetic markets of {MINUTES:g} minutes (seeds {FIRST_SEED} and on,
that nothing was fitted to), {orders:,} orders of {LOTS} lots at the touch, each taken back after {REST_S} s.

In the synthetic venue it is known who stands where in a queue: trades take from its front, and what leaves without a
trade is cancelled before the order, behind it, or by anyone alike. The simulation (`simulation.fills = "central"`,
NautilusTrader's queue position) sees only what a tape shows.

{rows}

± is the 95 % band (Student's, each market one witness). An order that was taken back unfilled counts as having waited
{REST_S} s. Above zero, the simulation fills more often, or waits longer, than is true.

So the central assumption is, to the last fill, that cancels come from behind: the patient view of a queue. Where those
at the front cancel more, real orders fill sooner than it says. Most fills at this touch come as the price moves
through it, which no queue changes; that is why the three truths lie close.

Which of the three a real venue is like, no tape tells: `perpmm calibrate RUN` asks your own fills. What to do with an
assumption that one cannot check: [the band](results.md).
"""


def main(seeds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="perpmm-bias-") as folder:
        markets = [probes(FIRST_SEED + n, MINUTES, Path(folder)) for n in range(seeds)]
    PAGE.write_text(page(markets))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS)
