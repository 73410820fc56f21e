"""`make docs`: write anew what the code says of itself in docs/: parameters, worked examples, plots."""

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from engine.config.template import toml
from engine.core.types import Leg
from engine.run.venues import venues_table
from engine.simulation.scenario_venue import Row
from scripts.parameters import parameters_page
from scripts.plots import Level, svg
from scripts.stories import FALL, STORIES, TAKING, Played, played, story

DOCS = Path(__file__).resolve().parents[1] / "docs"
BLOCK = re.compile(r"(<!-- example: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
TABLE = re.compile(r"(<!-- venues -->\n).*?(<!-- end -->)", re.DOTALL)
BEHAVIOURS = ("classic", "head", "safe")


def pages() -> dict[Path, str]:
    """All that is generated, by where it lies."""
    guide = DOCS / "strategy.md"
    return {
        DOCS / "parameters.md": parameters_page(),
        guide: with_examples(guide.read_text()),
        DOCS / "live.md": TABLE.sub(
            lambda found: f"{found[1]}{venues_table()}{found[2]}", (DOCS / "live.md").read_text()
        ),
        **{DOCS / "img" / f"{name}.svg": plot for name, plot in plots().items()},
    }


def with_examples(text: str) -> str:
    """The page with what stands between `<!-- example: NAME -->` and `<!-- end -->` written anew."""
    return BLOCK.sub(lambda found: f"{found[1]}{example(found[2])}{found[3]}", text)


def example(name: str) -> str:
    if name == "behaviours":
        return side_by_side()
    told = STORIES[name]
    keys = [f"{key} = {toml(value)}" for key, value in told.written.items()]
    venue = [f"# of the venue: {key} = {toml(value)}" for key, value in told.sim.items()]
    return "\n".join(("```toml", *keys, *venue, "```", "", timetable(played(told))))


def timetable(what: Played) -> str:
    """The seconds in which something happens, and the first."""
    lines = ["| second | bid | ask | what happens |", "|---:|---:|---:|---|"]
    for line in what.tape:
        said = "; ".join(sentences(what.rows, line.t))
        if said:
            lines.append(f"| {line.t} | {line.bids[0][0]} | {line.asks[0][0]} | {said} |")
    return "\n".join(lines) + "\n"


def sentences(rows: tuple[Row, ...], t: int) -> Iterator[str]:
    for n, row in enumerate(rows):
        if row["t"] != t:
            continue
        match row["type"]:
            case "create":
                at = "at market" if row["order_type"] == "MARKET" else f"at {row['price']}"
                why = " to close" if row["position_action"] == "CLOSE" else ""
                yield f"{row['side']} {row['size']} {at} sent{why}"
            case "cancel":
                yield f"{row['side']} at {row['price']} cancelled"
            case "fill":
                yield f"{row['side']} {row['size']} filled at {row['price']}{_positions(rows, n + 1)}"


def _positions(rows: tuple[Row, ...], n: int) -> str:
    """The position rows that follow a fill."""
    held = []
    while n < len(rows) and rows[n]["type"] == "position":
        amount = Decimal(str(rows[n]["amount"]))
        leg = "long" if amount > 0 else "short"
        held.append(f"{leg} {abs(amount)} from {_entry(rows[n])}" if amount else "flat")
        n += 1
    return f", now {' and '.join(held)}"


def _entry(row: Row) -> str:
    return f"{Decimal(str(row['entry'])).normalize():f}"


def side_by_side() -> str:
    """The stop's market in the three behaviours, from the take profit on."""
    runs = {each: played(story(TAKING | {"behaviour": each}, FALL)) for each in BEHAVIOURS}
    lines = [f"| second | bid | {' | '.join(BEHAVIOURS)} |", "|---:|---:|" + "---|" * len(BEHAVIOURS)]
    for line in runs["safe"].tape[4:]:
        cells = ["; ".join(sentences(run.rows, line.t)) for run in runs.values()]
        if any(cells):
            lines.append(f"| {line.t} | {line.bids[0][0]} | {' | '.join(cells)} |")
    ends = [_end(run) for run in runs.values()]
    lines.append(f"| the end | {runs['safe'].tape[-1].bids[0][0]} | {' | '.join(ends)} |")
    return "\n".join(lines) + "\n"


def _end(run: Played) -> str:
    last = [row for row in run.rows if row["type"] == "position"][-1]
    return "flat" if last["amount"] == "0" else f"still long {last['amount']} from {_entry(last)}"


def plots() -> dict[str, str]:
    trailing, stop = played(STORIES["trailing"]), played(STORIES["stop"])
    return {
        "levels": svg(played(STORIES["levels"]), "Three levels a side, replaced every ten seconds"),
        "trailing": svg(trailing, "A long, trailed", [*_entries(trailing), *_trail(trailing)]),
        "stop": svg(stop, "A take profit, then the stop", [*_entries(stop), *_stop(stop)]),
    }


def _entries(what: Played) -> Iterator[Level]:
    points = [(line.t, float(state.positions[Leg.NET].entry or 0)) for line, state in _held(what)]
    yield Level("entry", points)


def _trail(what: Played) -> Iterator[Level]:
    rates = STORIES["trailing"].parameters
    trails = [(line.t, state.own.trails.get(Leg.NET)) for line, state in _held(what)]
    back = 1 - rates.ts_callback_rate / 100
    yield Level("exit at", [(t, float(trail.peak * back)) for t, trail in trails if trail is not None and trail.armed])


def _stop(what: Played) -> Iterator[Level]:
    away = 1 - STORIES["stop"].parameters.stop_loss_spread / 100
    yield Level("stop", [(t, price * float(away)) for level in _entries(what) for t, price in level.points])


def _held(what: Played) -> list[tuple[Any, Any]]:
    """The lines of tape with a position, and the one in which it went."""
    both = list(zip(what.tape, what.states, strict=True))
    held = [(line, state) for line, state in both if state.positions]
    over = ((after[0], before[1], after[1]) for before, after in pairwise(both))
    return [*held, *((line, state) for line, state, then in over if state.positions and not then.positions)]


if __name__ == "__main__":
    for path, text in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
