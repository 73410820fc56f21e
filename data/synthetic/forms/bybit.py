"""Bybit's archives: the order book as JSON lines in a zip a day, trades as CSV; and its answer on paid funding. No
receive time in any."""

import json
from datetime import UTC, datetime
from pathlib import Path

from data.synthetic.forms.files import Files, plain, price, sides, size, text, zipped
from data.synthetic.forms.payments import Payments
from data.synthetic.recorder import Message
from data.synthetic.settings import Contract

_HEADER = "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional"


class Bybit(Files):
    def __init__(self, folder: Path, contract: Contract) -> None:
        super().__init__(folder)
        self._contract, self._update = contract, 1
        self._payments, self._paid = Payments(), list[dict[str, str]]()

    def write(self, message: Message) -> None:
        day = datetime.fromtimestamp(message.event_us // 1_000_000, UTC).date()
        symbol = self._contract.symbol
        if message.kind == "trade":
            self.line(f"{symbol}{day}.csv.gz", self._trade(message), header=_HEADER)
        elif message.kind == "ticker" and (paid := self._payments.made(message)):
            at = str(paid.at_us // 1000)
            rate = {"symbol": symbol, "fundingRate": text(paid.rate_e8, 8), "fundingRateTimestamp": at}
            self._paid.insert(0, rate)  # the latest stands first
        elif message.kind in ("snapshot", "diff"):
            name = f"{day}_{symbol}_ob500.data"
            self.line(f"{name}.zip", self._book(message), member=name, packed=zipped)

    def finish(self) -> None:
        if self._paid:
            category = "inverse" if self._contract.inverse else "linear"
            answer = {"retCode": 0, "retMsg": "OK", "result": {"category": category, "list": self._paid}}
            self.line(f"{self._contract.symbol}-funding-history.json", json.dumps(answer), packed=plain)

    def _book(self, message: Message) -> str:
        c, at = self._contract, message.event_us // 1000
        bids, asks = ([(price(c, t), size(c, n)) for t, n in side] for side in sides(message.rows))
        self._update += 1
        data = {"s": c.symbol, "b": bids, "a": asks, "u": self._update, "seq": message.last}
        kind = "snapshot" if message.kind == "snapshot" else "delta"
        body = {"topic": f"orderbook.500.{c.symbol}", "type": kind, "ts": at, "data": data, "cts": at}
        return json.dumps(body, separators=(",", ":"))

    def _trade(self, message: Message) -> str:
        number, side, ticks, lots = message.rows
        c, at = self._contract, text(message.event_us // 1000, 3)
        worth, count = price(c, ticks), size(c, lots)
        identity = f"{number:08x}-0000-0000-0000-000000000000"
        word = "Buy" if side > 0 else "Sell"
        notional = f"{lots * 10**c.price_decimals / ticks:.8f},{count}" if c.inverse else f"{count},0"
        return f"{at},{c.symbol},{word},{count},{worth},ZeroMinusTick,{identity},0,{notional}"
