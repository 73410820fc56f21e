"""JSON frames as they come over the wire, and their fields as the exchange reads parameters."""

from typing import Any

import msgspec


def frame_of(text: str) -> dict[str, Any]:
    """Nothing where it is none."""
    try:
        frame = msgspec.json.decode(text)
    except msgspec.DecodeError:
        frame = None
    return frame if isinstance(frame, dict) else {}


def strings(fields: Any) -> dict[str, str]:
    """Parameters as the exchange reads them."""
    return {str(name): _plain(value) for name, value in fields.items()} if isinstance(fields, dict) else {}


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
