"""Hyperliquid's archive: the best twenty levels a side every half second, an hour a file; trades as its nodes tell;
paid funding as it answers, or instead of it the contexts of all assets, by the minute.
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
_MINUTE_US = 60_000_000
_CONTEXTS = (
    "time,coin,funding,open_interest,prev_day_px,day_ntl_vlm,premium,oracle_px,mark_px,mid_px,"
    "impact_bid_px,impact_ask_px"
)


class Hyperliquid(Files):
    """Mutable: it keeps the book."""

    def __init__(self, folder: Path, contract: Contract, *, contexts: bool = False) -> None:
        super().__init__(folder)
        self._contexts = contexts
        self._last: Message | None = None  # what the contexts were told
        self._contract, self._due_us, self._book = contract, 0, Levels()
        self._payments, self._paid, self._trade_id = Payments(), list[dict[str, Any]](), 0

    def write(self, message: Message) -> None:
        if message.kind == "trade" and message.rows[0] > self._trade_id:
            self._trade(message)
        if message.kind == "ticker" and self._contexts:
            self._context(message)
        elif message.kind == "ticker" and (paid := self._payments.made(message)):
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

    def _context(self, message: Message) -> None:
        """As of each full minute, what was told last."""
        minute_us, before, self._last = message.event_us // _MINUTE_US * _MINUTE_US, self._last, message
        told = message if message.event_us == minute_us else before
        if told is None or (before is not None and before.event_us >= minute_us):
            return
        _, rate, _, index, mark = told.rows
        at, prices = np.datetime64(minute_us, "us").item(), ",".join(text(each, 8) for each in (index, mark, mark))
        row = f"{at:%Y-%m-%dT%H:%M:%SZ},{self._contract.symbol},{text(rate, 8)},1,1,1,0,{prices},,"
        self.line(f"asset_ctxs_{at:%Y%m%d}.csv.lz4", row, header=_CONTEXTS, packed=lz4_frame)

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
