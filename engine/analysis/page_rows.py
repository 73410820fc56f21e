"""Pieces of the page: rows, tables and cards, each number with its unit and its meaning for who points at it."""

import html
from collections.abc import Iterable, Iterator
from typing import Any

from engine.analysis.figures import Units
from engine.analysis.metrics import SMALLEST, Metric, number, shown

type Head = tuple[str, str]  # a column's name, and what it means


def text(value: object) -> str:
    return html.escape(str(value))


def line(name: str, value: object, meaning: str = "", *, mono: bool = False) -> str:
    """Nothing where there is no value."""
    if value is None:
        return ""
    title = f' title="{text(meaning)}"' if meaning else ""
    return f"<tr{title}><th>{text(name)}</th><td{' class=mono' if mono else ''}>{text(value)}</td></tr>"


def table(rows: Iterable[str]) -> str:
    return f"<table><tbody>{''.join(rows)}</tbody></table>"


def wide(heads: Iterable[Head], rows: Iterable[Iterable[str | None]], *, grouped: bool = False) -> str:
    """A table with a column's meaning on its head and, for who points at a number, on every cell of it. `grouped`: the
    first two columns are words."""
    heads = tuple(heads)
    head = "".join(f'<th title="{text(meaning)}">{text(name)}</th>' for name, meaning in heads)
    body = "".join(f"<tr>{''.join(_cells(heads, row))}</tr>" for row in rows)
    kind = "wide grouped" if grouped else "wide"
    return f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _cells(heads: tuple[Head, ...], row: Iterable[str | None]) -> Iterator[str]:
    for (_, meaning), cell in zip(heads, row, strict=True):
        yield f'<td title="{text(meaning)}">{"" if cell is None else text(cell)}</td>'


def metric_rows(metrics: Iterable[Metric], figures: dict[str, Any], units: Units) -> Iterator[str]:
    for metric in metrics:
        value = figures.get(metric.key)
        yield (
            f'<tr title="{text(metric.meaning)}"><th>{text(metric.label)}</th>'
            f'<td data-key="{metric.key}" data-value="{raw(value)}">{text(shown(metric, value, units))}</td></tr>'
        )


def card(metric: Metric, value: Any, units: Units) -> str:
    said, unit = shown(metric, value, units).rsplit(" ", 1)
    tone = "" if metric.key not in ("net_pnl", "realised_pnl") or not value else " up" if value > 0 else " down"
    return (
        f'<div class="card" title="{text(metric.meaning)}"><div class="label">{text(metric.label)}</div>'
        f'<div class="value{tone}" data-key="{metric.key}" data-value="{raw(value)}">{text(said)}'
        f"<small>{text(unit)}</small></div></div>"
    )


def box(tone: str, question: str, answer: str, more: Iterable[str], meaning: str) -> str:
    """A question that a reader has first, with its answer, and what it rests on."""
    points = "".join(f"<li>{text(each)}</li>" for each in more)
    return (
        f'<div class="box {tone}" title="{text(meaning)}"><h2>{text(question)}</h2><p>{text(answer)}</p>'
        f"{f'<ul>{points}</ul>' if points else ''}</div>"
    )


def signed(value: float) -> str:
    return f"+{number(value)}" if value >= SMALLEST else number(value)


def share(value: float | None) -> str | None:
    if value is None:
        return None
    return f"{100 * value:.3f} %" if 0 < value < 0.001 else f"{100 * value:.1f} %"


def raw(value: object) -> str:
    return "" if value is None else repr(value)
