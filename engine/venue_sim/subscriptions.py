"""Who is connected to a venue and has subscribed to what."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from engine.venue_sim.line import Line
from engine.venue_sim.market import Change, Market, Trade


class Subscriptions(ABC):
    """Lines by the names of what they listen to. Mutable. A venue's own words say what goes out under which name."""

    def __init__(self) -> None:
        self.lines: set[Line] = set()
        self.by_name: dict[str, dict[Line, None]] = {}

    def subscribe(self, line: Line, names: Iterable[str]) -> None:
        for name in names:
            line.names[name] = None
            self.by_name.setdefault(name, {})[line] = None

    def unsubscribe(self, line: Line, names: Iterable[str]) -> None:
        for name in list(names):
            line.names.pop(name, None)
            if (there := self.by_name.get(name)) is not None:
                there.pop(line, None)
                if not there:
                    del self.by_name[name]

    def leave(self, line: Line) -> None:
        self.unsubscribe(line, line.names)
        self.lines.discard(line)

    def say(self, name: str, make: Callable[[], Any]) -> None:
        """Send a message to all who subscribed to a name; `make` is not called if there is none."""
        if not (there := self.by_name.get(name)):
            return
        body = make()
        raw = msgspec.json.encode(body)
        kind = body.get("e") if isinstance(body, dict) else None
        for line in list(there):
            if line.events is None or kind in line.events:
                line.send(b'{"stream":"%s","data":%s}' % (name.encode(), raw) if line.combined else raw)

    @abstractmethod
    def depth(self, market: Market, change: Change) -> None:
        """The book has changed."""

    @abstractmethod
    def trade(self, market: Market, trade: Trade) -> None:
        """The market has traded."""

    @abstractmethod
    def beat(self, markets: Iterable[Market], now_ms: int) -> None:
        """Send what goes out at intervals and is due."""
