"""Files from outside as blocks of whole lines: decompressed as they are read, checked to their last byte."""

import hashlib
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.core.errors import DataError, Problem

type OnBytes = Callable[[int], None]

_READ = 1 << 18
_BLOCK = 1 << 22
_LONGEST_LINE = 1 << 26
GZIP_MAGIC = b"\x1f\x8b"


def ignore_bytes(_count: int) -> None:
    """For those who show no progress."""


def fault(path: Path, message: str, *, line: int | None = None, field: str | None = None) -> DataError:
    return DataError(Problem(source=str(path), message=message, line=line, field=field))


def size_of(path: Path) -> int:
    """Bytes on disk. Raises DataError for a file that is missing, empty or no file."""
    try:
        if not path.is_file():
            raise fault(path, "is a folder, not a file" if path.is_dir() else "there is no such file")
        size = path.stat().st_size
    except OSError as error:
        raise fault(path, error.strerror or str(error)) from error
    if not size:
        raise fault(path, "the file is empty")
    return size


def digest(path: Path) -> str:
    """SHA-256 of the file as it lies on disk."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def line_blocks(path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[bytes]:
    """The file's text in blocks that end with a line's end, some megabytes each, whatever its size.

    Raises DataError for a file that cannot be read, is truncated or damaged, or holds no text.
    """
    rest, seen = b"", False
    for chunk in _inflated(path, on_bytes):
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            rest += chunk
            if len(rest) > _LONGEST_LINE:
                raise fault(path, f"a line of more than {_LONGEST_LINE >> 20} MB: this is no text file")
            continue
        seen = True
        yield rest + chunk[:cut] if rest else chunk[:cut]
        rest = chunk[cut:]
    if rest:
        yield rest + b"\n"
    elif not seen:
        raise fault(path, "the file is empty")


def _inflated(path: Path, on_bytes: OnBytes) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            magic = file.read(2)
            file.seek(0)
            reads = _reads(file.read, on_bytes)
            yield from _gunzip(path, reads) if magic == GZIP_MAGIC else reads
    except OSError as error:
        raise fault(path, error.strerror or str(error)) from error


def _reads(read: Callable[[int], bytes], on_bytes: OnBytes) -> Iterator[bytes]:
    while chunk := read(_READ):
        on_bytes(len(chunk))
        yield chunk


def _gunzip(path: Path, reads: Iterator[bytes]) -> Iterator[bytes]:
    """Several members one after another are one file; zeros after the last are padding."""
    member, offset = zlib.decompressobj(31), 0
    for chunk in reads:
        data, more = chunk, True
        while more:
            if member.eof:
                data = data.lstrip(b"\0")
                if not data:
                    break
                member = zlib.decompressobj(31)
            try:
                text = member.decompress(data, _BLOCK)
            except zlib.error as error:
                raise fault(path, f"damaged gzip near byte {offset} ({error})") from error
            if text:
                yield text
            data = member.unused_data if member.eof else member.unconsumed_tail
            more = bool(data) or len(text) == _BLOCK
        offset += len(chunk)
    if not member.eof:
        raise fault(path, f"truncated gzip: the file ends after {offset} bytes, before its checksum")
