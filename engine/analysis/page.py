"""The report: one HTML file that needs nothing else, not even a network."""

import base64
import gzip
import html
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Template
from typing import Any

import plotly.offline
import polars as pl

from engine.analysis.band import verdict
from engine.analysis.figures import PURPOSES, Units, run_figure, units_of
from engine.analysis.frames import Frames
from engine.analysis.laws import TOO_EARLY, TOO_LATE, TOO_MUCH
from engine.analysis.metrics import DONE, HEADLINE, RISK, SMALLEST, TRADING, Metric, duration, number, shown
from engine.analysis.study import Study
from engine.analysis.study_figures import markout_figure, waterfall_figure
from engine.core.events import Started
from engine.journal.manifest import Status
from engine.journal.reader import Journal

_ASSETS = Path(__file__).parent / "assets"
FLOWS = {"fees": -1, "rebates": 1, "funding": 1}  # each with the sign that it has in the net
_WATERFALL = (
    "The net PnL as its parts. Spread captured: quotes that filled against the mid just before; adverse selection: the "
    "mid's move in the {seconds:g} s after; inventory: what the mid did to what was held; exits: their price against "
    "the mid."
)
_MARKOUT = (
    "Of the quotes that filled: how far the mid stood from the fill's price in our favour, seconds later, in basis "
    "points of that price. Negative: the market moved against us by more than the spread gave."
)


def report_page(
    journal: Journal,
    started: Started,
    frames: Frames,
    figures: dict[str, Any],
    studied: Study,
    band: pl.DataFrame | None,
) -> str:
    """The page of a run: `figures` is its summary. Plotly's script is packed inside, hence its two megabytes."""
    units = units_of(started.instrument)
    run_file, manifest = journal.run_file, journal.run_file.manifest
    return Template(_asset("page.html")).substitute(
        css=_asset("page.css"),
        js=_asset("page.js"),
        plotly=_packed(plotly.offline.get_plotlyjs()),
        figure=_inline_json(run_figure(frames, started.instrument).to_json()),
        waterfall=_inline_json(waterfall_figure(studied.attribution, units).to_json()),
        waterfall_meaning=_text(_WATERFALL.format(seconds=figures["adverse_selection_seconds"])),
        markouts=_inline_json(markouts.to_json()) if (markouts := markout_figure(studied.curve)) else "null",
        markout_meaning=_text(_MARKOUT),
        no_markouts="" if markouts else '<p class="sub">No quote filled.</p>',
        quality=_quality(studied),
        laws=_table(_laws(studied)),
        title=_text(f"{manifest.instrument} {manifest.kind}"),
        instrument=_text(manifest.instrument),
        kind=_text(manifest.kind),
        status=_text(journal.status),
        good="good" if journal.status is Status.ENDED else "bad",
        run_id=_text(run_file.run_id),
        period=_text(_period(figures)),
        notices="".join((*_verdict(band), *_notices(journal), *_findings(studied))),
        cards="".join(_card(metric, figures[metric.key], units) for metric in HEADLINE),
        money=_money_table(figures, units),
        trading=_table(_rows(TRADING, figures, units)),
        risk=_table(_rows(RISK, figures, units)),
        outcomes=_table(_outcomes(figures, frames)),
        parameters="".join(_parameters(manifest.config)),
        origin=_table([*_rows(DONE, figures, units), *_origin(journal)]),
    )


def _notices(journal: Journal) -> Iterator[str]:
    seal = journal.run_file.seal
    if seal is None:
        yield f'<p class="notice bad">This run has no seal ({_text(journal.status)}): it may not be whole.</p>'
    elif seal.status is not Status.ENDED:
        yield f'<p class="notice bad">{_text(seal.status)}: {_text(seal.reason or "no reason given")}</p>'
    for warning in journal.run_file.warnings:
        yield f'<p class="notice">{_text(warning)}</p>'


