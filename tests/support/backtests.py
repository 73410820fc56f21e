"""Run a scripted policy over a handmade market, and look at what it was told."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.core.commands import Cancel, Draft, Wish
from engine.core.risk import Limits
from engine.core.types import Action, OrderType, Side
from engine.nautilus.backtest import BacktestEnd, MarketData, run_backtest
from engine.simulation.settings import Simulation
from tests.support.builders import a_start
from tests.support.catalogs import Handmade
from tests.support.scripted import Scripted, Told

type Script = Mapping[int, Any]

INSTANT = Simulation(order_latency_ms=0)


def buy(size: str, price: str | None, **changes: Any) -> Draft:
    return _draft(Side.BUY, size, price, **changes)


def sell(size: str, price: str | None, **changes: Any) -> Draft:
    return _draft(Side.SELL, size, price, **changes)


def close(draft: Draft) -> Draft:
    return Draft(
        side=draft.side, size=draft.size, price=draft.price, type=draft.type, action=Action.CLOSE, reduce_only=True
    )


def cancel_all(state: Any, _event: Any) -> tuple[Wish, ...]:
    return tuple(Cancel(working.order.id, "test") for working in state.orders)


def backtest(
    market: Handmade,
    root: Path,
    script: Script,
    *,
    simulation: Simulation = INSTANT,
    data: Mapping[str, Any] | None = None,
    queries: tuple[Any, ...] = (),
    **started: Any,
) -> tuple[Told, BacktestEnd]:
    """`script` gives wishes by tick: tick n is the n-th whole second after the start, from 1."""
    written = {name: (data or {}).get(name, True) for name in ("quotes", "depth")}
    catalog = market.write(root, quotes=written["quotes"], depth=written["depth"])
    span = {name: value for name, value in (data or {}).items() if name != "quotes"}
    told = Told(entries=[])
    policy = Scripted({tick - 1: wishes for tick, wishes in script.items()}, queries)
    limits = Limits(whole_units=False, self_cross=False)
    start = a_start(instrument=market.instrument, **started)
    end = run_backtest(MarketData(catalog=catalog, **span), simulation, start, told.session_of(policy, limits))
    return told, end


def _draft(side: Side, size: str, price: str | None, **changes: Any) -> Draft:
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    worth = None if price is None else Decimal(price)
    return Draft(side=side, size=Decimal(size), price=worth, type=kind, **changes)
