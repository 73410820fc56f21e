"""Read a run file: TOML in, one typed tree out, or every fault in it with file, line and key."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from engine.config.checks import mismatches, outlandish
from engine.config.faults import Fault, nearest, shown, validated
from engine.config.lines import KeyPath, lines_of_keys
from engine.config.tree import DEFAULT_STRATEGY, VERSION, RunConfig, sections
from engine.core.errors import ConfigError, Problem
from strategies.registry import STRATEGIES


class Override(NamedTuple):
    """A value of the command line in a key's place; `source` is the option as it was typed."""

    source: str
    path: tuple[str, ...]
    value: Any


def read_config(file: Path, overrides: Sequence[Override] = ()) -> RunConfig:
    """Raises ConfigError with all problems of the file and the overrides."""
    config = parse_config(_text(file), str(file), overrides)
    paths = {"catalog": config.data.catalog, "reference_csv": config.data.reference_csv}
    places = {key: found(path, beside=file) for key, path in paths.items() if path is not None}
    return msgspec.structs.replace(config, data=config.data.model_copy(update=places))


def found(path: Path, *, beside: Path) -> Path:
    """Where what a relative path names lies: from where the command runs, else beside the run file or above it."""
    places = [folder / path for folder in (Path.cwd(), *beside.resolve().parents)]
    return next((place for place in places if place.exists()), places[0])


def parse_config(text: str, source: str, overrides: Sequence[Override] = ()) -> RunConfig:
    raw = _toml(text, source)
    if not raw:
        raise ConfigError(Problem(source, "is empty; `perpmm init` writes a run file that works"))
    places = _Places(source, lines_of_keys(text), {o.path: o.source for o in overrides})
    raw, misplaced = _overridden(raw, overrides)
    config, faults = _checked(raw)
    faults = [*misplaced, *faults]
    if config is None or faults:
        raise ConfigError(*sorted((places.problem(fault) for fault in faults), key=_place))
    return config


def override(text: str) -> Override:
    """`section.key=value`: the value as TOML has it, or text if it is none. Raises ConfigError."""
    source = f"--set {text}"
    key, equals, value = text.partition("=")
    path = tuple(part.strip() for part in key.split("."))
    if not equals or not all(path):
        raise ConfigError(Problem(source, "must be section.key=value, such as strategy.bid_spread=0.05"))
    return Override(source, path, _value(value.strip()))


def _value(text: str) -> Any:
    try:
        found = tomllib.loads(f"value = {text}", parse_float=Decimal)
    except tomllib.TOMLDecodeError:
        return text
    return found["value"] if found.keys() == {"value"} else text


class _Places(NamedTuple):
    source: str
    lines: Mapping[KeyPath, int]
    overridden: Mapping[KeyPath, str]

    def problem(self, fault: Fault) -> Problem:
        """The fault at its own key's line, or at the nearest table's that holds it."""
        field = ".".join(map(str, fault.path)) or None
        for depth in range(len(fault.path), 0, -1):
            above = fault.path[:depth]
            if (option := self.overridden.get(above)) is not None:
                return Problem(option, fault.message, field=field)
            if above in self.lines:
                return Problem(self.source, fault.message, self.lines[above], field)
        return Problem(self.source, fault.message, field=field)


def _place(problem: Problem) -> tuple[str, int, str]:
    return (problem.source, problem.line or 0, problem.field or "")


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        raise ConfigError(Problem(str(file), "no such file; `perpmm init` writes a run file that works")) from None
    except IsADirectoryError:
        raise ConfigError(Problem(str(file), "is a folder, not a run file")) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(Problem(str(file), "is not UTF-8 text", line)) from None
    except OSError as error:
        raise ConfigError(Problem(str(file), f"cannot be read: {error.strerror}")) from None


