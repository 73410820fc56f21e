"""Binance's WebSocket as a collector writes it: `<our time in ns> <combined stream's JSON>`; snapshots are REST's."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.synthetic.forms.files import Files, price, sides, size, text
from data.synthetic.recorder import Message
from data.synthetic.settings import Contract


class Binance(Files):
    """`digits`: 19 (ns) or 16 (us) of our time."""

    def __init__(self, folder: Path, contract: Contract, digits: int = 19) -> None:
        super().__init__(folder)
        self._contract, self._zeros = contract, "0" * (digits - 16)

    def write(self, message: Message) -> None:
        body = self._body(message)
        day = datetime.fromtimestamp(message.local_us // 1_000_000, UTC)
        line = f"{message.local_us}{self._zeros} {json.dumps(body, separators=(',', ':'))}"
        self.line(f"{self._contract.symbol.lower()}_{day:%Y%m%d}.gz", line)

    def _body(self, message: Message) -> dict[str, Any]:
        at, contract = message.event_us // 1000, self._contract
        if message.kind == "snapshot":
            bids, asks = self._levels(message)
            return {"lastUpdateId": message.last, "E": at, "T": at, "bids": bids, "asks": asks}
        data: dict[str, Any] = {"E": at, "s": contract.symbol}
        match message.kind:
            case "diff":
                bids, asks = self._levels(message)
                ids = {"U": message.first, "u": message.last, "pu": message.previous}
                stream, data = "depth@0ms", {"e": "depthUpdate", **data, "T": at, **ids, "b": bids, "a": asks}
            case "trade":
                number, side, ticks, lots = message.rows
                traded = {"p": price(contract, ticks), "q": size(contract, lots), "X": "MARKET", "m": side < 0}
                stream, data = "trade", {"e": "trade", **data, "T": at, "t": number, **traded}
            case "ticker":
                due_us, rate, _, index, mark = message.rows
                prices = {"p": text(mark, 8), "i": text(index, 8), "P": text(index, 8)}
                funding = {"r": text(rate, 8), "T": due_us // 1000}
                stream, data = "markPrice@1s", {"e": "markPriceUpdate", **data, **prices, **funding}
            case _:
                stream, data = "forceOrder", {"e": "forceOrder", "E": at, "o": self._forced(message, at)}
        return {"stream": f"{contract.symbol.lower()}@{stream}", "data": data}

    def _forced(self, message: Message, at: int) -> dict[str, Any]:
        side, ticks, lots = message.rows
        worth, count = price(self._contract, ticks), size(self._contract, lots)
        about = {"s": self._contract.symbol, "S": "BUY" if side > 0 else "SELL", "o": "LIMIT", "f": "IOC"}
        return {**about, "q": count, "p": worth, "ap": worth, "X": "FILLED", "l": count, "z": count, "T": at}

    def _levels(self, message: Message) -> list[list[tuple[str, str]]]:
        c = self._contract
        return [[(price(c, ticks), size(c, lots)) for ticks, lots in side] for side in sides(message.rows)]
