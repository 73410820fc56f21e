"""A toy strategy on a toy market, seeded, with a journal: a run to read without any of the real ones."""

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from engine.core.commands import Cancel, Command, Submit, Wish
from engine.core.events import AnyEvent, FundingSettled, OrderAccepted, OrderCanceled, OrderFilled, Started, Stopping
from engine.core.risk import Limits
from engine.core.session import Record, Session
from engine.core.state import State
from engine.core.types import SECOND, ZERO, Action, Leg, OrderType, Purpose, Side
from engine.journal.manifest import Manifest, Status, new_manifest
from engine.journal.writer import JournalWriter, create_run
from tests.support.builders import LINEAR, START_NS, a_draft, a_start, a_tick

LIMITS = Limits(max_position=Decimal("0.05"), price_collar=Decimal("0.5"))
REFRESH_S = 15
SIZE = Decimal("0.01")


class Toy:
    """Quotes both sides each 15 s; closes a position at its entry +0.1 % by a resting order, at -0.15 % by a stop."""

    needs_depth = False

    def initial(self, event: Started) -> None:
        return None

    def evolve(self, before: State[None], event: AnyEvent) -> None:
        return None

    def depth_queries(self, state: State[None]) -> tuple[tuple[Side, Decimal], ...]:
        return ()

    def decide(self, state: State[None], event: AnyEvent) -> tuple[None, tuple[Wish, ...]]:
        if state.tick is not event or state.tick is None or state.now // SECOND % REFRESH_S:
            return None, ()
        cancels = tuple(Cancel(w.order.id, "refresh") for w in state.orders)
        return None, (*cancels, *self._drafts(state))

    def _drafts(self, state: State[None]) -> Iterator[Wish]:
        assert state.tick is not None
        top, held = state.tick.top, state.position(Leg.NET)
        assert top.bid is not None
        assert top.ask is not None
        if held.entry is None:
            for side, price in ((Side.BUY, top.bid - 30), (Side.SELL, top.ask + 30)):
                yield a_draft(side, str(SIZE), str(price), level=0)
            if state.now // SECOND % 60 == 0:
                yield a_draft(Side.BUY, "0.5", str(top.bid - 50), level=1)  # above the limit: refused
            return
        side = Side.SELL if held.size > 0 else Side.BUY
        mid = (top.bid + top.ask) / 2
        gain = side.opposite * (mid / held.entry - 1)
        stopped = gain < Decimal("-0.0015")
        price = held.entry * (1 + side.opposite * Decimal("0.001"))
        yield a_draft(
            side,
            str(abs(held.size)),
            None if stopped else str(price.quantize(LINEAR.tick)),
            type=OrderType.MARKET if stopped else OrderType.LIMIT,
            action=Action.CLOSE,
            purpose=Purpose.STOP if stopped else Purpose.TAKE_PROFIT,
        )


class ToyVenue:
    """Fills a resting order when the market comes through its price; a market order at once. No latency."""

    def __init__(self, record: Record) -> None:
        self.session = Session(Toy(), LIMITS, record, self.send)
        self.resting: dict[str, Submit] = {}
        self.at = START_NS
        self.bid = self.ask = ZERO

    def send(self, command: Command) -> None:
        if isinstance(command, Submit):
            self.session.feed(
                OrderAccepted(ts_event=self.at, ts_init=self.at, id=command.id, venue_id=f"v{command.id}")
            )
            self.resting[command.id] = command
            if command.price is None:
                self._fill(command, self.bid if command.side is Side.SELL else self.ask, maker=False)
        elif isinstance(command, Cancel) and command.id in self.resting:
            del self.resting[command.id]
            self.session.feed(OrderCanceled(ts_event=self.at, ts_init=self.at, id=command.id, reason="asked"))

    def play(self, seconds: int, seed: int) -> None:
        chance = random.Random(seed)
        self.session.feed(a_start())
        mid = 60_000.0
        for second in range(seconds):
            mid *= 1 + chance.gauss(0, 0.00012)
            self.at = START_NS + second * SECOND
            self.bid = Decimal(f"{mid:.1f}")
            self.ask = self.bid + LINEAR.tick
            for order in tuple(self.resting.values()):
                through = self.ask < order.price if order.side is Side.BUY else self.bid > order.price  # type: ignore[operator]
                if through:
                    self._fill(order, order.price or ZERO, maker=True)
            if second and second % 300 == 0:
                self.session.feed(
                    FundingSettled(ts_event=self.at, ts_init=self.at, leg=Leg.NET, amount=Decimal("-0.01"))
                )
            self.session.feed(a_tick(second, str(self.bid), str(self.ask), mark=self.bid))
        self.session.feed(Stopping(ts_event=self.at, ts_init=self.at, reason="end of data"))

    def _fill(self, order: Submit, price: Decimal, *, maker: bool) -> None:
        del self.resting[order.id]
        rate = LINEAR.maker_fee if maker else LINEAR.taker_fee
        self.session.feed(
            OrderFilled(
                ts_event=self.at,
                ts_init=self.at,
                id=order.id,
                trade_id=f"t{order.id}",
                side=order.side,
                leg=order.leg,
                price=price,
                size=order.size,
                fee=(order.size * price * rate).quantize(Decimal("1e-8")),
                maker=maker,
            )
        )


def a_manifest(**changes: Any) -> Manifest:
    manifest = new_manifest("backtest", LINEAR.id, {"strategy": {"bid_spread": 0.05}}, data_fingerprint="f" * 64)
    # a fixed version: somebody may be editing the sources while a test runs
    return msgspec.structs.replace(manifest, **{"code_version": "toy", **changes})


def toy_journal(runs: Path, seconds: int = 900, seed: int = 7, **options: Any) -> JournalWriter:
    """An unsealed journal of a toy run, still open."""
    writer = create_run(runs, a_manifest(seed=seed), **options)
    ToyVenue(writer.record).play(seconds, seed)
    return writer


def toy_run(runs: Path, seconds: int = 900, seed: int = 7, **options: Any) -> Path:
    """The folder of a sealed toy run."""
    with toy_journal(runs, seconds, seed, **options) as writer:
        writer.seal(Status.ENDED, rows=seconds, seconds=1.0)
    return writer.folder