def _toml(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r" \(at line (\d+), column \d+\)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        message = re.sub(r" \(at .*\)$", "", str(error))
        raise ConfigError(Problem(source, f"is not TOML: {message[:1].lower()}{message[1:]}", line)) from None


def _overridden(raw: dict[str, Any], overrides: Iterable[Override]) -> tuple[dict[str, Any], list[Fault]]:
    merged, faults = raw, list[Fault]()
    for given in overrides:
        replaced = _with(merged, given.path, given.value)
        if replaced is None:
            faults.append(Fault(given.path, "is below a key that is not a table"))
        merged = replaced or merged
    return merged, faults


def _with(table: Any, path: tuple[str, ...], value: Any) -> dict[str, Any] | None:
    """The table with a value put in; None where the path leads through something that is no table."""
    if not isinstance(table, dict):
        return None
    inner = value if len(path) == 1 else _with(table.get(path[0], {}), path[1:], value)
    return None if inner is None else {**table, path[0]: inner}


def _checked(raw: dict[str, Any]) -> tuple[RunConfig | None, list[Fault]]:
    strategy, faults = _strategy_name(raw)
    known = sections(strategy)
    faults += [*_version(raw), *_unknown(raw, known)]
    made: dict[str, Any] = {}
    for name, model in known.items():
        table = raw.get(name, {})
        if not isinstance(table, dict):
            faults.append(Fault((name,), f"must be a table, [{name}], not {shown(table)}"))
            continue
        if name == "strategy":
            table = {key: value for key, value in table.items() if key != "name"}
        value, wrong = validated(model, table)
        faults += [Fault((name, *fault.path), fault.message) for fault in _with_homes(wrong, name, known)]
        if value is not None:
            made[name] = value
    faults += [*mismatches(raw), *outlandish(raw)]
    return (None, faults) if faults else (RunConfig(strategy_name=strategy, **made), [])


def _with_homes(faults: list[Fault], section: str, known: Mapping[str, Any]) -> list[Fault]:
    """An unknown key that another table knows is told so."""
    homes = {key: name for name, model in known.items() if name != section for key in model.model_fields}
    return [
        fault._replace(message=f"unknown key here; it belongs in [{homes[str(fault.path[0])]}]")
        if fault.message.startswith("unknown key") and fault.path[0] in homes
        else fault
        for fault in faults
    ]


def _strategy_name(raw: dict[str, Any]) -> tuple[str, list[Fault]]:
    table = raw.get("strategy", {})
    name = table.get("name") if isinstance(table, dict) else DEFAULT_STRATEGY
    if isinstance(name, str) and name in STRATEGIES:
        return name, []
    known = ", ".join(STRATEGIES)
    if name is None:
        return DEFAULT_STRATEGY, [Fault(("strategy", "name"), f"is required: one of {known}")]
    hint = nearest(name, STRATEGIES) or f"; known: {known}"
    return DEFAULT_STRATEGY, [Fault(("strategy", "name"), f"no strategy is named {shown(name)}{hint}")]


def _version(raw: dict[str, Any]) -> list[Fault]:
    if "version" not in raw:
        return [Fault(("version",), f"is required: version = {VERSION}, above all tables")]
    version = raw["version"]
    if isinstance(version, int) and not isinstance(version, bool) and version == VERSION:
        return []
    message = f"a run file of another version, {shown(version)}; this perpmm reads version {VERSION}"
    return [Fault(("version",), message)]


def _unknown(raw: dict[str, Any], known: Mapping[str, Any]) -> list[Fault]:
    homes = {key: name for name, model in known.items() for key in model.model_fields}
    strangers = {key: value for key, value in raw.items() if key not in known and key != "version"}
    return [Fault((key,), _stranger(key, value, homes, known)) for key, value in strangers.items()]


def _stranger(key: str, value: Any, homes: Mapping[str, str], known: Iterable[str]) -> str:
    if key in homes:
        return f"unknown key here; it belongs in [{homes[key]}]"
    return f"unknown {'table' if isinstance(value, dict) else 'key'}{nearest(key, known)}"