def _verdict(band: pl.DataFrame | None) -> Iterator[str]:
    if band is None:
        yield '<p class="notice">One assumption of fills and latency: <code>--band</code> tries others.</p>'
        return
    found = verdict(band)
    tone = "good" if found.survives else "bad"
    yield f'<p class="notice {tone}"><b>Does the edge survive?</b> {_text(found.said)}</p>'


def _findings(studied: Study) -> Iterator[str]:
    for finding in studied.findings:
        said = f"{finding.fills:,} fills: {finding.law}. {finding.example}"
        yield f'<p class="notice bad">{_text(said)}</p>'


def _laws(studied: Study) -> Iterator[str]:
    broken = {finding.law: finding.fills for finding in studied.findings}
    for law in (TOO_EARLY, TOO_LATE, *(() if studied.share_of_volume is None else (TOO_MUCH,))):
        yield _line(law.capitalize(), f"{broken[law]:,} fills" if law in broken else "none")
    yield _line("Share of the market's volume", _share(studied.share_of_volume))
    yield _line("Ticks with our bid at the touch", _share(studied.touch["bid"]))
    yield _line("Ticks with our ask at the touch", _share(studied.touch["ask"]))
    residual = abs(studied.attribution.residual)
    yield _line("PnL that no part explains", f"{residual:.1e}" if residual >= SMALLEST else "none")
    mids = "the catalog's quotes" if studied.attribution.source == "quotes" else "the run's ticks, one a second"
    yield _line("Mids come from", mids)


