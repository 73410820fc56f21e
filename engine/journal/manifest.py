"""What a run was made from, and, once it is sealed, how it ended: the file `manifest.json` of its folder.

`Manifest` is all that decides what a run does; its hash names the run in order ids, so it holds neither a path, a host
nor (a live run's start apart) a time. `RunFile` puts beside it what merely is so on this machine, and the seal.
"""

import hashlib
import importlib.metadata
import platform
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

import engine
from engine.core.errors import JournalError, Problem
from engine.journal.atomic import write_atomically

SCHEMA_VERSION = 1
MANIFEST_FILE = "manifest.json"
PACKAGES = ("msgspec", "nautilus_trader", "numpy", "polars", "pyarrow", "pydantic")
SOURCES = ("engine", "strategies", "data")
SOURCE_SUFFIXES = frozenset({".py", ".toml", ".json", ".csv"})

_canonical = msgspec.json.Encoder(order="deterministic")


class Status(StrEnum):
    """How a run stands. Words of NautilusTrader's event store; Failed and Interrupted are ours."""

    RUNNING = "Running"  # not sealed, and its writer is at work
    CRASHED = "Crashed"  # not sealed, and nobody is writing
    ENDED = "Ended"
    FAILED = "Failed"  # stopped by a fault of ours or of the input
    INTERRUPTED = "Interrupted"  # stopped from outside, such as Ctrl-C
    CRASHED_RECOVERED = "CrashedRecovered"
    QUARANTINED = "Quarantined"  # damaged: not to be replayed


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What decides a run. `config` is the run file as plain values, without the paths in it.

    `data_fingerprint` names the market data by content; `started_ns` is for paper and live runs only, whose ids must
    never be used twice; `parent` is the run id that this one continues or varies.
    """

    kind: str  # backtest, paper, live
    instrument: str
    config: dict[str, Any]
    config_hash: str
    code_version: str
    python: str
    packages: dict[str, str]
    data_fingerprint: str | None = None
    seed: int | None = None
    started_ns: int | None = None
    parent: str | None = None
    schema_version: int = SCHEMA_VERSION


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """Market data that a run recorded beside its journal: its name by content, and the sha256 of each file, by its
    path from the run's folder."""

    fingerprint: str
    files: dict[str, str]


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a run. `high_watermark` is the seq of the last entry (0: none).

    `commands_digest` is of the commands in order, `chain` the last entry's hash, `file_sha256` of the whole
    journal file. `notes` are the host's own figures, such as rows and seconds. `market`: what a paper or live run saw.
    """

    status: Status
    reason: str
    high_watermark: int
    events: int
    commands: int
    refusals: int
    first_ns: int | None
    last_ns: int | None
    commands_digest: str
    chain: str
    file_sha256: str
    notes: dict[str, Any] = {}
    market: Recorded | msgspec.UnsetType = msgspec.UNSET  # not written where there is none, so that checks stay valid


class RunFile(msgspec.Struct, frozen=True, kw_only=True):
    """`manifest.json`. `run` is the manifest's hash; `seal` is None until the run has been ended in good order.

    `created` (ISO, UTC), `places` (name -> path) and `warnings` (of the data's quality) are told by the caller and not
    part of the hash. `resumed_after`: the last entry that was found each time the run was taken up after a crash.
    `check` is the sha256 of all the rest.
    """

    run_id: str
    run: str
    manifest: Manifest
    created: str | None = None
    places: dict[str, str] = {}
    warnings: tuple[str, ...] = ()
    resumed_after: tuple[int, ...] = ()
    seal: Seal | None = None
    check: str = ""

    @property
    def is_as_written(self) -> bool:
        return self.check == _checksum(self)


class _Version(msgspec.Struct):
    schema_version: int


class _AnyVersion(msgspec.Struct):
    manifest: _Version


def new_manifest(  # noqa: PLR0913  one keyword a fact
    kind: str,
    instrument: str,
    config: dict[str, Any],
    *,
    data_fingerprint: str | None = None,
    seed: int | None = None,
    started_ns: int | None = None,
    parent: str | None = None,
) -> Manifest:
    """A manifest of this code on this Python. `config` must hold plain values (str, int, float, Decimal, list, dict)
    and no paths."""
    plain = msgspec.json.decode(_canonical.encode(config))
    return Manifest(
        kind=kind,
        instrument=instrument,
        config=plain,
        config_hash=_sha256(plain),
        code_version=code_version(),
        python=platform.python_version(),
        packages={name: importlib.metadata.version(name) for name in PACKAGES},
        data_fingerprint=data_fingerprint,
        seed=seed,
        started_ns=started_ns,
        parent=parent,
    )


def manifest_hash(manifest: Manifest) -> str:
    """Sha256 (hex) of the canonical JSON. The same wherever the run's folder, the data and the code lie."""
    return _sha256(manifest)


@cache
def code_version() -> str:
    """The package's version and a hash of what is in its sources: `0.1.0+3f2a...`."""
    root = Path(engine.__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(_sources(root), key=lambda p: p.relative_to(root).as_posix()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return f"{_package_version()}+{digest.hexdigest()[:16]}"


def read_run_file(folder: Path) -> RunFile:
    """The manifest of a run's folder. Raises JournalError if it is missing, not ours or of another schema version."""
    path = folder / MANIFEST_FILE
    try:
        content = path.read_bytes()
        version = msgspec.json.decode(content, type=_AnyVersion).manifest.schema_version
        if version != SCHEMA_VERSION:
            message = f"written by version {version}, this code reads {SCHEMA_VERSION}"
            raise JournalError(Problem(str(path), message, field="schema_version"))
        return msgspec.json.decode(content, type=RunFile)
    except OSError as error:
        raise JournalError(Problem(str(path), f"no run here: {error.strerror}")) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise JournalError(Problem(str(path), f"not a manifest: {error}")) from error


def write_run_file(folder: Path, run_file: RunFile) -> None:
    """Replace the manifest as a whole. Raises JournalError if the disk does not take it."""
    checked = msgspec.structs.replace(run_file, check=_checksum(run_file))
    write_atomically(folder / MANIFEST_FILE, msgspec.json.format(_canonical.encode(checked), indent=2) + b"\n")


def _checksum(run_file: RunFile) -> str:
    """Of the plain values, so that it is the same before they were written and after they were read."""
    plain = msgspec.json.decode(_canonical.encode(run_file))
    return _sha256({key: value for key, value in plain.items() if key != "check"})


def _package_version() -> str:
    try:
        return importlib.metadata.version("perpmm")
    except importlib.metadata.PackageNotFoundError:  # run from its folder without being installed
        return "source"


def _sources(root: Path) -> list[Path]:
    found = (path for name in SOURCES for path in (root / name).rglob("*") if path.suffix in SOURCE_SUFFIXES)
    return [path for path in found if "lake" not in path.relative_to(root).parts]


def _sha256(value: object) -> str:
    return hashlib.sha256(_canonical.encode(value)).hexdigest()
