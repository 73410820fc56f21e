"""JSON frames as they come over Bybit's wire."""

from typing import Any

import msgspec

from engine.venue_sim.line import Line


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


def acknowledged(line: Line, frame: dict[str, Any]) -> dict[str, Any]:
    named = {"req_id": frame.get("req_id", ""), "op": frame.get("op")}
    return {"success": True, "ret_msg": "", "conn_id": f"{id(line):x}", **named}


def topics_of(frame: dict[str, Any]) -> list[str]:
    return [str(each) for each in frame.get("args") or ()]
