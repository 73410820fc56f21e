"""Files from outside as blocks of whole lines: unpacked as they are read, checked to their last byte."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from data.behind import ahead
from data.readers.protocol import OnBytes, Sample
from data.unpack import unpacked
from engine.core.errors import DataError, Problem

type Cut = Callable[[bytes], int]

_LONGEST = 1 << 26
_SAMPLE = 1 << 16


def ignore_bytes(_count: int) -> None:
    """For those who show no progress."""


def fault(path: Path | str, message: str, *, line: int | None = None, field: str | None = None) -> DataError:
    return DataError(Problem(source=str(path), message=message, line=line, field=field))


def size_of(path: Path) -> int:
    """Bytes on disk. Raises DataError for a file that is missing, empty or no file."""
    try:
        if path.is_dir():
            return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        if not path.is_file():
            raise fault(path, "there is no such file")
        size = path.stat().st_size
    except OSError as error:
        raise fault(path, error.strerror or str(error)) from error
    if not size:
        raise fault(path, "the file is empty")
    return size


def digest(path: Path) -> str:
    """SHA-256 of the file as it lies on disk; of a folder, of its files' names and digests."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        lines = (f"{digest(file)} {file.relative_to(path).as_posix()}\n" for file in files)
        return hashlib.sha256("".join(lines).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_published(path: Path, sha256: str) -> None:
    """Raises DataError where a vendor's checksum lies beside the file, as Binance publishes it, and is another."""
    beside = path.with_name(path.name + ".CHECKSUM")
    if not beside.is_file():
        return
    published = (beside.read_text(errors="replace").split() or [""])[0].lower()
    if published != sha256:
        raise fault(path, f"is not the file of {beside.name}: its SHA-256 is {sha256}, not {published or 'empty'}")


def sample_of(path: Path) -> Sample:
    """A file's beginning. Raises DataError for one that is missing, empty, or damaged at its start."""
    size_of(path)
    if path.is_dir():
        return Sample(path, b"", is_folder=True)
    found = unpacked(path, ignore_bytes, first_member=True)
    head = b""
    while len(head) < _SAMPLE and (more := next(found.chunks, b"")):
        head += more
    if not head:
        raise fault(path, "the file is empty")
    return Sample(path, head[:_SAMPLE], found.containers, found.member)


def _last_line(text: bytes) -> int:
    return text.rfind(b"\n") + 1


def line_blocks(path: Path, on_bytes: OnBytes = ignore_bytes, cut: Cut = _last_line) -> Iterator[bytes]:
    """The file's text in blocks that end with a line's end, some megabytes each, whatever its size. `cut` says where
    to end one, after a line's end, in a text that may begin within a line; 0 for nowhere.

    Raises DataError for a file that cannot be read, is truncated or damaged, or holds no text.
    """
    rest, seen = b"", False
    for chunk in ahead(unpacked(path, on_bytes).chunks):
        end = cut(chunk)
        if not end:
            rest += chunk
            if len(rest) > _LONGEST:
                raise fault(path, f"a line or a message of more than {_LONGEST >> 20} MB: this is no such file")
            continue
        seen = True
        yield b"".join((rest, memoryview(chunk)[:end]))
        rest = chunk[end:]
    if rest:
        yield rest if rest.endswith(b"\n") else rest + b"\n"
    elif not seen:
        raise fault(path, "the file is empty")
