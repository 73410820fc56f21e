"""One word on a recording, and on each of its days: clean, usable or unfit, with the reasons."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec
import polars as pl

from data.quality.examination import Examination
from data.quality.limits import Bar, Limits
from data.quality.tally import Tally, counts, together

_DAY_S = 86_400.0


class Word(StrEnum):
    CLEAN = "clean"
    USABLE = "usable"  # with the reasons in mind
    UNFIT = "unfit"

    @property
    def badness(self) -> int:
        return list(Word).index(self)


class Reason(msgspec.Struct, frozen=True):
    """What keeps a recording from being clean: the limit's name, the figure, and a sentence with it."""

    limit: str
    word: Word
    value: float
    text: str


class Verdict(msgspec.Struct, frozen=True):
    """`notes` are worth knowing and change nothing."""

    word: Word
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]
    tally: Tally
    days: dict[str, tuple[Word, tuple[Reason, ...], Tally]]
    findings: pl.DataFrame
    found: dict[str, int]  # findings in all by kind, those that `findings` has no room for too

    @property
    def reason(self) -> str:
        """The worst one, or that there is none."""
        return self.reasons[0].text if self.reasons else "nothing wrong with it was found"


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What the rows do not say of themselves. `behind_ns`: how far our clock ran behind the venue's."""

    refused: tuple[str, ...] = ()
    behind_ns: int = 0
    snapshots_only: bool = False
    notes: tuple[str, ...] = ()


def verdict(seen: Examination, limits: Limits, about: About) -> Verdict:
    """The examination must be finished."""
    days = {name: tally for name, tally in seen.days.named().items() if tally.first_ns is not None}
    if len(days) == 1:  # of several nobody knows on which it was
        _mend(next(iter(days.values())), seen.mended)
    judged = {name: (*_judged(_figures(tally), limits), tally) for name, tally in days.items()}
    whole = together(iter(days.values()))
    if len(days) != 1:
        _mend(whole, seen.mended)
    figures = {**_of_all(seen, whole, about), **_figures(whole)}
    word, reasons = _judged(figures, limits)
    bad_days = [name for name, (of_day, _, _) in judged.items() if of_day is Word.UNFIT]
    if bad_days and word is not Word.UNFIT:
        word, reasons = Word.USABLE, (_of_days(bad_days, len(judged)), *reasons)
    if about.refused:
        reasons = tuple(
            msgspec.structs.replace(r, text=_refused(about)) if r.limit == "refused" else r for r in reasons
        )
    return Verdict(
        word=word,
        reasons=reasons,
        notes=about.notes,
        tally=whole,
        days=judged,
        findings=seen.findings.frame(),
        found=seen.findings.counts,
    )


def _mend(tally: Tally, mended: dict[str, int]) -> None:
    for name, count in mended.items():
        setattr(tally, name, getattr(tally, name) + count)


def _refused(about: About) -> str:
    more = f" (and {len(about.refused) - 1} more)" if len(about.refused) > 1 else ""
    return f"cannot be ingested: {about.refused[0]}{more}"


def _of_days(bad: list[str], days: int) -> Reason:
    named = ", ".join(bad[:3]) + (", ..." if len(bad) > 3 else "")
    return Reason("days", Word.USABLE, float(len(bad)), f"{len(bad)} of {days} days unfit: {named}")


def _of_all(seen: Examination, whole: Tally, about: About) -> dict[str, tuple[float, str]]:
    """Figures that no single day has."""
    start, stale = seen.first_book_ns, 0.0
    if seen.first_ns is not None and start is not None:
        stale = max(0.0, (start - seen.first_ns) / 1e9)
    nothing = not whole.messages and not whole.quotes
    return {
        "refused": (len(about.refused), "cannot be ingested"),
        "no_book": (float(nothing and not about.refused), "there is no book: neither depth nor best bid and ask"),
        "stale_start_s": (stale, f"the first whole book comes {stale:.1f} s after the first row"),
        "clock_offset_ms": (
            about.behind_ns / 1e6,
            f"our clock ran {about.behind_ns / 1e6:.0f} ms behind the venue's: latencies are known but for a constant",
        ),
        "no_trades": (
            float(not whole.trades and not about.refused),
            "no trades: what rests fills only where the book crosses it",
        ),
        "no_depth": (
            float(bool(whole.quotes and not whole.messages)),
            "best bid and ask only: the queue below the touch cannot be known",
        ),
        "snapshots_only": (
            float(about.snapshots_only),
            "whole books only: what happened between them, and so the queue, is a guess",
        ),
    }


