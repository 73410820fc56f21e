"""`perpmm why`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.cli import speak
from engine.cli.words import said
from engine.run.runs import iso, run_folder
from engine.run.why import why

HIDDEN = ("seq", "at_ns", "type", "ts_event", "ts_init", "id")


def show(run: str, runs: Path, order_id: str, *, as_json: bool) -> None:
    found = why(run_folder(run, runs), order_id)
    speak.found_in_a_run(found, _lines(found), as_json=as_json)


def _lines(found: dict[str, Any]) -> Iterator[str]:
    order, event, tick = found["order"], found["event"], found["tick"]
    yield f"order      {order['id']}, entry {found['seq']}, {iso(found['at_ns'])}"
    yield f"           {said(order, HIDDEN)}"
    yield f"event      entry {event['seq']}: {event['type']} {said(event, HIDDEN)}"
    if tick is not None and event["type"] != "Tick":
        yield f"tick       {iso(tick['ts_event'])} {said(tick, HIDDEN)}"
    for sentence in found["because"]:
        yield f"because    {sentence}"
    for key, value in found["parameters"].items():
        yield f"parameter  strategy.{key} = {value}"
    for each in found["beside"]:
        yield f"beside     {each['type']} {each.get('id', '')} {said(each, HIDDEN)}"
    for each in found["life"]:
        yield f"then       entry {each['seq']}, {iso(each['at_ns'])}: {each['type']} {said(each, HIDDEN)}"
    yield f"end        {found['end']}"
