"""The same as tests.support.backtests, on a live node over a recorded feed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.core.commands import Refused
from engine.core.risk import Limits
from engine.journal.entry import encode
from engine.nautilus.backtest import MarketData
from engine.nautilus.desk import Desk, End
from engine.nautilus.paper import paper_over
from engine.simulation.settings import Simulation
from tests.support.backtests import INSTANT, Script
from tests.support.builders import a_start
from tests.support.catalogs import Handmade
from tests.support.scripted import Scripted, Told


def paper(
    market: Handmade,
    root: Path,
    script: Script,
    *,
    simulation: Simulation = INSTANT,
    speed: float | None = None,
    data: Mapping[str, Any] | None = None,
    queries: tuple[Any, ...] = (),
    **started: Any,
) -> tuple[Told, End]:
    catalog = market.write(root, quotes=(data or {}).get("quotes", True))
    span = {name: value for name, value in (data or {}).items() if name != "quotes"}
    told = Told(entries=[])
    policy = Scripted({tick - 1: wishes for tick, wishes in script.items()}, queries)
    start = a_start(instrument=market.instrument, **started)
    desk = Desk(
        started=start,
        opening=lambda _now: (start,),
        carried=start.positions,
        session_of=told.session_of(policy, Limits(whole_units=False, self_cross=False)),
    )
    return told, paper_over(MarketData(catalog=catalog, **span), simulation, desk, speed=speed)


def commands(told: Told) -> list[bytes]:
    """As a journal has them."""
    return [encode(each) for _, _, outcomes in told.entries for each in outcomes if not isinstance(each, Refused)]
