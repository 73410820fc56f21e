"""The report: one HTML file that needs nothing else, not even a network."""

import base64
import gzip
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any

import plotly.graph_objects as go
import plotly.offline
import polars as pl

from data.holdings import Said
from engine.analysis import page_tables as tables
from engine.analysis.band import verdict
from engine.analysis.depth_figure import depth_figure
from engine.analysis.figures import Units, run_figure, units_of
from engine.analysis.frames import Frames
from engine.analysis.market import Market
from engine.analysis.metrics import DONE, HEADLINE, RISK, TRADING, duration
from engine.analysis.order_figures import inventory_figure, queue_figure, refresh_figure
from engine.analysis.page_rows import box, card, metric_rows, signed, table, text
from engine.analysis.preview import preview
from engine.analysis.study import Study
from engine.analysis.study_figures import markout_figure, waterfall_figure
from engine.core.events import Started
from engine.journal.manifest import Status
from engine.journal.reader import Journal

_ASSETS = Path(__file__).parent / "assets"
# The small figures, each with its title, what it shows (for who points at it), and what stands there without it.
TITLES = {
    "waterfall": "Where the money came from",
    "markouts": "Were we picked off?",
    "inventory": "What was held",
    "queue": "The queue before a quote",
    "refresh": "How long quotes lived",
    "depth": "The book around the worst fill",
}
MEANINGS = {
    "waterfall": "The net PnL as its parts. Spread captured: quotes that filled against the mid just before; adverse "
    "selection: the mid's move in the {seconds:g} s after; inventory: what the mid did to what was held; exits: their "
    "price against the mid.",
    "markouts": "Of the quotes that filled: how far the mid stood from the fill's price in our favour, seconds later, "
    "in basis points of that price, with its 95 % band. Negative: the market moved against us by more than the spread "
    "gave.",
    "inventory": "The position over time, and the share of the time that each size was held.",
    "queue": "How many quotes filled, by the size that rested at their price as they arrived.",
    "refresh": "From the venue's word to their end, by what ended them.",
    "depth": "What was shown at each price around the quote's fill that the market moved against most within a second, "
    "and who traded.",
}
TONES = {"clean": "good", "usable": "fair", "unfit": "bad"}  # of what `data check` says
NOTHING = {
    "markouts": "No quote filled.",
    "queue": "The book is not known: the run's catalog is gone, or has none.",
    "refresh": "No quote ended.",
    "depth": "The book is not known, or no quote filled.",
}


def report_page(  # noqa: PLR0913  one keyword a source
    journal: Journal,
    started: Started,
    frames: Frames,
    *,
    figures: dict[str, Any],
    studied: Study,
    market: Market,
    band: pl.DataFrame | None,
    quality: Said | None,
) -> str:
    """The page of a run: `figures` is its summary. Plotly's script is packed inside, hence its two megabytes."""
    units = units_of(started.instrument)
    manifest = journal.run_file.manifest
    drawn = _drawn(frames, studied, market, started)
    return Template(_asset("page.html")).substitute(
        css=_asset("page.css"),
        js=_asset("page.js"),
        plotly=_packed(plotly.offline.get_plotlyjs()),
        figure=_inline_json(run_figure(frames, started.instrument).to_json()),
        preview=preview(frames.equity),
        panels="".join(_panels(drawn, figures["adverse_selection_seconds"])),
        figures="".join(_scripts(drawn)),
        quality=tables.quality(studied),
        picked=tables.picked(studied),
        sources=tables.sources(studied, units),
        laws=tables.laws(studied),
        title=text(f"{manifest.instrument} {manifest.kind}"),
        instrument=text(manifest.instrument),
        kind=text(manifest.kind),
        status=text(journal.status),
        good="good" if journal.status is Status.ENDED else "bad",
        run_id=text(journal.run_file.run_id),
        period=text(_period(figures)),
        notices="".join(_notices(journal)),
        verdicts="".join((_edge(band, units), _believed(studied), _data(journal, figures, studied, quality))),
        cards="".join(card(metric, figures[metric.key], units) for metric in HEADLINE),
        money=tables.money(figures, units),
        trading=table(metric_rows(TRADING, figures, units)),
        risk=table(metric_rows(RISK, figures, units)),
        outcomes=table(tables.outcomes(figures, frames)),
        parameters="".join(tables.parameters(manifest.config)),
        origin=table([*metric_rows(DONE, figures, units), *tables.origin(journal)]),
    )


def _drawn(frames: Frames, studied: Study, market: Market, started: Started) -> dict[str, go.Figure | None]:
    units = units_of(started.instrument)
    return {
        "waterfall": waterfall_figure(studied.attribution, units),
        "markouts": markout_figure(studied.curve),
        "inventory": inventory_figure(frames, units),
        "queue": queue_figure(frames, studied.ahead, units),
        "refresh": refresh_figure(frames),
        "depth": _worst(frames, studied, market, started, units),
    }


