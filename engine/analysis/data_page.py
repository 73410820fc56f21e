"""The verdict on market data as one HTML file that needs nothing else; light and dark, as the reader's screen is."""

import html
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from string import Template

import numpy as np

from data.quality.limits import Limits
from data.quality.tally import Tally
from data.quality.verdict import Reason, Verdict, Word
from engine.analysis.metrics import duration

_ASSETS = Path(__file__).parent / "assets"
_TONES = {Word.CLEAN: "good", Word.USABLE: "fair", Word.UNFIT: "bad"}
_MOST_ROWS = 500


def data_page(found: Mapping[str, Verdict], limits: Limits) -> str:
    worst = max((each.word for each in found.values()), key=lambda word: word.badness)
    return Template((_ASSETS / "data.html").read_text()).substitute(
        css=(_ASSETS / "page.css").read_text(),
        title=_text(", ".join(found) or "market data"),
        word=worst.value,
        tone=_TONES[worst],
        parts="".join(_part(name, each) for name, each in found.items()),
        limits=_rows(("limit", "usable above", "unfit above", "what it is"), _limits(limits)),
    )


def _part(name: str, found: Verdict) -> str:
    said = "".join(_notice(reason) for reason in found.reasons) or '<p class="sub">Nothing wrong with it was found.</p>'
    notes = "".join(f'<p class="sub">{_text(note)}</p>' for note in found.notes)
    heads = (
        "day",
        "verdict",
        "lasts",
        "messages",
        "trades",
        "gaps",
        "lost",
        "crossed",
        "locked",
        "twice",
        "longest silence",
    )
    days = _rows(heads, (_day(day, word, tally) for day, (word, _, tally) in found.days.items()))
    return (
        f'<div class="panel"><h2>{_text(name)} {_tag(found.word)}</h2>{said}{notes}</div>'
        f'<div class="panel"><h2>Day by day</h2>{days}</div>'
        f'<div class="panel"><h2>Findings</h2>{_findings(found)}</div>'
    )


def _notice(reason: Reason) -> str:
    bad = " bad" if reason.word is Word.UNFIT else ""
    return f'<p class="notice{bad}">{_text(reason.word)}: {_text(reason.text)}</p>'


def _tag(word: Word) -> str:
    return f'<span class="tag {_TONES[word]}">{word.value}</span>'


def _day(day: str, word: Word, tally: Tally) -> Iterator[str]:
    yield from (_text(day), _tag(word), duration(tally.span_s))
    gaps = tally.breaks + tally.outages + tally.silences
    yield from (f"{count:,}" for count in (tally.messages + tally.quotes, tally.trades, gaps))
    yield duration(tally.lost_ns / 1e9) if tally.lost_ns else "0"
    yield from (f"{count:,}" for count in (tally.crossed, tally.locked, tally.duplicates))
    yield duration(tally.longest_ns / 1e9)


def _findings(found: Verdict) -> str:
    if found.findings.is_empty():
        return '<p class="sub">None.</p>'
    rows = found.findings.head(_MOST_ROWS).iter_rows(named=True)
    cells = ((_moment(row["at_ns"]), row["kind"], row["detail"], _place(row["source"], row["line"])) for row in rows)
    total = sum(found.found.values())
    more = f'<p class="sub">{total - _MOST_ROWS:,} more.</p>' if total > _MOST_ROWS else ""
    return _rows(("when (UTC)", "kind", "what", "where"), (map(_text, row) for row in cells)) + more


def _limits(limits: Limits) -> Iterator[Iterable[str]]:
    for name, field in type(limits).model_fields.items():
        value, about = getattr(limits, name), _text(field.description)
        bar = (f"{value:g}", "") if isinstance(value, float) else (f"{value.usable:g}", _never(value.unfit))
        yield (_text(name), *bar, about)


def _never(value: float | None) -> str:
    return "never" if value is None else f"{value:g}"


def _rows(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{_text(name)}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<table class="listed"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _moment(ns: int | None) -> str:
    return "" if ns is None else str(np.datetime64(ns, "ns"))[:23].replace("T", " ")


def _place(source: str | None, line: int | None) -> str:
    return "" if source is None else f"{Path(source).name}{f':{line}' if line else ''}"


def _text(value: object) -> str:
    return html.escape(str(value))
