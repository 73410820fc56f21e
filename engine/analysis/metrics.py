"""The numbers of a summary as people read them: name, unit, form, and what each one means."""

from typing import Any, NamedTuple

from engine.analysis.figures import Units

SMALLEST = 5e-9  # money is booked to 1e-8: anything below is the floats' own


class Metric(NamedTuple):
    """`unit`: money, size, share, seconds, count. `signed`: show a plus too."""

    key: str
    label: str
    unit: str
    meaning: str
    signed: bool = False


HEADLINE = (
    Metric("net_pnl", "Net PnL", "money", "realised + unrealised - fees + rebates + funding", signed=True),
    Metric("realised_pnl", "Realised", "money", "gained by closing positions, before fees", signed=True),
    Metric(
        "unrealised_pnl", "Unrealised", "money", "of what is still held, at the last mark price (else mid)", signed=True
    ),
    Metric("fees", "Fees", "money", "paid to the venue, rebates not counted"),
    Metric("rebates", "Rebates", "money", "received from the venue for orders that rested"),
    Metric("funding", "Funding", "money", "received; negative: paid", signed=True),
    Metric("max_drawdown", "Max drawdown", "money", "largest fall of equity from the highest before"),
)
TRADING = (
    Metric("volume", "Volume", "money", "value of all that traded"),
    Metric("fills", "Fills", "count", "executions, parts of an order counted one by one"),
    Metric("orders", "Orders", "count", "orders sent"),
    Metric("maker_share", "Maker share", "share", "part of the volume that rested in the book before it traded"),
    Metric("rejections", "Rejected by the venue", "count", "orders that the venue did not take"),
    Metric("denials", "Denied by the host", "count", "orders stopped before they left"),
    Metric("liquidations", "Liquidations", "count", "orders forced by the venue"),
)
RISK = (
    Metric("max_position", "Largest position", "size", "largest absolute size of a leg"),
    Metric("worst_position", "with its sign", "size", "the same, short negative", signed=True),
    Metric("mean_position", "Mean position", "size", "weighted by time, both legs together", signed=True),
    Metric("mean_abs_position", "Mean absolute position", "size", "weighted by time, whatever its direction"),
    Metric(
        "nearest_liquidation",
        "Nearest to liquidation",
        "share",
        "least distance of the price from the liquidation price, as a part of the price",
    ),
    Metric("seconds_quoted", "Both sides quoted", "seconds", "time with a bid and an ask of ours resting"),
    Metric("quoted_share", "Share of the time", "share", "the same, as a part of the run"),
    Metric("seconds_unknown", "Market unknown", "seconds", "time lost in gaps of the data, without a book to quote on"),
)
DONE = (
    Metric("duration_seconds", "Period", "seconds", "from the first tick to the end"),
    Metric("rows", "Market data rows", "count", "rows replayed"),
    Metric("seconds", "Loop", "seconds", "wall time of the replay, without start-up and report"),
)


def shown(metric: Metric, value: Any, units: Units) -> str:
    """The number with its unit: `+12.3456 USDT`, `83.1 %`, `14 min 59 s`; a dash where there is none."""
    if value is None:
        return "\N{EN DASH}"
    if metric.unit == "count":
        return f"{value:,}"
    if metric.unit == "share":
        return f"{100 * value:.1f} %"
    if metric.unit == "seconds":
        return duration(value)
    sign = "+" if metric.signed and value >= SMALLEST else ""
    if metric.unit == "size":
        return f"{sign}{value:,.5g} {units.size}".replace("-", "\N{MINUS SIGN}")
    return f"{sign}{number(value)} {units.money}"


def number(value: float) -> str:
    """Four decimals, two for thousands, significant digits for what is small. A true minus sign."""
    size = abs(value)
    if size < SMALLEST:
        return "0.00"
    text = f"{size:,.2f}" if size >= 1000 else f"{size:.4f}" if size >= 0.01 else f"{size:.3g}"
    return f"\N{MINUS SIGN}{text}" if value < 0 else text


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
