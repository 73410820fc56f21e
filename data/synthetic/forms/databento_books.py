"""Databento's schemas: single orders (mbo), the best levels (mbp-10, mbp-1), those of trades (tbbo), trades alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import databento_dbn as dbn

from data.synthetic.forms.databento import LAST, SIDES, SNAPSHOT, Databento
from data.synthetic.forms.levels import Best, Levels
from data.synthetic.recorder import Message
from data.synthetic.settings import Contract


class DatabentoOrders(Databento):
    """Each level is one order, named by its price."""

    schema = "mbo"

    def changed(self, message: Message) -> Iterator[Any]:
        records = [*self._cleared(message), *self._placed(message)]
        for n, record in enumerate(records, 1):
            yield dbn.MBOMsg(**record | {"flags": record["flags"] | (LAST if n == len(records) else 0)})

    def _cleared(self, message: Message) -> Iterator[dict[str, Any]]:
        if message.kind == "snapshot":
            self.book = Levels()
            what = {"action": dbn.Action.CLEAR, "side": dbn.Side.NONE, "price": dbn.UNDEF_PRICE, "size": 0}
            yield {**self.times(message), **what, "order_id": 0, "flags": SNAPSHOT}

    def _placed(self, message: Message) -> Iterator[dict[str, Any]]:
        about = {**self.times(message), "flags": SNAPSHOT if message.kind == "snapshot" else 0}
        for side, ticks, lots in message.rows:
            before = self.book.put(side, ticks, lots)
            if not (lots or before):
                continue  # an order that is not there cannot be cancelled
            action = (dbn.Action.MODIFY if before else dbn.Action.ADD) if lots else dbn.Action.CANCEL
            order = {"order_id": 2 * ticks + (side > 0), "side": SIDES[side], "price": ticks * self.unit}
            yield {**about, **order, "action": action, "size": lots or before}

    def traded(self, message: Message) -> Any:
        return dbn.MBOMsg(**self.deal(message), order_id=0)


class DatabentoTrades(Databento):
    schema = "trades"

    def changed(self, _message: Message) -> Iterator[Any]:
        yield from ()

    def traded(self, message: Message) -> Any:
        return dbn.TradeMsg(**self.deal(message), depth=0)


class DatabentoDepth(Databento):
    """The best levels wherever they change, and again with each trade; `tbbo` with trades alone."""

    def __init__(self, folder: Path, contract: Contract, *, schema: str, depth: int) -> None:
        super().__init__(folder, contract)
        self.schema, self._depth = schema, depth
        self._seen: Best | None = None

    def changed(self, message: Message) -> Iterator[Any]:
        self.book.apply(message)
        seen = self.book.best(self._depth)
        if seen != self._seen and self.schema != "tbbo":
            self._seen = seen
            side, ticks, lots = message.rows[-1]
            what = {"action": dbn.Action.MODIFY, "side": SIDES[side], "price": ticks * self.unit, "size": lots}
            yield self._record(self.times(message) | what | {"flags": LAST, "sequence": 0})

    def traded(self, message: Message) -> Any:
        return self._record(self.deal(message))

    def _record(self, what: dict[str, Any]) -> Any:
        none = (dbn.UNDEF_PRICE, 0, 0)
        bids, asks = (
            [*((level.ticks * self.unit, level.lots, 1) for level in side), *[none] * self._depth][: self._depth]
            for side in self.book.best(self._depth)
        )
        levels = [
            dbn.BidAskPair(bid_px=bid[0], bid_sz=bid[1], bid_ct=bid[2], ask_px=ask[0], ask_sz=ask[1], ask_ct=ask[2])
            for bid, ask in zip(bids, asks, strict=True)
        ]
        if self._depth > 1:
            return dbn.MBP10Msg(**what, depth=0, levels=levels)
        return dbn.MBP1Msg(**what, depth=0, levels=levels[0])  # type: ignore[arg-type] # its stub wants a list