def _figures(tally: Tally) -> dict[str, tuple[float, str]]:
    """The figures of a day or of all days, each with its sentence."""
    hours, days = max(tally.span_s / 3600, 1.0), max(tally.span_s / _DAY_S, 1.0)
    rows = tally.messages + tally.quotes
    lost = _share(tally.lost_ns / 1e9, tally.span_s)
    crossed, locked = _share(tally.crossed, rows), _share(tally.locked, rows)
    again, nobody = _share(tally.duplicates, tally.trades + tally.duplicates), _share(tally.no_aggressor, tally.trades)
    back = _share(tally.out_of_order, tally.rows + tally.trades + tally.quotes)
    gaps = tally.breaks + tally.outages + tally.silences
    return {
        "crossed_share": (
            crossed,
            f"the book is crossed after {_count(tally.crossed, 'message')} ({_percent(crossed)})",
        ),
        "lost_share": (
            lost,
            f"no book to trust for {tally.lost_ns / 1e9:.1f} s in {_count(gaps, 'gap')} ({_percent(lost)} of the time)",
        ),
        "breaks_an_hour": (tally.breaks / hours, f"the venue's sequence breaks {_count(tally.breaks, 'time')}"),
        "jumps": (
            tally.jumps,
            f"the venue's sequence jumps {_count(tally.jumps, 'time')}, yet the levels fit together: no loss is known",
        ),
        "locked_share": (locked, f"the book is locked after {_count(tally.locked, 'message')} ({_percent(locked)})"),
        "duplicate_share": (again, f"{_count(tally.duplicates, 'trade')} there twice ({_percent(again)})"),
        "out_of_order_share": (
            back,
            f"{_count(tally.out_of_order, 'row')} stamped before an earlier one ({_percent(back)})",
        ),
        "clock_steps_a_day": (tally.clock_steps / days, f"our clock stepped {_count(tally.clock_steps, 'time')}"),
        "no_aggressor_share": (
            nobody,
            f"{_count(tally.no_aggressor, 'trade')} without a taker's side ({_percent(nobody)})",
        ),
    }


def _judged(figures: dict[str, tuple[float, str]], limits: Limits) -> tuple[Word, tuple[Reason, ...]]:
    """Reasons, the worst first."""
    reasons = [
        Reason(name, word, value, text)
        for name, bar in limits.bars().items()
        if name in figures
        for value, text in [figures[name]]
        if (word := _word(value, bar)) is not Word.CLEAN
    ]
    ordered = tuple(sorted(reasons, key=lambda reason: -reason.word.badness))
    return (ordered[0].word if ordered else Word.CLEAN), ordered


def _word(value: float, bar: Bar) -> Word:
    if bar.unfit is not None and value > bar.unfit:
        return Word.UNFIT
    return Word.USABLE if value > bar.usable else Word.CLEAN


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def said(found: Verdict) -> dict[str, Any]:
    """As JSON."""
    return {
        "verdict": found.word.value,
        "reason": found.reason,
        "reasons": _reasons(found.reasons),
        "notes": list(found.notes),
        "counts": counts(found.tally),
        "days": {
            name: {"verdict": word.value, "reasons": _reasons(reasons), "counts": counts(tally)}
            for name, (word, reasons, tally) in found.days.items()
        },
        "found": found.found,
        "findings": found.findings.to_dicts(),
    }


def _reasons(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    return [{"limit": r.limit, "verdict": r.word.value, "value": r.value, "text": r.text} for r in reasons]
