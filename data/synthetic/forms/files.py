"""Files being written: unfinished ones carry another name, and are removed if the writing ends in an error."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

import lz4.frame
import zstandard

from data.synthetic.settings import Contract

type Packed = Callable[[str, bytes], bytes]  # (name of the member, its content) -> the file


def text(count: int, decimals: int) -> str:
    """Whole units of 10**-decimals as a decimal, without zeros at its end."""
    value = Decimal(count).scaleb(-decimals)
    return f"{value.normalize():f}" if value else "0"


def price(contract: Contract, ticks: int) -> str:
    return text(ticks, contract.price_decimals)


def size(contract: Contract, lots: int) -> str:
    return text(lots, contract.size_decimals)


def plain(_member: str, content: bytes) -> bytes:
    return content


def gzipped(_member: str, content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def zipped(member: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(member), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def tarred(member: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        about = tarfile.TarInfo(member)
        about.size = len(content)
        archive.addfile(about, io.BytesIO(content))
    return gzip.compress(file.getvalue(), mtime=0)


def lz4_frame(_member: str, content: bytes) -> bytes:
    packed: bytes = lz4.frame.compress(content)
    return packed


def zstandard_frame(_member: str, content: bytes) -> bytes:
    return zstandard.compress(content)


class Files:
    """What is added to each file, gathered in plain files beside, packed when all is written. Mutable."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._plain: dict[str, Path] = {}
        self._members: dict[str, tuple[str, Packed]] = {}
        self._streams: dict[str, io.BufferedWriter] = {}

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def line(self, name: str, text_: str, *, header: str = "", member: str = "", packed: Packed = gzipped) -> None:
        """Add a line to a file, which begins with its header."""
        begin = f"{header}\n".encode() if header else b""
        self.add(name, f"{text_}\n".encode(), header=begin, member=member, packed=packed)

    def add(
        self, name: str, content: bytes, *, header: bytes = b"", member: str = "", packed: Packed = gzipped
    ) -> None:
        """Add bytes to a file, which begins with its header. The name may have folders in it."""
        if name not in self._streams:
            self._plain[name] = self._folder / f"{name}.part"
            self._plain[name].parent.mkdir(parents=True, exist_ok=True)
            self._members[name] = (member or name, packed)
            self._streams[name] = self._plain[name].open("wb")
            self._streams[name].write(header)
        self._streams[name].write(content)

    def finish(self) -> None:
        """Add what can only be told when all has come."""

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        for stream in self._streams.values():
            stream.close()
        for name, plain in self._plain.items():
            if kind is None:
                member, packed = self._members[name]
                whole = self._folder / f"{name}.whole"
                whole.write_bytes(packed(member, plain.read_bytes()))
                whole.replace(self._folder / name)
            plain.unlink()

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(sorted(self._folder / name for name in self._plain))


def sides(rows: tuple[tuple[int, int, int], ...]) -> Iterator[list[tuple[int, int]]]:
    """Bids, then asks, as (price in ticks, lots)."""
    for sign in (1, -1):
        yield [(ticks, lots) for side, ticks, lots in rows if side == sign]