def _worst(frames: Frames, studied: Study, market: Market, started: Started, units: Units) -> go.Figure | None:
    seen = studied.markouts.filter((pl.col("purpose") == "quote") & (pl.col("horizon_s") == 1.0))
    if seen.is_empty():
        return None
    seq = seen.sort("markout_bps", "seq")["seq"][0]
    fill = frames.fills.row(by_predicate=pl.col("seq") == seq, named=True)
    return depth_figure(fill, market, started.instrument, units)


def _panels(drawn: dict[str, go.Figure | None], seconds: float) -> Iterator[str]:
    for name, title in TITLES.items():
        instead = f'<p class="sub">{text(NOTHING[name])}</p>' if drawn[name] is None else ""
        said = text(MEANINGS[name].format(seconds=seconds))
        yield f'<div class="panel" title="{said}"><h2>{title}</h2><div id="{name}" class="small">{instead}</div></div>'


def _scripts(drawn: dict[str, go.Figure | None]) -> Iterator[str]:
    for name, figure in drawn.items():
        if figure is not None:
            yield f'<script type="application/json" class="small-figure" data-for="{name}">'
            yield f"{_inline_json(figure.to_json())}</script>\n"


def _notices(journal: Journal) -> Iterator[str]:
    seal = journal.run_file.seal
    if seal is None:
        yield f'<p class="notice bad">This run has no seal ({text(journal.status)}): it may not be whole.</p>'
    elif seal.status is not Status.ENDED:
        yield f'<p class="notice bad">{text(seal.status)}: {text(seal.reason or "no reason given")}</p>'


def _edge(band: pl.DataFrame | None, units: Units) -> str:
    question = "Does the edge survive?"
    meaning = (
        "Whether it earns where orders fill only once the market trades through their price, at 0.5 to 4 latencies. "
        "Below: the net PnL of each assumption, over the latencies."
    )
    if band is None:
        return box("fair", question, "Not asked: run with --band for three assumptions at four latencies.", (), meaning)
    found = verdict(band)
    nets = [
        f"{fills}: {signed(min(rows['net_pnl']))} to {signed(max(rows['net_pnl']))} {units.money}"
        for (fills,), rows in band.group_by("fills", maintain_order=True)
    ]
    return box("good" if found.survives else "bad", question, found.said, nets, meaning)


def _believed(studied: Study) -> str:
    broken = [f"{found.fills:,} fills: {found.law}. {found.example}" for found in studied.findings]
    answer = "A law of an honest simulation is broken." if broken else "No law of an honest simulation is broken."
    meaning = "No fill before its order could arrive or after its cancel, and a small part of the market's volume."
    return box("bad" if broken else "good", "Can it be believed?", answer, broken, meaning)


def _data(journal: Journal, figures: dict[str, Any], studied: Study, said: Said | None) -> str:
    unknown = figures.get("seconds_unknown") or 0
    noted = [f"The market was unknown for {duration(unknown)}."] if unknown else []
    coarse = [] if studied.attribution.source == "quotes" else ["Its catalog is gone: measured by the run's own ticks."]
    more = [*noted, *coarse, *journal.run_file.warnings]
    question = "How good is the data?"
    if said is None:
        answer = (
            f"{len(more)} thing{'s' if len(more) > 1 else ''} to know:" if more else "Nothing was found wrong with it."
        )
        meaning = "What was found as the data was read in; `perpmm data check` examines a catalog."
        return box("fair" if more else "good", question, answer, more, meaning)
    meaning = "What `perpmm data check` says of the data: clean, usable or unfit, in all and day by day, and why."
    days = (f"{day}: {of.verdict}{', ' if of.reason else ''}{of.reason}" for day, of in said.days.items())
    answer = f"{said.verdict.capitalize()}: {said.reason}."
    return box(TONES[said.verdict], question, answer, [*said.reasons[1:], *days, *more], meaning)


def _period(figures: dict[str, Any]) -> str:
    start, end = figures["start"][:19].replace("T", " "), figures["end"][:19].replace("T", " ")
    return f"{start} to {end[11:] if end[:10] == start[:10] else end} UTC, {duration(figures['duration_seconds'])}"


def _inline_json(said: str) -> str:
    return said.replace("</", "<\\/")  # nothing in it may close the script element


def _packed(script: str) -> str:
    """Gzip in base64: every browser of these years unpacks it itself."""
    return base64.b64encode(gzip.compress(script.encode(), mtime=0)).decode()


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text()
