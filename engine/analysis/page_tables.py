"""The tables of the page, each from the summary or the study of its run."""

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from engine.analysis.attribution import PARTS
from engine.analysis.figures import PURPOSES, Units
from engine.analysis.frames import Frames
from engine.analysis.laws import TOO_EARLY, TOO_LATE, TOO_MUCH
from engine.analysis.markout import by_group
from engine.analysis.metrics import HEADLINE, SMALLEST, duration
from engine.analysis.page_rows import Head, line, share, signed, table, text, wide
from engine.analysis.study import Study
from engine.journal.reader import Journal

FLOWS = {"fees": -1, "rebates": 1, "funding": 1}  # each with the sign that it has in the net
MEANINGS = {metric.key: metric.meaning for metric in HEADLINE}
KEYS = ("side", "level", "state", "hour")
QUALITY: tuple[Head, ...] = (
    ("Distance from mid", "of the quote's price from the mid as it was sent, basis points"),
    ("Orders", "quotes that the venue took"),
    ("Filled", "orders with at least one fill, as a part of them"),
    ("Of their size", "size that filled, as a part of all that was quoted"),
    ("Median wait", "of those that filled, from the venue's word to the first fill"),
    ("Fills an hour", "orders that filled over all hours that they and the others rested"),
)
PICKED: tuple[Head, ...] = (
    ("", "what the fills have in common"),
    ("", "queue: size that rested before the order as it arrived, in terciles; inventory: of the leg before the fill"),
    ("Fills", "executions of quotes"),
    ("1 s markout", "mean distance of the mid from the fill's price in our favour, a second later, basis points"),
    ("95 % band", "Student's, of fills that saw different moves; none where all saw one move"),
)


def money(figures: dict[str, Any], units: Units) -> str:
    """From what exits and quotes realised, over fees, rebates and funding, down to the net."""
    exits = figures["exits"]
    elsewhere = figures["realised_pnl"] - sum(part["realised_pnl"] for part in exits.values())
    realised = f"orders of this kind that filled, and what their fills realised before fees, {units.money}"
    rows: list[tuple[str, int | None, float, str]] = [
        (PURPOSES[name][0], part["orders"], part["realised_pnl"], realised)
        for name, part in exits.items()
        if name != "flatten" or part["orders"]
    ]
    rows += [("Quotes and others", None, elsewhere, f"realised by what was no exit, before fees, {units.money}")]
    rows += [("Unrealised", None, figures["unrealised_pnl"], MEANINGS["unrealised_pnl"])]
    rows += [(name.capitalize(), None, sign * figures[name], MEANINGS[name]) for name, sign in FLOWS.items()]
    body = "".join(
        f'<tr title="{text(meaning)}"><th>{text(name)}</th><td>{_orders(count)}</td><td>{signed(value)}</td></tr>'
        for name, count, value, meaning in rows
    )
    total = (
        f'<tr class="total" title="{text(MEANINGS["net_pnl"])}"><th>Net, {text(units.money)}</th><td></td>'
        f"<td>{signed(figures['net_pnl'])}</td></tr>"
    )
    return f'<table class="money"><tbody>{body}{total}</tbody></table>'


def sources(studied: Study, units: Units) -> str:
    """The parts of the PnL by side, level, what a fill did to its leg, and hour."""
    parts = [part for part, amount in studied.attribution.parts.items() if abs(amount) >= SMALLEST]
    heads: list[Head] = [("", "what the amounts have in common"), ("", "held: of the position itself, not of a fill")]
    heads += [(part.replace("_", " ").capitalize(), f"{PARTS[part]}, {units.money}") for part in parts]
    heads += [("Net", f"the sum of the row, {units.money}")]
    rows = []
    for key in KEYS:
        found = studied.attribution.table(key)
        for row in found.iter_rows(named=True):
            value = "held" if row[key] is None else _hour(row[key]) if key == "hour" else row[key]
            rows.append((key, value, *(signed(row.get(part, 0.0)) for part in parts), signed(row["net"])))
    return wide(heads, rows, grouped=True)


def picked(studied: Study) -> str:
    quotes = studied.markouts.filter(pl.col("purpose") == "quote")
    return wide(PICKED, (_picked(row) for row in by_group(quotes).iter_rows(named=True)), grouped=True)


