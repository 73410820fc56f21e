"""Times written as 2024-08-05T00:00:05.402514755, UTC with or without a Z, many at once."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from data.decimals import Int64s
from data.source import fault

_EARLIEST_NS, _LATEST_NS = 1_483_228_800_000_000_000, 4_102_444_800_000_000_000  # 2017 to 2100


def iso_ns(path: Path, texts: Sequence[str], lines: Sequence[int], field: str) -> Int64s:
    """Nanoseconds. Raises DataError for the first text that is no such time."""
    try:
        found: Int64s = _cast(texts)
    except pa.ArrowInvalid:
        bad = next(n for n, text in enumerate(texts) if not _is_time(text))
        raise fault(path, f"{texts[bad]!r} is no time", line=int(lines[bad]), field=field) from None
    odd = (found < _EARLIEST_NS) | (found > _LATEST_NS)
    if odd.any():
        n = int(np.flatnonzero(odd)[0])
        raise fault(path, f"{texts[n]!r} is not between 2017 and 2100", line=int(lines[n]), field=field)
    return found


def _cast(texts: Sequence[str]) -> Int64s:
    plain = pa.array([text.removesuffix("Z") for text in texts], pa.string())
    times: Int64s = plain.cast(pa.timestamp("ns")).cast(pa.int64()).to_numpy()
    return times


def _is_time(text: str) -> bool:
    try:
        _cast([text])
    except pa.ArrowInvalid:
        return False
    return True
