"""JSON frames as they come over Bybit's wire."""

from typing import Any

from engine.venue_sim.line import Line


def acknowledged(line: Line, frame: dict[str, Any]) -> dict[str, Any]:
    named = {"req_id": frame.get("req_id", ""), "op": frame.get("op")}
    return {"success": True, "ret_msg": "", "conn_id": f"{id(line):x}", **named}


def topics_of(frame: dict[str, Any]) -> list[str]:
    return [str(each) for each in frame.get("args") or ()]
