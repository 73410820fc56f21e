"""Files out of their containers, as a stream: gzip, zstd, lz4, bzip2, xz, zip and tar, one within another.

An archive must hold one file. Each is checked to its end: a stream that was cut short or damaged is a DataError.
"""

import bz2
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lz4.frame
import msgspec
import zstandard
from zlib_ng import zlib_ng

from engine.core.errors import DataError, Problem

type OnBytes = Callable[[int], None]
type Chunks = Iterator[bytes]

_READ = 1 << 18
_BLOCK = 1 << 22
_MOST_LAYERS = 4
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257


_ZLIB_ERROR: type[Exception] = zlib_ng.error  # type: ignore[assignment] # its stub calls the class an instance


def _of_zlib(stream: Any, data: bytes) -> tuple[bytes, bytes]:
    text: bytes = stream.decompress(data, _BLOCK)
    if len(text) == _BLOCK and not stream.unconsumed_tail and not stream.eof:
        text += stream.decompress(b"")
    return text, stream.unused_data if stream.eof else stream.unconsumed_tail


def _of_zstd(stream: Any, data: bytes) -> tuple[bytes, bytes]:
    return stream.decompress(data), stream.unused_data if stream.eof else b""


def _of_others(stream: Any, data: bytes) -> tuple[bytes, bytes]:
    text: bytes = stream.decompress(data)
    return text, (stream.unused_data or b"") if stream.eof else b""


class Layer(msgspec.Struct, frozen=True):
    """`some`: text, and what is left to be read, of a stream that was given data."""

    name: str
    start: Callable[[], Any]
    some: Callable[[Any, bytes], tuple[bytes, bytes]]
    errors: tuple[type[Exception], ...]


_LAYERS = {
    b"\x1f\x8b": Layer("gzip", lambda: zlib_ng.decompressobj(31), _of_zlib, (_ZLIB_ERROR,)),
    b"\x28\xb5\x2f\xfd": Layer(
        "zstd", lambda: zstandard.ZstdDecompressor().decompressobj(), _of_zstd, (zstandard.ZstdError,)
    ),
    b"\x04\x22\x4d\x18": Layer("lz4", lz4.frame.LZ4FrameDecompressor, _of_others, (RuntimeError, EOFError)),
    b"BZh": Layer("bzip2", bz2.BZ2Decompressor, _of_others, (OSError, EOFError, ValueError)),
    b"\xfd7zXZ": Layer("xz", lzma.LZMADecompressor, _of_others, (lzma.LZMAError, EOFError)),
}
_ZIP = b"PK\x03\x04"


class Unpacked(msgspec.Struct, frozen=True):
    """A file's text or bytes, and out of what they came (outermost first), and their name in an archive."""

    chunks: Chunks
    containers: tuple[str, ...]
    member: str


def unpacked(path: Path, on_bytes: OnBytes, *, first_member: bool = False) -> Unpacked:
    """The one file that a path holds. Raises DataError, at once or as it is read, for what is damaged, and for an
    archive of several files unless the `first_member` will do."""
    try:
        chunks, containers, member = _reads(path, on_bytes), list[str](), ""
        with path.open("rb") as file:
            if file.read(4) == _ZIP:
                (chunks, member), containers = _zip_member(path, on_bytes, first_member=first_member), ["zip"]
        for _ in range(_MOST_LAYERS):
            head, chunks = _peeked(chunks)
            if layer := next((each for magic, each in _LAYERS.items() if head.startswith(magic)), None):
                chunks = _inflated(path, chunks, layer)
                containers.append(layer.name)
            elif head[_TAR_MAGIC_AT:].startswith(_TAR_MAGIC):
                chunks, member = _tar_member(path, chunks, first_member=first_member)
                containers.append("tar")
            else:
                break
    except OSError as error:
        raise _fault(path, error.strerror or str(error)) from error
    return Unpacked(chunks, tuple(containers), member)


def _fault(path: Path, message: str) -> DataError:
    return DataError(Problem(source=str(path), message=message))


def _peeked(chunks: Chunks) -> tuple[bytes, Chunks]:
    """The first bytes (of a tar's header, if it is one), and all of them again."""
    head = b""
    while len(head) < _TAR_MAGIC_AT + len(_TAR_MAGIC) and (more := next(chunks, b"")):
        head += more

    def again() -> Chunks:
        yield head
        yield from chunks

    return head, again()


def _reads(path: Path, on_bytes: OnBytes) -> Chunks:
    try:
        with path.open("rb") as file:
            while chunk := file.read(_READ):
                on_bytes(len(chunk))
                yield chunk
    except OSError as error:
        raise _fault(path, error.strerror or str(error)) from error


def _inflated(path: Path, chunks: Chunks, layer: Layer) -> Chunks:
    """Several members one after another are one file; zeros after the last are padding."""
    stream, offset = layer.start(), 0
    for chunk in chunks:
        data: bytes = chunk
        while data:
            if stream.eof:
                data = data.lstrip(b"\0")
                if not data:
                    break
                stream = layer.start()
            try:
                text, data = layer.some(stream, data)
            except layer.errors as error:
                raise _fault(path, f"damaged {layer.name} near byte {offset} ({error})") from error
            if text:
                yield text
        offset += len(chunk)
    if not stream.eof:
        raise _fault(path, f"truncated {layer.name}: the file ends after {offset} bytes, before its own end")


def _zip_member(path: Path, on_bytes: OnBytes, *, first_member: bool) -> tuple[Chunks, str]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError) as error:
        raise _fault(path, f"damaged or truncated zip archive: {error}") from error
    return _zip_chunks(path, _only(path, names, first_member=first_member), on_bytes), names[0]


def _zip_chunks(path: Path, name: str, on_bytes: OnBytes) -> Chunks:
    told = 0
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive, archive.open(name) as member:
            while chunk := member.read(_READ):
                on_bytes(file.tell() - told)
                told = file.tell()
                yield chunk
            on_bytes(path.stat().st_size - told)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _fault(path, f"damaged zip archive: {error or 'it ends too early'}") from error


def _tar_member(path: Path, chunks: Chunks, *, first_member: bool) -> tuple[Chunks, str]:
    try:
        archive = tarfile.open(fileobj=_Stream(chunks), mode="r|")  # noqa: SIM115 - read by the generator below
        member = next((each for each in archive if each.isfile()), None)
    except tarfile.TarError as error:
        raise _fault(path, f"damaged tar archive: {error}") from error
    if member is None:
        raise _fault(path, "is an archive without a file")

    def contents() -> Chunks:
        try:
            file = archive.extractfile(member)
            while file is not None and (chunk := file.read(_READ)):
                yield chunk
            while not first_member and (more := archive.next()):
                if more.isfile():
                    raise _fault(path, f"is an archive of several files ({member.name}, {more.name}, ...): unpack it")
        except tarfile.TarError as error:
            raise _fault(path, f"damaged tar archive: {error}") from error
        for _ in chunks:  # to the end, where a compressed file has its checksum
            pass

    return contents(), member.name


def _only(path: Path, names: list[str], *, first_member: bool) -> str:
    if not names:
        raise _fault(path, "is an archive without a file")
    if len(names) > 1 and not first_member:
        raise _fault(path, f"is an archive of several files ({', '.join(names[:3])}, ...): unpack it")
    return names[0]


class _Stream(io.RawIOBase):
    """Chunks as the file that tarfile wants."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks, self._held = chunks, b""

    def read(self, size: int = -1) -> bytes:
        while len(self._held) < size and (more := next(self._chunks, b"")):
            self._held += more
        read, self._held = self._held[:size], self._held[size:]
        return read
