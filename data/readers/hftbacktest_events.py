"""The array in hftbacktest's npz, some megabytes at a time: its header checked, its rows on the local clock."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from data.readers.protocol import OnBytes
from data.source import fault
from data.unpack import unpacked

EXCH, LOCAL, BUY, SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28
KIND = 0xFF
DEPTH, TRADE, CLEAR, SNAPSHOT, BBO = 1, 2, 3, 4, 5

MAGIC = b"\x93NUMPY"
_FIELDS = {
    "ev": "<u8",
    "exch_ts": "<i8",
    "local_ts": "<i8",
    "px": "<f8",
    "qty": "<f8",
    "order_id": "<u8",
    "ival": "<i8",
    "fval": "<f8",
}
_ROW = np.dtype(list(_FIELDS.items()))
_BATCH = 1 << 22  # bytes
_LONGEST_HEADER = 1 << 16
_EARLIEST_NS, _LATEST_NS = 1_483_228_800_000_000_000, 4_102_444_800_000_000_000  # 2017 to 2100

type Array = npt.NDArray[np.void]


def header(path: Path, head: bytes) -> tuple[int, int]:
    """How many events an array has, and at which byte they begin. Raises DataError for an array of anything else."""
    file = io.BytesIO(head)
    try:
        major = np.lib.format.read_magic(file)[0]
        read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
    except (ValueError, EOFError, UnicodeDecodeError, SyntaxError) as error:
        raise fault(path, f"is a NumPy array with a damaged header: {error}") from error
    if dtype.kind == "f" and len(shape) == 2 and shape[1] == 6:
        reason = "is of hftbacktest's first form, six columns of floats: its times have lost their last digits"
        raise fault(path, f"{reason}. Make it anew from the vendor's files")
    if dtype.names != _ROW.names or len(shape) != 1 or dtype.itemsize != _ROW.itemsize or dtype != _ROW:
        raise fault(path, f"is a NumPy array of {dtype}, not of hftbacktest's events", field="dtype")
    return int(shape[0]), file.tell()


def batches(path: Path, on_bytes: OnBytes) -> Iterator[tuple[int, Array]]:
    """The events as they stand there, and the number of the first, from 1."""
    held, count, first, left = bytearray(), None, 1, 0
    for chunk in unpacked(path, on_bytes).chunks:
        held += chunk
        if count is None and len(held) >= min(_LONGEST_HEADER, _header_length(held)):
            count, begin = header(path, bytes(held[:_LONGEST_HEADER]))
            del held[:begin]
            left = count
        if count is not None and len(held) >= _BATCH:
            rows = min(len(held) // _ROW.itemsize, left)
            yield first, _rows(held, rows)
            first, left = first + rows, left - rows
    if count is None:
        raise fault(path, "is a NumPy array cut short in its header")
    if len(held) != left * _ROW.itemsize:
        raise fault(path, f"should hold {count} events: its length is another", line=first)
    if left:
        yield first, _rows(held, left)


def _header_length(held: bytearray) -> int:
    if len(held) < 12:
        return 1 << 30
    return int.from_bytes(held[8:10], "little") + 10 if held[6] == 1 else int.from_bytes(held[8:12], "little") + 12


def _rows(held: bytearray, count: int) -> Array:
    size = count * _ROW.itemsize
    rows: Array = np.frombuffer(bytes(held[:size]), _ROW)
    del held[:size]
    return rows


def check_times(path: Path, events: Array, lines: npt.NDArray[np.int64]) -> None:
    """Raises DataError for a time that cannot be in nanoseconds."""
    for name in ("exch_ts", "local_ts"):
        odd = (events[name] < _EARLIEST_NS) | (events[name] > _LATEST_NS)
        if odd.any():
            row = int(np.flatnonzero(odd)[0])
            reason = f"{events[name][row]} is no time in nanoseconds between 2017 and 2100: a wrong unit?"
            raise fault(path, reason, line=int(lines[row]), field=name)
