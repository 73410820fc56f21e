"""Put the parts together and run them. For notebooks: `from engine.run import backtest, sweep, band`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.run.child import backtest, band, sweep

__all__ = ["backtest", "band", "sweep"]


def __getattr__(name: str) -> Any:
    """Only who asks for these pays for what they import."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from engine.run import child  # noqa: PLC0415

    return getattr(child, name)
