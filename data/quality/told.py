"""What a reader mends as it reads is gone from its rows: the count stands in what it warns of."""

import re
from collections.abc import Iterable

_TIMES = re.compile(r"\((\d+) times\)$")
_FIRST = re.compile(r"^(\d+) ")
_KINDS = {
    "there already": "duplicates",
    "goes back": "clock_steps",
    "u jumps": "jumps",
}  # words of a warning, what it counts


def counted(warnings: Iterable[str]) -> dict[str, int]:
    """How many duplicates were left out, steps of our clock held, and jumps of a sequence let pass."""
    found: dict[str, int] = {}
    for text in warnings:
        for words, kind in _KINDS.items():
            if words in text:
                times = _TIMES.search(text) or _FIRST.search(text)
                found[kind] = found.get(kind, 0) + (int(times[1]) if times else 1)
    return found