def _quality(studied: Study) -> str:
    heads = ("Distance from mid", "Orders", "Filled", "Of their size", "Median wait", "Fills an hour")
    head = "".join(f"<th>{_text(name)}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in _quality_rows(studied))
    return f'<table class="wide"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _quality_rows(studied: Study) -> Iterator[tuple[str, ...]]:
    for row in studied.fill_quality.iter_rows(named=True):
        low, high = row["from_bps"], row["to_bps"]
        distance = (
            "beyond the mid" if low is None else f"{low:g} bps on" if high is None else f"{low:g} to {high:g} bps"
        )
        wait, rate = row["seconds_to_fill"], row["fills_per_hour"]
        yield (
            distance,
            f"{row['orders']:,}",
            _share(row["fill_rate"]) or "",
            _share(row["size_rate"]) or "",
            "" if wait is None else duration(wait),
            "" if rate is None else f"{rate:,.3g}",
        )


def _share(value: float | None) -> str | None:
    if value is None:
        return None
    return f"{100 * value:.3f} %" if 0 < value < 0.001 else f"{100 * value:.1f} %"


def _card(metric: Metric, value: Any, units: Units) -> str:
    text, unit = shown(metric, value, units).rsplit(" ", 1)
    tone = "" if metric.key not in ("net_pnl", "realised_pnl") or not value else " up" if value > 0 else " down"
    return (
        f'<div class="card" title="{_text(metric.meaning)}"><div class="label">{_text(metric.label)}</div>'
        f'<div class="value{tone}" data-key="{metric.key}" data-value="{_value(value)}">{_text(text)}'
        f"<small>{_text(unit)}</small></div></div>"
    )


def _rows(metrics: Iterable[Metric], figures: dict[str, Any], units: Units) -> Iterator[str]:
    for metric in metrics:
        value = figures[metric.key]
        yield (
            f'<tr title="{_text(metric.meaning)}"><th>{_text(metric.label)}</th>'
            f'<td data-key="{metric.key}" data-value="{_value(value)}">{_text(shown(metric, value, units))}</td></tr>'
        )


def _money_table(figures: dict[str, Any], units: Units) -> str:
    """From what exits and quotes realised, over fees and funding, down to the net."""
    exits = figures["exits"]
    elsewhere = figures["realised_pnl"] - sum(part["realised_pnl"] for part in exits.values())
    lines = [(PURPOSES[name][0], part["orders"], part["realised_pnl"]) for name, part in exits.items()]
    lines = [line for line in lines if line[0] != PURPOSES["flatten"][0] or line[1]]
    lines += [("Quotes and others", None, elsewhere), ("Unrealised", None, figures["unrealised_pnl"])]
    lines += [(name.capitalize(), None, sign * figures[name]) for name, sign in FLOWS.items()]
    body = "".join(
        f"<tr><th>{_text(name)}</th><td>{_orders(count)}</td><td>{_signed(value)}</td></tr>"
        for name, count, value in lines
    )
    total = f"<tr class='total'><th>Net, {_text(units.money)}</th><td></td><td>{_signed(figures['net_pnl'])}</td></tr>"
    return f'<table class="money"><tbody>{body}{total}</tbody></table>'


def _outcomes(figures: dict[str, Any], frames: Frames) -> Iterator[str]:
    for status, count in frames.orders["status"].value_counts().sort("count", descending=True).iter_rows():
        yield _line(f"Orders {status.replace('_', ' ')}", f"{count:,}")
    for limit, count in figures["refusals"].items():
        yield _line(f"Refused: {limit}", f"{count:,}")


def _parameters(config: dict[str, Any]) -> Iterator[str]:
    for section, values in _sections("", config):
        yield f"<h3>{_text(section)}</h3>"
        yield from (
            f"<div><span>{_text(key)}</span><b>{_text(_plain(value))}</b></div>" for key, value in values.items()
        )


def _sections(name: str, tree: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A tree of parameters as sections of plain values, named as in the run file: `strategy.switches`."""
    own = {key: value for key, value in tree.items() if not isinstance(value, dict)}
    if own:
        yield name or "run", own
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _sections(f"{name}.{key}" if name else key, value)


def _origin(journal: Journal) -> Iterator[str]:
    run_file = journal.run_file
    manifest, seal = run_file.manifest, run_file.seal
    yield _line("Created", run_file.created)
    yield _line("Manifest", run_file.run, mono=True)
    yield _line("Commands' digest", seal.commands_digest if seal else None, mono=True)
    yield _line("Data", manifest.data_fingerprint, mono=True)
    yield _line("Code", manifest.code_version, mono=True)
    yield _line("Python", manifest.python)
    yield _line("NautilusTrader", manifest.packages.get("nautilus_trader"))
    yield _line("Seed", manifest.seed)
    yield _line("Parent", manifest.parent)


def _line(name: str, value: object, *, mono: bool = False) -> str:
    if value is None:
        return ""
    return f"<tr><th>{_text(name)}</th><td{' class=mono' if mono else ''}>{_text(value)}</td></tr>"


def _table(rows: Iterable[str]) -> str:
    return f"<table><tbody>{''.join(rows)}</tbody></table>"


def _period(figures: dict[str, Any]) -> str:
    start, end = figures["start"][:19].replace("T", " "), figures["end"][:19].replace("T", " ")
    return f"{start} to {end[11:] if end[:10] == start[:10] else end} UTC, {duration(figures['duration_seconds'])}"


def _signed(value: float) -> str:
    return f"+{number(value)}" if value >= SMALLEST else number(value)


def _orders(count: int | None) -> str:
    return "" if count is None else f"{count:,} order{'' if count == 1 else 's'}"


def _plain(value: object) -> str:
    if value is None:
        return "not set"
    return value if isinstance(value, str) else json.dumps(value)


def _value(value: object) -> str:
    return "" if value is None else repr(value)


def _text(value: object) -> str:
    return html.escape(str(value))


def _inline_json(text: str) -> str:
    return text.replace("</", "<\\/")  # nothing in it may close the script element


def _packed(script: str) -> str:
    """Gzip in base64: every browser of these years unpacks it itself."""
    return base64.b64encode(gzip.compress(script.encode(), mtime=0)).decode()


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text()
