"""A paper run to kill: `python -m tests.support.recorder RUN_FILE RUNS MESSAGES [FOLDER]`. A node on a market
made up as it goes, its journal and its recording; it takes FOLDER up if there is one. Says the run's folder, then the
number of each message that it has given to the node, and seals the run after MESSAGES of them."""

import asyncio
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from nautilus_trader import model
from nautilus_trader.common import Environment, LoggerConfig
from nautilus_trader.config import DataClientConfig
from nautilus_trader.live import LiveNodeBuilder, LiveNodeConfig
from nautilus_trader.live.clients import DataClientFactory, MarketDataClient

from engine.config.read import read_config
from engine.core.events import PositionModeConfirmed
from engine.core.session import Record
from engine.core.types import Instrument
from engine.journal.manifest import manifest_hash
from engine.journal.market import STREAM
from engine.journal.writer import create_run
from engine.nautilus.catalog import perpetual
from engine.nautilus.fundings import none
from engine.nautilus.plan import Feed, Plan
from engine.nautilus.recording import streaming
from engine.nautilus.shell import Shell
from engine.run.compose import compose
from engine.run.recover import resumed
from engine.run.seals import sealed_as_it_went
from engine.run.simulate import planned

PAUSE_S = 0.004
F_LAST = 128


class Client(MarketDataClient):
    """A market that wanders; each message changes two levels of the book, with a quote, a trade, and at times more."""

    contract: Any
    messages: int
    said = 0

    async def _connect(self) -> None:
        self._handle_instrument(self.contract)

    async def _disconnect(self) -> None:
        pass

    async def _welcome(self, _command: object) -> None:
        pass

    async def _begin(self, _command: object) -> None:
        """The shell asks for funding last."""
        self.create_task(self._play())

    _subscribe_book_deltas = _subscribe_quotes = _subscribe_trades = _subscribe_mark_prices = _welcome
    _unsubscribe_book_deltas = _unsubscribe_quotes = _unsubscribe_trades = _unsubscribe_mark_prices = _welcome
    _unsubscribe_funding_rates = _welcome
    _subscribe_funding_rates = _begin

    async def _play(self) -> None:
        while Client.said < self.messages:
            Client.said += 1
            self._message(Client.said, self.clock.timestamp_ns())
            print(Client.said, flush=True)  # noqa: T201
            await asyncio.sleep(PAUSE_S)

    def _message(self, n: int, now: int) -> None:
        contract, identity = self.contract, self.contract.id
        bid = 60_000 + n % 7
        price, size = contract.make_price, contract.make_qty
        levels = ((model.OrderSide.BUY, bid), (model.OrderSide.SELL, bid + 10))
        changes = [model.OrderBookDelta.clear(identity, 0, now, now)]
        changes += [
            model.OrderBookDelta(
                identity,
                model.BookAction.ADD,
                model.BookOrder(side, price(at), size(1), 0),
                F_LAST * (side is model.OrderSide.SELL),
                n,
                now,
                now,
            )
            for side, at in levels
        ]
        self._handle_data(model.OrderBookDeltas(identity, changes))
        self._handle_data(model.QuoteTick(identity, price(bid), price(bid + 10), size(1), size(1), now, now))
        aggressor, name = model.AggressorSide.SELL, model.TradeId(str(n))
        self._handle_data(model.TradeTick(identity, price(bid), size(0.5), aggressor, name, now, now))
        if n % 10 == 0:
            self._handle_data(model.MarkPriceUpdate(identity, price(bid + 5), now, now))
            settles = now + 3_600 * 10**9
            rate = model.FundingRateUpdate(identity, Decimal("0.0001"), now, now, next_funding_ns=settles)
            self._handle_data(rate)


class Factory(DataClientFactory):
    @staticmethod
    def create(*, name: str, config: Any, cache: Any, clock: Any) -> Client:
        return Client(name=name, config=config, cache=cache, clock=clock, venue=Client.contract.id.venue)


def main(run_file: Path, runs: Path, messages: int, folder: Path | None) -> None:
    plan = planned(read_config(run_file, []))
    Client.contract, Client.messages = perpetual(plan.instrument), messages
    manifest = replace(plan.manifest, kind="paper", data_fingerprint=None, started_ns=1)
    if folder is None:
        journal = create_run(runs, manifest, durable=True)
        record: Record = journal.record
    else:  # it only listens: what a node has to do to go on trading is not the point here
        journal, record = resumed(folder)[0], lambda *_: None
    print(journal.folder, flush=True)  # noqa: T201
    with journal, sealed_as_it_went(journal) as ended:
        parts = compose(plan.config, run=manifest_hash(manifest), instrument=plan.instrument, at_ns=plan.start_ns)
        session = parts.session(record, lambda _command: None)
        _hosted(journal.folder, parts.started, session, plan.instrument)
        ended()
    print("sealed", flush=True)  # noqa: T201


def _hosted(folder: Path, started: Any, session: Any, instrument: Instrument) -> None:
    config = LiveNodeConfig(
        environment=Environment.SANDBOX,
        trader_id=model.TraderId("X-001"),
        streaming=streaming(folder / STREAM),
        logging=LoggerConfig(bypass_logging=True),
        delay_post_stop_secs=0,
        timeout_disconnection_secs=1,
    )
    builder = LiveNodeBuilder.from_config("recorder", config)
    node = builder.add_data_client(instrument.venue, Factory(), DataClientConfig()).build()
    shell = Shell(
        Plan(
            started=started,
            opening=lambda _now: (started,),
            feeds=frozenset(Feed) - {Feed.PULSE},
            book=True,
            fundings=none,
            answer=lambda wish, now: PositionModeConfirmed(ts_event=now, ts_init=now, mode=wish.mode),  # type: ignore[union-attr]
            stop_wanted=lambda: "enough" if Client.said >= Client.messages else None,
            on_tick=lambda _now: None,
            forced=lambda _state: (),
        )
    )
    shell.attach(session)
    node.add_strategy(shell)
    node.run()
    node.dispose()
    if shell.failure is not None:
        raise shell.failure


if __name__ == "__main__":
    words = sys.argv[1:]
    main(Path(words[0]), Path(words[1]), int(words[2]), Path(words[3]) if len(words) > 3 else None)
