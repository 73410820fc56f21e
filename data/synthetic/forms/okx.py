"""OKX's archives: the order book as JSON lines in a tar, trades and paid funding as CSV in zips. No receive time, no
sequence. Or the book as its channel tells it live, line by line, where each message names the one before."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.synthetic.forms.files import Files, price, sides, size, tarred, text, zipped
from data.synthetic.forms.payments import Payments
from data.synthetic.recorder import Message
from data.synthetic.settings import Contract

_ACTIONS = {"snapshot": "snapshot", "diff": "update"}
_HEADER = "instrument_name,trade_id,side,price,size,created_time"
_FUNDING = "instrument_name,funding_rate,funding_time"


class Okx(Files):
    def __init__(self, folder: Path, contract: Contract, *, live: bool = False) -> None:
        super().__init__(folder)
        self._contract, self._payments, self._live = contract, Payments(), live

    def write(self, message: Message) -> None:
        day = datetime.fromtimestamp(message.event_us // 1_000_000, UTC).date()
        c, at = self._contract, message.event_us // 1000
        if message.kind == "trade":
            number, side, ticks, lots = message.rows
            row = f"{c.symbol},{number},{'buy' if side > 0 else 'sell'},{price(c, ticks)},{size(c, lots)},{at}"
            name = f"{c.symbol}-trades-{day}"
            self.line(f"{name}.zip", row, header=_HEADER, member=f"{name}.csv", packed=zipped)
        elif message.kind == "ticker" and (paid := self._payments.made(message)):
            row = f"{c.symbol},{text(paid.rate_e8, 8)},{paid.at_us // 1000}"
            name = f"{c.symbol}-fundingrates-{day}"
            self.line(f"{name}.zip", row, header=_FUNDING, member=f"{name}.csv", packed=zipped)
        elif message.kind in ("snapshot", "diff"):
            name = f"{c.symbol}-L2orderbook-400lv-{day}"
            if self._live:
                self.line(f"{c.symbol}-books-{day}.jsonl.gz", _json(self._channel(message)))
            else:
                self.line(f"{name}.tar.gz", _json(self._archived(message)), member=f"{name}.data", packed=tarred)

    def _archived(self, message: Message) -> dict[str, Any]:
        c, at = self._contract, message.event_us // 1000
        bids, asks = ([(price(c, t), size(c, n), "1") for t, n in side] for side in sides(message.rows))
        return {"instId": c.symbol, "action": _ACTIONS[message.kind], "ts": str(at), "asks": asks, "bids": bids}

    def _channel(self, message: Message) -> dict[str, Any]:
        c, at = self._contract, message.event_us // 1000
        bids, asks = ([(price(c, t), size(c, n), "0", "1") for t, n in side] for side in sides(message.rows))
        before = -1 if message.kind == "snapshot" else message.previous
        about = {"ts": str(at), "checksum": 0, "seqId": message.last, "prevSeqId": before}
        channel = {"channel": "books", "instId": c.symbol}
        return {"arg": channel, "action": _ACTIONS[message.kind], "data": [{"asks": asks, "bids": bids, **about}]}


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"))
