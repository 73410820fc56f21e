"""Hyperliquid's archive: the best twenty levels a side every half second, an hour a file; trades as its nodes tell;
paid funding as it answers.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from data.synthetic.forms.files import Files, lz4_frame, plain, price, size, text
from data.synthetic.forms.levels import Levels
from data.synthetic.forms.payments import Payments
from data.synthetic.recorder import Message
from data.synthetic.settings import Contract

LEVELS = 20
EVERY_US = 500_000


class Hyperliquid(Files):
    """Mutable: it keeps the book."""

    def __init__(self, folder: Path, contract: Contract) -> None:
        super().__init__(folder)
        self._contract, self._due_us, self._book = contract, 0, Levels()
        self._payments, self._paid, self._trade_id = Payments(), list[dict[str, Any]](), 0

    def write(self, message: Message) -> None:
        if message.kind == "trade" and message.rows[0] > self._trade_id:
            self._trade(message)
        if message.kind == "ticker" and (paid := self._payments.made(message)):
            rate = {"coin": self._contract.symbol, "fundingRate": text(paid.rate_e8, 8), "premium": "0.0"}
            self._paid.append({**rate, "time": paid.at_us // 1000})
        if message.kind not in ("snapshot", "diff"):
            return
        if message.event_us >= self._due_us and self._book.has_both:
            self._window(self._due_us or message.event_us)
        self._due_us = (message.event_us // EVERY_US + 1) * EVERY_US
        self._book.apply(message)

    def finish(self) -> None:
        if self._paid:
            self.line(f"{self._contract.symbol}-fundingHistory.json", json.dumps(self._paid), packed=plain)

    def _window(self, at_us: int) -> None:
        c = self._contract
        levels = [
            [{"px": price(c, level.ticks), "sz": size(c, level.lots), "n": 1} for level in side]
            for side in self._book.best(LEVELS)
        ]
        data = {"coin": c.symbol, "time": at_us // 1000, "levels": levels}
        raw = {"channel": "l2Book", "data": data}
        outer = {"time": f"{np.datetime64(at_us, 'us')}000", "ver_num": 1, "raw": raw}
        hour = datetime.fromtimestamp(at_us // 1_000_000, UTC)
        name = f"{c.symbol}_{hour:%Y%m%d}_{hour.hour}.lz4"
        self.line(name, json.dumps(outer, separators=(",", ":")), packed=lz4_frame)

    def _trade(self, message: Message) -> None:
        self._trade_id, side, ticks, lots = message.rows
        c, at = self._contract, np.datetime64(message.event_us // 1000, "ms")
        about = {"coin": c.symbol, "side": "B" if side > 0 else "A", "time": str(at), "px": price(c, ticks)}
        users = [{"user": "0x1", "oid": self._trade_id}, {"user": "0x2", "oid": self._trade_id}]
        body = {
            **about,
            "sz": size(c, lots),
            "hash": f"0x{self._trade_id:064x}",
            "trade_dir_override": "Na",
            "side_info": users,
        }
        hour = datetime.fromtimestamp(message.event_us // 1_000_000, UTC)
        name = f"{c.symbol}_trades_{hour:%Y%m%d}_{hour.hour}.lz4"
        self.line(name, json.dumps(body, separators=(",", ":")), packed=lz4_frame)
