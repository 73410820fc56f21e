"""Files of data.binance.vision in zips: trades, best bid and ask, funding, klines of the mark and index price.

They cannot say when they were received, or what lies below the touch; a rate is told when it was paid, mark and index
prices once a minute, and where trades are aggregated, one taker's prints of one price are one.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from data.synthetic.forms.files import Files, price, size, text, zipped
from data.synthetic.forms.levels import Best, Levels
from data.synthetic.forms.payments import Payments
from data.synthetic.recorder import Message
from data.synthetic.settings import Contract

_TRADES = "id,price,qty,quote_qty,time,is_buyer_maker"
_AGGREGATED = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
_TICKER = "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time"
_FUNDING = "calc_time,funding_interval_hours,last_funding_rate"
_KLINES = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
_MINUTE_MS, _HOUR_US = 60_000, 3_600_000_000


class _Deal(NamedTuple):
    """Prints of one taker at one price."""

    event_us: int
    side: int
    ticks: int
    first: int
    last: int
    lots: int


class BinanceVision(Files):
    """Mutable: it keeps the book. `old`: no headers, as before 2021, and trades aggregated."""

    def __init__(self, folder: Path, contract: Contract, *, old: bool = False) -> None:
        super().__init__(folder)
        self._contract, self._inverse, self._old = contract, contract.inverse, old
        self._book = Levels()
        self._top: Best | None = None
        self._deal: _Deal | None = None
        self._deals = 0
        self._payments = Payments()
        self._minute: tuple[int, list[tuple[int, int]]] | None = None  # when it began; its index and mark prices

    def write(self, message: Message) -> None:
        match message.kind:
            case "trade":
                self._trade(message)
            case "ticker":
                self._ticker(message)
            case "snapshot" | "diff":
                self._best(message)

    def finish(self) -> None:
        self._aggregated()
        self._kline()

    def _row(self, kind: str, at_ms: int, row: str, header: str) -> None:
        day = datetime.fromtimestamp(at_ms // 1000, UTC)
        when = f"{day:%Y-%m}" if kind == "fundingRate" else f"{day:%Y-%m-%d}"
        is_kline = kind.endswith("Klines")
        name = f"{self._contract.symbol}-{'1m' if is_kline else kind}-{when}"
        folder = f"{kind}/" if is_kline else ""
        header = "" if self._old else self._named(header)
        self.line(f"{folder}{name}.zip", row, header=header, member=f"{name}.csv", packed=zipped)

    def _named(self, header: str) -> str:
        """COIN-M counts in the base what USD-M counts in the quote."""
        return header.replace("quote_qty", "base_qty").replace("quote_vol", "base_vol") if self._inverse else header

    def _trade(self, message: Message) -> None:
        number, side, ticks, lots = message.rows
        deal = self._deal
        if deal is not None and number <= deal.last:
            return  # told twice
        if deal is not None and deal[:3] == (message.event_us, side, ticks):
            self._deal = deal._replace(last=number, lots=deal.lots + lots)
        else:
            self._aggregated()
            self._deal = _Deal(message.event_us, side, ticks, number, number, lots)
        if not self._old:
            c, at = self._contract, message.event_us // 1000
            worth = "0" if self._inverse else text(ticks * lots, c.price_decimals + c.size_decimals)
            row = f"{number},{price(c, ticks)},{size(c, lots)},{worth},{at},{str(side < 0).lower()}"
            self._row("trades", at, row, _TRADES)

    def _aggregated(self) -> None:
        deal, c = self._deal, self._contract
        if deal is not None and self._old:
            self._deals, at = self._deals + 1, deal.event_us // 1000
            what = f"{price(c, deal.ticks)},{size(c, deal.lots)},{deal.first},{deal.last}"
            self._row("aggTrades", at, f"{self._deals},{what},{at},{str(deal.side < 0).lower()}", _AGGREGATED)

    def _best(self, message: Message) -> None:
        c, at = self._contract, message.event_us // 1000
        self._book.apply(message)
        top = self._book.best(1)
        if top != self._top:
            self._top = top
            cells = [(price(c, side[0].ticks), size(c, side[0].lots)) if side else ("0", "0") for side in top]
            row = ",".join([str(message.last), *cells[0], *cells[1], str(at), str(at)])
            self._row("bookTicker", at, row, _TICKER)

    def _ticker(self, message: Message) -> None:
        if paid := self._payments.made(message):
            at, hours = paid.at_us // 1000, paid.interval_us // _HOUR_US
            self._row("fundingRate", at, f"{at},{hours},{text(paid.rate_e8, 8)}", _FUNDING)
        began = message.event_us // 1000 // _MINUTE_MS * _MINUTE_MS
        if self._minute is None or began > self._minute[0]:
            self._kline()
            self._minute = began, []
        self._minute[1].append(message.rows[3:])

    def _kline(self) -> None:
        if self._minute is not None:
            at, ticks = self._minute
            for kind, prices in zip(("indexPriceKlines", "markPriceKlines"), zip(*ticks, strict=True), strict=True):
                cells = ",".join(text(each, 8) for each in (prices[0], max(prices), min(prices), prices[-1]))
                self._row(kind, at, f"{at},{cells},0,{at + _MINUTE_MS - 1},0,{len(prices)},0,0,0", _KLINES)
