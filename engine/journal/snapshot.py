"""The state of a run now and then, beside its journal: a shortcut for recovery, never the truth. One that cannot be
relied on is as good as none."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from engine.core.state import State
from engine.journal.atomic import write_atomically
from engine.journal.chain import Tail
from engine.journal.entry import Kind
from engine.journal.manifest import code_version

SNAPSHOT_FILE = "snapshot.json"
EVERY = 10_000  # entries


class Snapshot[S](msgspec.Struct, frozen=True, kw_only=True):
    """The state after entry `seq`, whose hash is `chain`: so it belongs to this journal and no other."""

    code_version: str
    seq: int
    chain: bytes
    counts: dict[Kind, int]
    first_ns: int | None
    last_ns: int | None
    state: State[S]

    @property
    def tail(self) -> Tail:
        return Tail(seq=self.seq, chain=self.chain, counts=self.counts, first_ns=self.first_ns, last_ns=self.last_ns)


class _Sealed(msgspec.Struct, frozen=True):
    sha256: str
    body: msgspec.Raw


def write_snapshot(folder: Path, tail: Tail, state: State[Any]) -> None:
    """Replace the snapshot. Raises JournalError if the disk does not take it."""
    body = msgspec.json.encode(
        Snapshot(
            code_version=code_version(),
            seq=tail.seq,
            chain=tail.chain,
            counts=tail.counts,
            first_ns=tail.first_ns,
            last_ns=tail.last_ns,
            state=state,
        )
    )
    sealed = _Sealed(hashlib.sha256(body).hexdigest(), msgspec.Raw(body))
    write_atomically(folder / SNAPSHOT_FILE, msgspec.json.encode(sealed))


def read_snapshot[S](folder: Path, own: type[S]) -> Snapshot[S] | None:
    """`own` is the type of the strategy's part. None where there is none that is whole and of this very code."""
    try:
        sealed = msgspec.json.decode((folder / SNAPSHOT_FILE).read_bytes(), type=_Sealed)
        body = bytes(sealed.body)
        if hashlib.sha256(body).hexdigest() != sealed.sha256:
            return None
        snapshot: Snapshot[S] = msgspec.json.decode(body, type=Snapshot[own])  # type: ignore[valid-type]
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError):
        return None
    return snapshot if snapshot.code_version == code_version() else None
