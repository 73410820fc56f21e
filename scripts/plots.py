"""A played story as a small SVG: best bid and ask, our orders while they rest, fills, and the levels that decide."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from scripts.stories import Played

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 280, 48, 12, 30, 26
INK, GREY, BUY, SELL, LEVEL = "#222", "#8a8f98", "#1a7f4b", "#c0392b", "#6b4fbb"

type Points = list[tuple[int, float]]  # second, price


class Rested(NamedTuple):
    """An order of ours from the second in which it was sent to the one in which it ended."""

    side: str
    price: float
    start: int
    end: int
    filled_at: float | None = None


class Level(NamedTuple):
    """A price that decides, as it stands at each second."""

    label: str
    points: Points


def svg(played: Played, title: str, levels: Sequence[Level] = ()) -> str:
    frame = _Frame.around(played, levels)
    bids = [(line.t, float(line.bids[0][0])) for line in played.tape]
    asks = [(line.t, float(line.asks[0][0])) for line in played.tape]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"',
        f'  aria-label="{escape(title)}" font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="18" fill="{INK}" font-size="13">{escape(title)}</text>',
        *frame.axes(),
        *(frame.steps(points, GREY, 1.2) for points in (bids, asks)),
        *(part for level in levels for part in frame.level(level)),
        *(part for order in rested(played) for part in frame.order(order)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def rested(played: Played) -> Iterator[Rested]:
    ends = {row["id"]: row for row in played.rows if row["type"] in ("cancel", "fill")}
    for row in played.rows:
        if row["type"] == "create" and row["price"] is not None:
            end = ends.get(row["id"])
            until = played.tape[-1].t if end is None else int(end["t"] or 0)
            filled = float(end["price"] or 0) if end is not None and end["type"] == "fill" else None
            yield Rested(str(row["side"]), float(row["price"]), int(row["t"] or 0), until, filled)


class _Frame(NamedTuple):
    first: int
    last: int
    low: float
    high: float

    @classmethod
    def around(cls, played: Played, levels: Sequence[Level]) -> "_Frame":
        market = [float(side[0][0]) for line in played.tape for side in (line.bids, line.asks)]
        prices = [*market, *(order.price for order in rested(played)), *(p for lv in levels for _, p in lv.points)]
        margin = (max(prices) - min(prices)) * 0.06
        return cls(played.tape[0].t, played.tape[-1].t, min(prices) - margin, max(prices) + margin)

    def x(self, second: float) -> float:
        return round(LEFT + (second - self.first) / (self.last - self.first) * (WIDTH - LEFT - RIGHT), 1)

    def y(self, price: float) -> float:
        return round(TOP + (self.high - price) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM), 1)

    def axes(self) -> Iterator[str]:
        span = self.high - self.low
        unit = next(step for step in (0.2, 0.5, 1.0, 2.0, 5.0) if span / step < 9)
        for n in range(int(self.low / unit) + 1, int(self.high / unit) + 1):
            y = self.y(n * unit)
            yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="#eceef1"/>'
            yield f'<text x="{LEFT - 6}" y="{y + 4}" fill="{GREY}" text-anchor="end">{n * unit:.1f}</text>'
        for second in range(self.first, self.last + 1, 2 if self.last - self.first < 24 else 5):
            place = f'x="{self.x(second)}" y="{HEIGHT - 8}"'
            yield f'<text {place} fill="{GREY}" text-anchor="middle">{second} s</text>'

    def steps(self, points: Points, colour: str, width: float, dash: str = "") -> str:
        path = f"M{self.x(points[0][0])} {self.y(points[0][1])}"
        path += "".join(f"H{self.x(second)}V{self.y(price)}" for second, price in points[1:])
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>'

    def level(self, level: Level) -> Iterator[str]:
        second, price = level.points[-1]
        yield self.steps(level.points, LEVEL, 1, "4 3")
        yield (
            f'<text x="{self.x(second) - 4}" y="{self.y(price) - 4}" fill="{LEVEL}" text-anchor="end">'
            f"{escape(level.label)}</text>"
        )

    def order(self, order: Rested) -> Iterator[str]:
        colour = BUY if order.side == "buy" else SELL
        y = self.y(order.price)
        yield (
            f'<line x1="{self.x(order.start)}" x2="{self.x(order.end)}" y1="{y}" y2="{y}" stroke="{colour}" '
            'stroke-width="2.5"/>'
        )
        if order.filled_at is not None:
            yield f'<circle cx="{self.x(order.end)}" cy="{self.y(order.filled_at)}" r="4.5" fill="{colour}"/>'
