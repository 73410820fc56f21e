"""A journal's values as one line of text."""

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.core.types import Side


def said(values: Mapping[str, Any], hidden: tuple[str, ...]) -> str:
    shown = ((key, value) for key, value in values.items() if key not in hidden and value not in (None, (), []))
    return " ".join(f"{key}={_word(key, value)}" for key, value in shown)


def _word(key: str, value: Any) -> str:
    if key == "side":
        return Side(value).name
    if isinstance(value, dict):
        return f"({said(value, ())})"
    return str(value) if not isinstance(value, list) else msgspec.json.encode(value).decode()
