"""What kind a file is, from what it holds. Its name is not asked, and a doubt is an error."""

from collections.abc import Sequence
from pathlib import Path

from data.readers.protocol import Reader, Sample
from data.source import fault, sample_of

_MAGICS = {
    b"PAR1": "Parquet",
    b"DBN": "Databento's DBN",
    b"\x93NUMPY": "a NumPy array",
    b"ARROW1": "an Arrow file",
    b"SQLite": "an SQLite database",
    b"\x00": "binary",
}


def reader_of(path: Path, readers: Sequence[Reader]) -> Reader:
    """Raises DataError for a file that is missing, empty, damaged at its start, of no kind that is read, or of two."""
    sample = sample_of(path)
    claiming = [reader for reader in readers if reader.claims(sample)]
    if len(claiming) == 1:
        return claiming[0]
    if claiming:
        raise fault(path, f"may be {' or '.join(reader.kind for reader in claiming)}: it is not read on a guess")
    read = ", ".join(sorted({reader.kind for reader in readers}))
    raise fault(path, f"is {_what(sample)}. Read are {read}", line=None if _is_binary(sample) else 1)


def _what(sample: Sample) -> str:
    for magic, name in _MAGICS.items():
        if sample.head.startswith(magic):
            return f"{name}, of no kind that is read"
    if sample.is_folder:
        return "a folder, and no catalog: name the files in it"
    return f"of no known kind: its first line is {sample.first_line[:60].decode(errors='replace')!r}"


def _is_binary(sample: Sample) -> bool:
    return sample.is_folder or any(sample.head.startswith(magic) for magic in _MAGICS)
