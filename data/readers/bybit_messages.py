"""Bybit's order book messages as typed values, and what their numbers can be trusted for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw

from data.source import fault, line_blocks

_FEWEST_SKIPS = 3  # a jump or two are losses

type Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
type Millis = Annotated[int, Meta(ge=1_483_228_800_000, le=4_102_444_800_000)]  # 2017 to 2100: else a wrong unit
type Pairs = list[tuple[str, str]]


class Data(msgspec.Struct, frozen=True, gc=False):
    """Levels stay as written until a whole batch of messages is parsed at once."""

    s: str
    b: Raw
    a: Raw
    u: Count


class Message(msgspec.Struct, frozen=True, gc=False):
    topic: str
    type: Literal["snapshot", "delta"]
    ts: Millis
    data: Data
    cts: Millis | None = None  # the first archives have none


_message = msgspec.json.Decoder(Message)
_pairs = msgspec.json.Decoder(Pairs)


def decoded(path: Path, line: bytes, number: int) -> Message:
    """Raises DataError for a line that is no message of an order book."""
    try:
        return _message.decode(line)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        raise fault(path, reason, line=number, field=place.strip("`").rpartition(".")[2] or None) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise fault(path, f"is no JSON: {error}", line=number) from error


def messages(path: Path) -> Iterator[Message]:
    number = 0
    for block in line_blocks(path):
        for line in block.split(b"\n")[:-1]:
            number += 1
            if line and not line.isspace():
                yield decoded(path, line, number)


def numbers_skip(path: Path) -> bool:
    """Whether a file's `u` jumps although nothing was lost, as where messages without news were left out.

    A venue deletes only levels that it has shown. So it is a loss if, after a jump and before the next snapshot, a
    level is deleted that is not there; and where `u` counts truly, there is no jump but for a loss. What is left is a
    file with several jumps whose levels fit together to its end.
    """
    held: list[set[str]] = [set(), set()]
    last, jumps, jumped = -1, 0, False
    for said in messages(path):
        if said.type == "snapshot":
            held, jumped = [set(), set()], False
        elif last >= 0 and said.data.u > last + 1:
            jumps, jumped = jumps + 1, True
        if said.type == "snapshot" or last >= 0:
            last = said.data.u
            fits = [_fits(side, levels) for side, levels in zip(held, (said.data.b, said.data.a), strict=True)]
            if jumped and not all(fits):
                return False
    return jumps >= _FEWEST_SKIPS


def _fits(held: set[str], levels: Raw) -> bool:
    """Change one side's prices; whether all that are deleted were there."""
    try:
        pairs = _pairs.decode(levels)
    except msgspec.DecodeError:
        return False
    taken = {price for price, size in pairs if not size.strip("0.")}
    fits = taken <= held
    held.difference_update(taken)
    held.update(price for price, size in pairs if size.strip("0."))
    return fits
