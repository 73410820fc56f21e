"""SQLite's write-ahead log looked at from outside: SQLite itself ends it silently at the first frame that is not whole,
so a flipped bit there would look like a shorter run. Format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

import struct
from pathlib import Path
from typing import NamedTuple

HEADER, FRAME_HEADER, SECTOR = 32, 24, 512
MAGICS = {0x377F0682: "<", 0x377F0683: ">"}  # the byte order of the words that are summed


class Frame(NamedTuple):
    """`committed` is not 0 on the last frame of a transaction."""

    at: int
    committed: int
    salts: tuple[int, int]
    sums: tuple[int, int]


class LogEnd(NamedTuple):
    """`damage`: what was written once and is not there any more. `torn`: a write that never came to its end."""

    damage: str | None = None
    torn: str | None = None


def wal_end(path: Path) -> LogEnd:
    """How a log that nobody writes ends. A missing or empty one is whole."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return LogEnd()
    if len(content) < HEADER:
        return LogEnd(torn=f"{path.name} ends within its header") if content else LogEnd()
    magic, _, page_size, _, *rest = struct.unpack_from(">8I", content)
    if magic not in MAGICS or _sums(MAGICS[magic], content[:24]) != tuple(rest[2:]):
        return LogEnd(damage=f"{path.name}: its header is not what was written")
    return _ended(path.name, content, _Form(MAGICS[magic], page_size, (rest[0], rest[1]), (rest[2], rest[3])))


class _Form(NamedTuple):
    order: str
    page_size: int
    salts: tuple[int, int]
    sums: tuple[int, int]


def _ended(name: str, content: bytes, form: _Form) -> LogEnd:
    frames = _frames(content, form.page_size)
    sums, whole = form.sums, 0
    for frame in frames:
        sums = _sums(form.order, content[frame.at : frame.at + 8], sums)
        sums = _sums(form.order, content[frame.at + FRAME_HEADER : frame.at + FRAME_HEADER + form.page_size], sums)
        if frame.salts != form.salts or frame.sums != sums:
            break
        whole += 1
    rest = frames[whole:]
    if rest and not _is_older(rest, form.salts):
        if _zeroed(content, rest[0].at):
            return LogEnd(torn=f"{name}: the last write is torn at byte {rest[0].at}")
        return LogEnd(damage=f"{name}: frame {whole + 1} of {len(frames)} is not what was written")
    written = frames[:whole]
    tail = HEADER + whole * (FRAME_HEADER + form.page_size)
    if (written and not written[-1].committed) or (not rest and len(content) > tail):
        return LogEnd(torn=f"{name}: the last write is torn at byte {len(content)}")
    return LogEnd()


def _frames(content: bytes, page_size: int) -> list[Frame]:
    """Those that are there in full."""
    step = FRAME_HEADER + page_size
    places = range(HEADER, len(content) - step + 1, step)
    words = ((at, struct.unpack_from(">6I", content, at)) for at in places)
    return [Frame(at, word[1], (word[2], word[3]), (word[4], word[5])) for at, word in words]


def _is_older(rest: list[Frame], salts: tuple[int, int]) -> bool:
    """Left from before the log began anew: there both salts were others."""
    return all(frame.salts[0] != salts[0] and frame.salts[1] != salts[1] for frame in rest)


def _zeroed(content: bytes, at: int) -> bool:
    """A loss of power leaves sectors that were promised and never written: zeros up to the end."""
    end = len(content.rstrip(b"\0"))
    return len(content) - max(end, at) >= SECTOR


def _sums(order: str, data: bytes, before: tuple[int, int] = (0, 0)) -> tuple[int, int]:
    first, second = before
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for n in range(0, len(words), 2):
        first = (first + words[n] + second) & 0xFFFFFFFF
        second = (second + words[n + 1] + first) & 0xFFFFFFFF
    return first, second
