"""Files of trades in ascending order of time, whichever way round a file is written."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from data.csv_blocks import Block, parsed
from data.decimals import Int64s

type BlocksOf = Callable[[Path], Iterator[Block]]
type TimesOf = Callable[[Block], Int64s]


def ascending(paths: Sequence[Path], blocks_of: BlocksOf, times_of: TimesOf, field: str) -> Iterator[Block]:
    """The files' rows as one ascending row of time; a file that is written latest first is turned round.

    That takes a file of its own on the disk, not memory. Raises DataError for a file in no order, and for files that
    overlap.
    """
    last_ns = 0
    for block in chain.from_iterable(_turned(blocks_of(path), times_of) for path in paths):
        times = times_of(block)
        back = np.diff(times, prepend=last_ns) < 0
        block.refuse(back, field, "the time goes back: the rows are in no order, or files overlap")
        last_ns = int(times[-1])
        yield block


def _turned(blocks: Iterator[Block], times_of: TimesOf) -> Iterator[Block]:
    first = next(blocks, None)
    if first is None:
        return iter(())
    times = times_of(first)
    every = chain([first], blocks)
    return _reversed(every) if times[-1] < times[0] else every


def _reversed(blocks: Iterator[Block]) -> Iterator[Block]:
    starts = list[tuple[int, int]]()  # of each block: its first line, and its place
    with tempfile.TemporaryFile() as file:
        for block in blocks:
            path, form, end = block.path, block.form, file.tell() + len(block.text)
            starts.append((block.first, file.tell()))
            file.write(block.text)
        for first, start in reversed(starts):
            file.seek(start)
            yield parsed(path, form, file.read(end - start), first).backwards()
            end = start
