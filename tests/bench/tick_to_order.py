"""Trade at a venue on loopback, with all of ours or with a bare strategy, and say how long orders and fills took.

python -m tests.bench.tick_to_order ours|bare VENUE.json RUN.toml RUNS TICKS: prints {"orders": [ns], "fills": [ns]}
"""

import json
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from engine.config.read import override, read_config
from engine.config.tree import identity
from engine.core.commands import Outcome
from engine.core.events import AnyEvent, OrderFilled
from engine.core.session import Send, Session
from engine.journal.manifest import manifest_hash, new_manifest, read_run_file
from engine.journal.writer import create_run
from engine.nautilus.access import Access
from engine.nautilus.bench_live import Took, bare_live, timed_live
from engine.nautilus.desk import Desk, LiveMarket
from engine.run.aftertick import after_ticks
from engine.run.compose import compose
from engine.run.contracts import contract_now
from engine.run.market_now import addresses_of
from engine.run.narrate import Narrator
from engine.run.recover import snapshotting
from engine.run.remade import remade

AWAY = Decimal("0.00001")  # both quote so near that they are filled every few seconds
SETS = {  # a position is closed at once, whatever it costs: there is a fill again soon
    "strategy.bid_spread": "0.001",
    "strategy.ask_spread": "0.001",
    "strategy.order_refresh_time": "1",
    "strategy.filled_order_delay": "1",
    "strategy.order_amount": "0.01",
    "strategy.stop_loss_spread": "0.0001",
    "strategy.time_between_stop_loss_orders": "1",
    "risk.max_position": "100",
}


def main(whose: str, venue: dict[str, Any], run_file: Path, runs: Path, ticks: int) -> Took:
    places = {f"venue.{key}": venue[key] for key in ("rest", "ws", "ws_api")}
    config = read_config(run_file, [override(f"{key}={value}") for key, value in (SETS | places).items()])
    now = time.time_ns()
    contract = contract_now(config.venue, config.instrument.id)
    manifest = new_manifest("live", contract.id, identity(config), started_ns=now)
    parts = compose(config, run=manifest_hash(manifest), instrument=contract, at_ns=now)
    market = LiveMarket(addresses=addresses_of(config.venue), depth=False)
    access, took = Access(venue["key"], venue["secret"]), Took()
    sessions: list[Session[Any]] = []
    with create_run(runs, manifest, durable=True, synced=False) as writer:
        narrator = Narrator(remade(writer.folder, read_run_file(writer.folder)), lambda: sessions[0].state)
        journalled = narrator.noting(snapshotting(writer, lambda: sessions[0].state))

        def record(seq: int, event: AnyEvent, outcomes: tuple[Outcome, ...]) -> None:
            if isinstance(event, OrderFilled):
                took.fills.append(time.time_ns() - event.ts_init)
            journalled(seq, event, outcomes)

        def session_of(send: Send) -> Session[Any]:
            sessions.append(parts.session(record, send))
            return sessions[0]

        with after_ticks(writer, narrator.speak) as after:
            desk = Desk(
                started=parts.started,
                opening=lambda _now: (parts.started,),
                session_of=session_of,
                afterwards=after,
            )
            if whose == "bare":
                return bare_live(market, access, desk, AWAY, ticks)
            timed_live(market, access, desk, took, ticks)
    return took


if __name__ == "__main__":
    whose, place, run_file, runs, ticks = sys.argv[1:]
    told = main(whose, json.loads(Path(place).read_text()), Path(run_file), Path(runs), int(ticks))
    print(json.dumps(msgspec.to_builtins(told)))
