"""A case's folder: config.json, tape.jsonl and expected.jsonl, read with every fault named by file and line."""

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import msgspec

from engine.core.errors import InputError, Problem
from engine.core.types import ZERO
from engine.simulation.scenario_tape import Line, Sim
from engine.simulation.scenario_venue import Row

CONFIG, TAPE, EXPECTED = "config.json", "tape.jsonl", "expected.jsonl"
MOST_PROBLEMS = 20  # of one file: a file of another kind is wrong on every line

type Behaviour = Literal["classic", "head", "safe"]


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`strategy` holds the strategy's keys in the units of its users; numbers are exact."""

    version: Behaviour
    strategy: dict[str, Any]
    sim: Sim
    about: str = ""


_config = msgspec.json.Decoder(Config, float_hook=Decimal)
_line = msgspec.json.Decoder(Line)
_row = msgspec.json.Decoder(dict[str, int | str | None])


def read_config(path: Path) -> Config:
    try:
        config = _config.decode(_bytes(path))
    except msgspec.MsgspecError as error:
        raise InputError(_problem(path, error)) from error
    if problems := tuple(Problem(str(path), said, field=f"sim.{key}") for key, said in _sim_faults(config.sim)):
        raise InputError(*problems)
    return config


def read_tape(path: Path) -> tuple[Line, ...]:
    """One line a second without gaps, prices and sizes of the book positive, best level first."""
    lines: list[Line] = []
    problems: list[Problem] = []
    for n, raw in enumerate(_bytes(path).splitlines(), 1):
        try:
            line = _line.decode(raw)
        except msgspec.MsgspecError as error:
            problems.append(_problem(path, error, n))
            continue
        problems += (Problem(str(path), said, n, field) for field, said in _line_faults(line))
        if lines and line.t != lines[-1].t + 1:
            problems.append(Problem(str(path), f"{line.t} after {lines[-1].t}: one line a second, no gaps", n, "t"))
        lines.append(line)
    if not lines and not problems:
        problems.append(Problem(str(path), "the tape is empty"))
    if problems:
        raise InputError(*problems[:MOST_PROBLEMS])
    return tuple(lines)


def read_rows(path: Path) -> list[Row]:
    rows: list[Row] = []
    problems: list[Problem] = []
    for n, raw in enumerate(_bytes(path).splitlines(), 1):
        try:
            row = _row.decode(raw)
        except msgspec.MsgspecError as error:
            problems.append(_problem(path, error, n))
            continue
        problems += (Problem(str(path), "is missing", n, key) for key in ("t", "type") if key not in row)
        rows.append(row)
    if problems:
        raise InputError(*problems[:MOST_PROBLEMS])
    return rows


def encode_rows(rows: list[Row]) -> bytes:
    """The text of an expected.jsonl; `seq` numbers the rows."""
    return "".join(json.dumps({"seq": n, **row}) + "\n" for n, row in enumerate(rows)).encode()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(Problem(str(path), (error.strerror or str(error)).lower())) from error


def _problem(path: Path, error: msgspec.MsgspecError, line: int | None = None) -> Problem:
    """msgspec says what and where in one sentence: `... - at `$.sim.balance``."""
    said, _, place = str(error).partition(" - at `$")
    return Problem(str(path), said, line, place.strip("`.") or None)


def _sim_faults(sim: Sim) -> Iterator[tuple[str, str]]:
    if not all(sim.pair.partition("-")):
        yield "pair", f"{sim.pair!r} is not of the form BASE-QUOTE"
    for key in ("price_tick", "size_step", "balance"):
        if not _positive(getattr(sim, key)):
            yield key, "must be above 0"
    for key in ("min_size", "maker_fee"):
        if not getattr(sim, key).is_finite():
            yield key, "must be a number"
    if sim.cancel_latency < 0:
        yield "cancel_latency", "must not be negative"
    if sim.max_fill_per_tick is not None and not _positive(sim.max_fill_per_tick):
        yield "max_fill_per_tick", "must be above 0"
    if sim.initial_position is not None and not _positive(sim.initial_position[1]):
        yield "initial_position", "its entry price must be above 0"


def _line_faults(line: Line) -> Iterator[tuple[str, str]]:
    for key, levels, better in (("bids", line.bids, 1), ("asks", line.asks, -1)):
        if not all(_positive(price) and size.is_finite() and size >= ZERO for price, size in levels):
            yield key, "prices must be above 0 and sizes not below 0"
        elif any(better * (worse[0] - best[0]) > 0 for best, worse in pairwise(levels)):
            yield key, "the best level must come first"
    if not all(_positive(price) for price, _, _ in line.trades):
        yield "trades", "prices must be above 0"


def _positive(value: Decimal) -> bool:
    return value.is_finite() and value > 0
