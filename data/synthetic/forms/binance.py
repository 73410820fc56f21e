"""Binance's WebSocket as collectors write it, of USD-M, COIN-M or spot; snapshots are REST's.

hftbacktest's: `<our time> <combined stream's JSON>`. cryptofeed's callback files: REST answers and streams apart, in
seconds. JSON lines: the bare message with `recv_ts`. Spot knows no mark price, funding and liquidations, and does not
say when a snapshot was made.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.synthetic.forms.files import Files, price, sides, size, text
from data.synthetic.recorder import Message
from data.synthetic.settings import Contract

_SECOND_US = 1_000_000
_STREAMS = {"diff": "depth@0ms", "trade": "trade", "ticker": "markPrice@1s", "liquidation": "forceOrder"}


class Messages:
    """What the venue says. `spot`: in its words there."""

    def __init__(self, contract: Contract, *, spot: bool = False) -> None:
        self._contract, self._spot = contract, spot

    def said(self, message: Message) -> dict[str, Any] | None:
        """None for what is not said there."""
        about: dict[str, Any] = {"E": message.event_us // 1000, "s": self._contract.symbol}
        match message.kind:
            case "snapshot":
                return self._snapshot(message)
            case "diff":
                return {"e": "depthUpdate", **about, **self._changes(message)}
            case "trade":
                return {"e": "trade", **about, **self._deal(message)}
            case _ if self._spot:
                return None
            case "ticker":
                return {"e": "markPriceUpdate", **about, **self._prices(message)}
            case _:
                return {"e": "forceOrder", "E": about["E"], "o": self._forced(message)}

    def envelope(self, message: Message) -> dict[str, Any] | None:
        """The same in the combined stream's; a REST answer has none."""
        body = self.said(message)
        if body is None or message.kind == "snapshot":
            return body
        return {"stream": f"{self._contract.symbol.lower()}@{_STREAMS[message.kind]}", "data": body}

    def _snapshot(self, message: Message) -> dict[str, Any]:
        bids, asks = self._levels(message)
        about: dict[str, Any] = {"lastUpdateId": message.last}
        if not self._spot:
            at = message.event_us // 1000
            about |= {"E": at, "T": at} | ({"symbol": self._contract.symbol} if self._contract.inverse else {})
        return {**about, "bids": bids, "asks": asks}

    def _changes(self, message: Message) -> dict[str, Any]:
        bids, asks = self._levels(message)
        ids = {"U": message.first, "u": message.last, "b": bids, "a": asks}
        return ids if self._spot else {"T": message.event_us // 1000, **ids, "pu": message.previous}

    def _deal(self, message: Message) -> dict[str, Any]:
        number, side, ticks, lots = message.rows
        c = self._contract
        deal = {"T": message.event_us // 1000, "t": number, "p": price(c, ticks), "q": size(c, lots), "m": side < 0}
        return deal | ({"M": True} if self._spot else {"X": "MARKET"})

    def _prices(self, message: Message) -> dict[str, Any]:
        due_us, rate, _, index, mark = message.rows
        prices = {"p": text(mark, 8), "i": text(index, 8), "P": text(index, 8)}
        return {**prices, "r": text(rate, 8), "T": due_us // 1000}

    def _forced(self, message: Message) -> dict[str, Any]:
        side, ticks, lots = message.rows
        worth, count = price(self._contract, ticks), size(self._contract, lots)
        about = {"s": self._contract.symbol, "S": "BUY" if side > 0 else "SELL", "o": "LIMIT", "f": "IOC"}
        filled = {"q": count, "p": worth, "ap": worth, "X": "FILLED", "l": count, "z": count}
        return {**about, **filled, "T": message.event_us // 1000}

    def _levels(self, message: Message) -> list[list[tuple[str, str]]]:
        c = self._contract
        return [[(price(c, ticks), size(c, lots)) for ticks, lots in side] for side in sides(message.rows)]


class Binance(Files):
    """hftbacktest's collector. `digits`: 19 (ns) or 16 (us) of our time."""

    def __init__(self, folder: Path, contract: Contract, *, digits: int = 19, spot: bool = False) -> None:
        super().__init__(folder)
        self._contract, self._zeros = contract, "0" * (digits - 16)
        self._messages = Messages(contract, spot=spot)

    def write(self, message: Message) -> None:
        if (body := self._messages.envelope(message)) is not None:
            day = datetime.fromtimestamp(message.local_us // _SECOND_US, UTC)
            line = f"{message.local_us}{self._zeros} {_text(body)}"
            self.line(f"{self._contract.symbol.lower()}_{day:%Y%m%d}.gz", line)


class BinanceLines(Files):
    """JSON lines of somebody's own."""

    def __init__(self, folder: Path, contract: Contract) -> None:
        super().__init__(folder)
        self._name, self._messages = f"{contract.symbol.lower()}.jsonl.gz", Messages(contract)

    def write(self, message: Message) -> None:
        body = self._messages.said(message)
        self.line(self._name, _text({"recv_ts": message.local_us, **(body or {})}))


class Cryptofeed(Files):
    """Its callback's files, one for REST and one for the connection."""

    def __init__(self, folder: Path, contract: Contract) -> None:
        super().__init__(folder)
        self._messages = Messages(contract)
        symbol = contract.symbol
        self._depth = f"https://fapi.binance.com/fapi/v1/depth?symbol={symbol}&limit=1000"
        streams = "/".join(f"{symbol.lower()}@{each}" for each in _STREAMS.values())
        self._socket = f"wss://fstream.binance.com/stream?streams={streams}"

    def write(self, message: Message) -> None:
        at = f"{message.local_us // _SECOND_US}.{message.local_us % _SECOND_US:06}"
        body = _text(self._messages.envelope(message))
        if message.kind == "snapshot":
            self.line("BINANCE_FUTURES.http.0.0.gz", f"{self._depth} -> {at}: {body}")
        else:
            self.line("BINANCE_FUTURES.ws.1.0.gz", f"{at}: {body}", header=f"{self._socket} <-> {at}")


def _text(body: Any) -> str:
    return json.dumps(body, separators=(",", ":"))
