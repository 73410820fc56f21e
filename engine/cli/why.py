"""`perpmm why`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.cli import speak
from engine.run.runs import iso, run_folder
from engine.run.why import why

HIDDEN = ("seq", "at_ns", "type", "ts_event", "ts_init", "id")


def show(run: str, runs: Path, order_id: str, *, as_json: bool) -> None:
    found = why(run_folder(run, runs), order_id)
    if as_json:
        speak.json_object(found)
        return
    for line in _lines(found):
        speak.line(line)
    if not found["same_code"]:
        speak.note("note: the run was made by another version of the code")


def _lines(found: dict[str, Any]) -> Iterator[str]:
    order, event, tick = found["order"], found["event"], found["tick"]
    yield f"order      {order['id']}, entry {found['seq']}, {iso(found['at_ns'])}"
    yield f"           {_said(order)}"
    yield f"event      entry {event['seq']}: {event['type']} {_said(event)}"
    if tick is not None and event["type"] != "Tick":
        yield f"tick       {iso(tick['ts_event'])} {_said(tick)}"
    for sentence in found["because"]:
        yield f"because    {sentence}"
    for key, value in found["parameters"].items():
        yield f"parameter  strategy.{key} = {value}"
    for each in found["beside"]:
        yield f"beside     {each['type']} {each.get('id', '')} {_said(each)}"
    for each in found["life"]:
        yield f"then       entry {each['seq']}, {iso(each['at_ns'])}: {each['type']} {_said(each)}"
    yield f"end        {found['end']}"


def _said(value: dict[str, Any]) -> str:
    return " ".join(
        f"{key}={_short(each)}" for key, each in value.items() if key not in HIDDEN and each not in (None, ())
    )


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + " ".join(f"{key}={each}" for key, each in value.items() if each is not None) + ")"
    return str(value)
