"""OKX's archives: the order book as JSON lines in a tar, trades and paid funding as CSV in zips. No receive time, no
sequence."""

import json
from datetime import UTC, datetime
from pathlib import Path

from data.synthetic.forms.files import Files, price, sides, size, tarred, text, zipped
from data.synthetic.forms.payments import Payments
from data.synthetic.recorder import Message
from data.synthetic.settings import Contract

_HEADER = "instrument_name,trade_id,side,price,size,created_time"
_FUNDING = "instrument_name,funding_rate,funding_time"


class Okx(Files):
    def __init__(self, folder: Path, contract: Contract) -> None:
        super().__init__(folder)
        self._contract, self._payments = contract, Payments()

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
            bids, asks = ([(price(c, t), size(c, n), "1") for t, n in side] for side in sides(message.rows))
            action = "snapshot" if message.kind == "snapshot" else "update"
            body = {"instId": c.symbol, "action": action, "ts": str(at), "asks": asks, "bids": bids}
            name = f"{c.symbol}-L2orderbook-400lv-{day}"
            line = json.dumps(body, separators=(",", ":"))
            self.line(f"{name}.tar.gz", line, member=f"{name}.data", packed=tarred)
