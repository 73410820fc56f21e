"""Settings from text: `stress.jumps_per_hour=6`."""

from collections.abc import Iterable
from typing import Any

import msgspec

from data.synthetic.settings import Settings
from engine.core.errors import ConfigError, Problem


def turned(settings: Settings, changes: Iterable[str]) -> Settings:
    """Raises ConfigError, naming each knob that is none and each value that it cannot have."""
    tree, problems = msgspec.to_builtins(settings), list[Problem]()
    for text in changes:
        name, sign, value = text.partition("=")
        *path, last = name.strip().split(".")
        at: Any = tree
        for part in path:
            at = at.get(part) if isinstance(at, dict) else None
        if not sign or not isinstance(at, dict) or last not in at or isinstance(at[last], dict):
            known = ", ".join(_names(tree))
            problems.append(Problem("--set", f"no such knob. There are {known}", field=name))
            continue
        at[last] = [float(each) for each in value.split(",")] if isinstance(at[last], list | tuple) else value
    if problems:
        raise ConfigError(*problems)
    try:
        return msgspec.convert(tree, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(Problem("--set", str(error))) from error


def _names(tree: dict[str, Any], before: str = "") -> Iterable[str]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _names(value, f"{before}{name}.")
        elif name != "phases":
            yield before + name
