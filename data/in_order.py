"""Files of trades in ascending order of time, whichever way round a file is written."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from data.csv_rows import Rows, rows
from data.decimals import Int64s
from data.readers.protocol import OnBytes

type TimesOf = Callable[[Rows], Int64s]


def ascending(paths: Sequence[Path], on_bytes: OnBytes, times_of: TimesOf, field: str) -> Iterator[Rows]:
    """The files' rows as one ascending row of time; a file that is written latest first is turned round.

    That takes a file of its own on the disk, not memory. Raises DataError for a file in no order, and for files that
    overlap.
    """
    last_ns = 0
    for block in chain.from_iterable(_turned(rows(path, on_bytes), times_of) for path in paths):
        times = times_of(block)
        back = np.flatnonzero(np.diff(times, prepend=last_ns) < 0)
        if len(back):
            raise block.fault(int(back[0]), field, "the time goes back: the rows are in no order, or files overlap")
        last_ns = int(times[-1])
        yield block


def _turned(blocks: Iterator[Rows], times_of: TimesOf) -> Iterator[Rows]:
    first = next(blocks, None)
    if first is None:
        return iter(())
    times = times_of(first)
    every = chain([first], blocks)
    return _reversed(first.path, every) if times[-1] < times[0] else every


def _reversed(path: Path, blocks: Iterator[Rows]) -> Iterator[Rows]:
    spans = list[tuple[int, int]]()
    with tempfile.TemporaryFile() as file:
        writer: Any = None
        for block in blocks:
            writer = writer or pa.ipc.new_file(file, block.table.schema)
            writer.write_batch(block.table.combine_chunks().to_batches()[0])
            spans.append((int(block.lines[0]), len(block)))
        writer.close()
        file.seek(0)
        reader = pa.ipc.open_file(file)
        for n, (line, count) in reversed([*enumerate(spans)]):
            table = pa.Table.from_batches([reader.get_batch(n)])
            yield Rows(path, table, np.arange(line, line + count)).backwards()
