"""The lines of several captures: one file after the other, or, of cryptofeed's, merged by their time."""

import heapq
from collections.abc import Iterator, Sequence
from itertools import batched, groupby
from operator import itemgetter
from pathlib import Path

from data.readers.binance_lines import Line, Split, is_cryptofeed, splitter
from data.readers.binance_messages import NotOursError
from data.readers.protocol import OnBytes
from data.source import line_blocks

_MERGED = 20_000  # lines to a batch

type Numbered = tuple[int, bytes]


def quietly(split: Split, text: bytes) -> Line | None:
    """None for a line that is none of a capture."""
    try:
        return split(text)
    except NotOursError:
        return None


def batches(paths: Sequence[Path], on_bytes: OnBytes) -> Iterator[tuple[Path, Split, Iterator[Numbered]]]:
    """Lines of one file that follow one another, with their numbers."""
    heads = {path: next(line_blocks(path)) for path in paths}
    splits = {path: split for path, head in heads.items() if (split := splitter(path, head))}
    if len(paths) > 1 and all(is_cryptofeed(split) for split in splits.values()):
        merged = heapq.merge(*(_timed(path, splits[path], on_bytes) for path in paths), key=itemgetter(0))
        for path, rows in groupby(merged, key=itemgetter(1)):
            for some in batched(rows, _MERGED, strict=False):
                yield path, splits[path], ((number, text) for _, _, number, text in some)
        return
    for path in paths:
        first = 1
        for block in line_blocks(path, on_bytes):
            texts = block.split(b"\n")[:-1]
            yield path, splits[path], enumerate(texts, first)
            first += len(texts)


def _timed(path: Path, split: Split, on_bytes: OnBytes) -> Iterator[tuple[int, Path, int, bytes]]:
    at_ns, number = 0, 0
    for block in line_blocks(path, on_bytes):
        for text in block.split(b"\n")[:-1]:
            number += 1
            line = quietly(split, text)
            at_ns = at_ns if line is None or line.at_ns is None else line.at_ns
            yield at_ns, path, number, text