def _picked(row: dict[str, Any]) -> Iterator[str | None]:
    yield from (row["group"], f"{row['value']} h" if row["group"] == "hour" else row["value"], f"{row['fills']:,}")
    yield f"{row['mean_bps']:+.3f} bps"
    yield None if row["low_bps"] is None else f"{row['low_bps']:+.3f} to {row['high_bps']:+.3f}"


def quality(studied: Study) -> str:
    return wide(QUALITY, (_quality(row) for row in studied.fill_quality.iter_rows(named=True)))


def _quality(row: dict[str, Any]) -> Iterator[str | None]:
    low, high = row["from_bps"], row["to_bps"]
    yield "beyond the mid" if low is None else f"{low:g} bps on" if high is None else f"{low:g} to {high:g} bps"
    wait, rate = row["seconds_to_fill"], row["fills_per_hour"]
    yield from (f"{row['orders']:,}", share(row["fill_rate"]), share(row["size_rate"]))
    yield None if wait is None else duration(wait)
    yield None if rate is None else f"{rate:,.3g}"


def laws(studied: Study) -> str:
    broken = {finding.law: finding.fills for finding in studied.findings}
    rows = [
        line(law.capitalize(), f"{broken[law]:,} fills" if law in broken else "none", "fills that break this law")
        for law in (TOO_EARLY, TOO_LATE, *(() if studied.share_of_volume is None else (TOO_MUCH,)))
    ]
    ours = "our part of all that traded from the first tick to the end, by size"
    rows.append(line("Share of the market's volume", share(studied.share_of_volume), ours))
    for side in ("bid", "ask"):
        at_touch = f"ticks, one a second, at which our best {side} was at the market's or better"
        rows.append(line(f"Time with our {side} at the touch", share(studied.touch[side]), at_touch))
    residual = abs(studied.attribution.residual)
    none = f"{residual:.1e}" if residual >= SMALLEST else "none"
    rows.append(line("PnL that no part explains", none, "net PnL less the sum of its parts"))
    mids = "the catalog's quotes" if studied.attribution.source == "quotes" else "the run's ticks, one a second"
    rows.append(line("Mids come from", mids, "what the market's moves were measured by"))
    return table(rows)


def outcomes(figures: dict[str, Any], frames: Frames) -> Iterator[str]:
    for status, count in frames.orders["status"].value_counts().sort("count", descending=True).iter_rows():
        yield line(f"Orders {status.replace('_', ' ')}", f"{count:,}", "orders that ended so")
    for limit, count in figures["refusals"].items():
        yield line(f"Refused: {limit}", f"{count:,}", "orders that this limit of the run file held back")


def parameters(config: dict[str, Any]) -> Iterator[str]:
    for section, values in _sections("", config):
        yield f"<h3>{text(section)}</h3>"
        yield from (f"<div><span>{text(key)}</span><b>{text(_plain(value))}</b></div>" for key, value in values.items())


def origin(journal: Journal) -> Iterator[str]:
    run_file = journal.run_file
    manifest, seal = run_file.manifest, run_file.seal
    yield line("Created", run_file.created, "when the run began, by the wall clock")
    yield line("Manifest", run_file.run, "hash of all that decides the run", mono=True)
    yield line("Commands' digest", seal.commands_digest if seal else None, "hash of all commands, in order", mono=True)
    yield line("Data", manifest.data_fingerprint, "names the market data by its content", mono=True)
    yield line("Code", manifest.code_version, "version, and a hash of the sources", mono=True)
    yield line("Python", manifest.python, "its version")
    yield line("NautilusTrader", manifest.packages.get("nautilus_trader"), "its version")
    yield line("Seed", manifest.seed, "of whatever was drawn by chance")
    yield line("Parent", manifest.parent, "the run that this one continues or varies")


def _sections(name: str, tree: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A tree of parameters as sections of plain values, named as in the run file: `strategy.switches`."""
    own = {key: value for key, value in tree.items() if not isinstance(value, dict)}
    if own:
        yield name or "run", own
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _sections(f"{name}.{key}" if name else key, value)


def _orders(count: int | None) -> str:
    return "" if count is None else f"{count:,} order{'' if count == 1 else 's'}"


def _hour(value: str) -> str:
    return f"{value[5:13]} h"


def _plain(value: object) -> str:
    if value is None:
        return "not set"
    return value if isinstance(value, str) else json.dumps(value)
