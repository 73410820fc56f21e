"""What a run has acted on and its journal's file has not taken in yet: a write-ahead log. A line of it is handed to the
system in a fraction of the time that SQLite takes, and an order waits for no more than that.

A line is a record: the crc32 (8 hex digits) of the rest, the seq of its event, and the event with what followed from it
as a JSON array. There are two files, written in turns: while one is written, the journal takes in the other.
"""

import os
import zlib
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.core.commands import Outcome
from engine.core.errors import JournalError, Problem
from engine.core.events import AnyEvent
from engine.journal.chain import Chain, Tail, Written
from engine.journal.entry import Entry, Kind, decode, encode_all
from engine.journal.wal import LogEnd

AHEAD_FILES = ("journal.ahead-0", "journal.ahead-1")
_CRC = 8

_raws: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


class Ahead:
    """The two files of a run's folder, begun anew and open for writing. Raises JournalError."""

    def __init__(self, folder: Path) -> None:
        self._paths = [folder / name for name in AHEAD_FILES]
        self._now, self._size, self._other_is_empty = 0, 0, True
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        try:
            self._files = [os.open(path, flags, 0o644) for path in self._paths]
        except OSError as error:
            raise _not(folder, "written", error) from error

    def write(self, seq: int, event: AnyEvent, outcomes: tuple[Outcome, ...]) -> None:
        """Hand a record to the system, whole or not at all. Raises JournalError."""
        line = left = line_of(seq, event, outcomes)
        file = self._files[self._now]
        try:
            while left:
                left = left[os.write(file, left) :]
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(file, self._size)
            raise _not(self._paths[self._now], "written", error) from error
        self._size += len(line)

    def turn(self) -> None:
        """Write the other file from now on, if what stood in it is on the disk elsewhere."""
        if self._other_is_empty:
            self._now, self._size, self._other_is_empty = 1 - self._now, 0, False

    def drop(self) -> None:
        """Empty the file that is not being written: the journal has taken it in, and is on the disk. Raises
        JournalError."""
        try:
            os.ftruncate(self._files[1 - self._now], 0)
        except OSError as error:
            raise _not(self._paths[1 - self._now], "written", error) from error
        self._other_is_empty = True

    def close(self) -> None:
        for file in self._files:
            os.close(file)


def line_of(seq: int, event: AnyEvent, outcomes: tuple[Outcome, ...]) -> bytes:
    body = b"%d %b" % (seq, encode_all((event, *outcomes)))
    return b"%08x %b\n" % (zlib.crc32(body), body)


class Line(NamedTuple):
    seq: int
    record: tuple[Written, ...]  # the event first


def contents_ahead(folder: Path) -> dict[str, bytes]:
    """The files as they are now. To be read before the journal, which takes them in. Raises JournalError."""
    contents = {}
    for name in AHEAD_FILES:
        try:
            contents[name] = (folder / name).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _not(folder / name, "read", error) from error
    return contents


def remove_ahead(folder: Path) -> None:
    """Raises JournalError."""
    for name in AHEAD_FILES:
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise _not(folder / name, "removed", error) from error


def lines_ahead(contents: dict[str, bytes]) -> tuple[list[Line], LogEnd]:
    """The lines of each file up to the first that is not whole, in the order of their seq; and how the files end."""
    lines: list[Line] = []
    ends = []
    for name, content in contents.items():
        *whole, rest = content.split(b"\n")
        good = list(takewhile(bool, map(_line, whole)))
        lines += filter(None, good)
        ends.append(_end(name, whole[len(good) :], rest))
    damage, torn = (next(filter(None, said), None) for said in zip(*ends, strict=True)) if ends else (None, None)
    return sorted(lines, key=lambda line: line.seq), LogEnd(damage, torn)


def entries_ahead(lines: list[Line], seq: int, before: bytes) -> list[Entry]:
    """What comes after entry `seq`, whose hash is `before`, up to the first gap."""
    chain = Chain(Tail(seq=seq, chain=before, counts=dict.fromkeys(Kind, 0), first_ns=None, last_ns=None))
    entries: list[Entry] = []
    for line in lines:
        if line.seq == chain.seq + 1:
            entries += chain.extended(line.record)
    return entries


def after_a_gap(lines: list[Line], reached: int) -> int | None:
    """The seq of the first line beyond the entry that is reached: those in between are missing."""
    return next((line.seq for line in lines if line.seq > reached), None)


def _line(text: bytes) -> Line | None:
    crc, body = text[:_CRC], text[_CRC + 1 :]
    if crc != b"%08x" % zlib.crc32(body) or text[_CRC : _CRC + 1] != b" ":
        return None
    seq, _, record = body.partition(b" ")
    try:
        return Line(int(seq), tuple((decode(raw), bytes(raw)) for raw in _raws.decode(record)))
    except (msgspec.MsgspecError, ValueError):  # as another version of the code wrote it
        return None


def _not(path: Path, done: str, error: OSError) -> JournalError:
    return JournalError(Problem(str(path), f"cannot be {done}: {error.strerror}"))


def _end(name: str, bad: list[bytes], rest: bytes) -> LogEnd:
    """A write that was cut short has no end; where power was lost, zeros stand in its place."""
    if bad or (rest and _line(rest[:-1]) is not None):
        return LogEnd(damage=f"{name}: a line is not what was written")
    return LogEnd(torn=f"{name}: the last line is torn" if rest else None)
