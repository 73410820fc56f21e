"""One line of a journal: an event, a command or a refusal, and the hash that ties it to the line before it."""

import hashlib
from enum import StrEnum
from typing import Any, NamedTuple, get_args

import msgspec

from engine.core.commands import Cancel, Outcome, Refused, SetLeverage, SetPositionMode, Submit, TradingChanged
from engine.core.errors import JournalError, Problem
from engine.core.events import AnyEvent

type Value = AnyEvent | Outcome
TYPES = tuple(kind.__name__ for alias in (AnyEvent, Outcome) for kind in get_args(alias.__value__))

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(
    AnyEvent | Submit | Cancel | SetLeverage | SetPositionMode | Refused | TradingChanged
)


class Kind(StrEnum):
    EVENT = "event"
    COMMAND = "command"
    REFUSAL = "refusal"


class Entry(NamedTuple):
    """`ts_event` and `ts_init` (ns) of a command or refusal are those of the event that it followed from.

    `payload` is the value's canonical JSON; `hash` covers this entry and, through the one before it, all earlier ones.
    """

    seq: int
    kind: Kind
    type: str
    ts_event: int
    ts_init: int
    payload: bytes
    hash: bytes

    @property
    def value(self) -> Value:
        """Raises JournalError if the payload is none."""
        try:
            return decode(self.payload)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise JournalError(Problem(f"entry {self.seq}", f"is damaged: {error}")) from error


def encode(value: Value) -> bytes:
    """Canonical JSON: equal values that were made in the same way give equal bytes, in every process."""
    return _encoder.encode(value)


def encode_all(values: tuple[Value, ...]) -> bytes:
    """A JSON array of what `encode` gives for each."""
    return _encoder.encode(values)


def decode(payload: bytes) -> Value:
    """The event, command or refusal. Raises msgspec.MsgspecError if the payload is none of them."""
    value: Value = _decoder.decode(payload)
    return value


def genesis(run: str) -> bytes:
    """What the first entry's hash covers in place of an entry before it: the manifest's hash."""
    return hashlib.sha256(run.encode()).digest()


def chained(before: bytes, row: tuple[int, str, str, int, int, bytes]) -> bytes:
    """The hash of an entry (seq, kind, type, ts_event, ts_init, payload) that follows one with hash `before`."""
    *head, payload = row
    return hashlib.sha256(b"%b%b\0%b" % (before, " ".join(map(str, head)).encode(), payload)).digest()


def kind_of(outcome: Outcome) -> Kind:
    """What is no command is a limit's word: a refusal, or a change of the trading state."""
    return Kind.REFUSAL if isinstance(outcome, Refused | TradingChanged) else Kind.COMMAND


class CommandsDigest:
    """A running sha256 over commands in order: two runs that asked for the same show the same."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, payload: bytes) -> None:
        self._hash.update(payload)
        self._hash.update(b"\n")

    def hexdigest(self) -> str:
        return self._hash.hexdigest()
