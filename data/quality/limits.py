"""Where good data ends: every threshold of the verdict, in one place, settable by option or file."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from data.source import fault
from engine.core.errors import DataError, Problem


class Bar(BaseModel):
    """A figure above `usable` is no longer clean, one above `unfit` no longer usable; None is never."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    usable: float = Field(ge=0)
    unfit: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> "Bar":
        if self.unfit is not None and self.unfit < self.usable:
            raise ValueError(f"unfit ({self.unfit:g}) below usable ({self.usable:g})")
        return self


def _bar(usable: float, unfit: float | None, says: str) -> Any:
    return Field(default=Bar(usable=usable, unfit=unfit), description=says)


class Limits(BaseModel):
    """Shares are 0 to 1. The order is that in which reasons are told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    silence_s: float = Field(
        default=10.0, gt=0, description="a book that says nothing for longer than this has a gap, in seconds"
    )
    refused: Bar = _bar(0, 0, "files that cannot be ingested")
    no_book: Bar = _bar(0, 0, "neither depth nor best bid and ask in the files")
    crossed_share: Bar = _bar(0, 0, "share of messages after which the best bid is above the best ask")
    lost_share: Bar = _bar(0, 0.02, "share of the time without a book that can be trusted")
    breaks_an_hour: Bar = _bar(0, 20, "breaks of the venue's sequence, an hour")
    jumps: Bar = _bar(
        0, None, "jumps of the venue's sequence upon which the levels fit together: nobody knows of a loss"
    )
    stale_start_s: Bar = _bar(5, 600, "seconds from the first row to the first whole book")
    locked_share: Bar = _bar(0, 0.01, "share of messages after which the best bid is the best ask")
    duplicate_share: Bar = _bar(0, 0.01, "share of trades that are there twice")
    out_of_order_share: Bar = _bar(0.001, 0.05, "share of messages that the venue stamped before the one before")
    clock_steps_a_day: Bar = _bar(0, 24, "steps of our clock against the venue's, a day")
    clock_step_ms: float = Field(
        default=250.0, gt=0, description="the least latency of ten seconds moves by more than this: a step, in ms"
    )
    clock_offset_ms: Bar = _bar(100, 60_000, "how far our clock ran behind the venue's, in ms")
    no_aggressor_share: Bar = _bar(0, 0.05, "share of trades that do not say who was the taker")
    no_trades: Bar = _bar(0, None, "no trades: what rests fills only where the book crosses it")
    no_depth: Bar = _bar(0, None, "best bid and ask only: the queue below the touch cannot be known")
    snapshots_only: Bar = _bar(0, None, "whole books only: what happened between them cannot be known")

    def bars(self) -> dict[str, Bar]:
        return {name: value for name in type(self).model_fields if isinstance(value := getattr(self, name), Bar)}


def limits_of(file: Path | None = None, changes: Iterable[str] = ()) -> Limits:
    """The defaults, changed by a TOML file and then by `name=value` or `name.unfit=value` texts.

    Raises DataError, naming file or option and each field that it cannot be.
    """
    tree: dict[str, Any] = {} if file is None else _read(file)
    made = _checked(tree, str(file))
    tree = made.model_dump()
    for text in changes:
        _set(tree, text)
    return _checked(tree, "--limit")


def _read(file: Path) -> dict[str, Any]:
    try:
        read = tomllib.loads(file.read_text())
    except OSError as error:
        raise fault(file, error.strerror or str(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise fault(file, f"cannot be read: {error}") from error
    defaults = Limits().model_dump()
    return {
        name: {**defaults[name], **value} if isinstance(value, dict) and isinstance(defaults.get(name), dict) else value
        for name, value in read.items()
    }


def _set(tree: dict[str, Any], text: str) -> None:
    name, _, value = text.partition("=")
    *path, last = name.strip().split(".")
    at: Any = tree
    for part in path:
        at = at.get(part) if isinstance(at, dict) else None
    if not isinstance(at, dict) or last not in at or isinstance(at[last], dict):
        known = ", ".join(Limits.model_fields)
        raise DataError(Problem("--limit", f"no such limit; name=value or name.unfit=value of {known}", field=name))
    at[last] = None if value.strip() == "never" else value.strip()


def _checked(tree: dict[str, Any], source: str) -> Limits:
    try:
        return Limits.model_validate(tree)
    except ValidationError as error:
        problems = (Problem(source, e["msg"], field=".".join(map(str, e["loc"]))) for e in error.errors())
        raise DataError(*problems) from error
