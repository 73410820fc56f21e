"""Bybit's refusals: a number and a sentence under an HTTP status that is nearly always 200."""

from engine.venue_sim.errors import ApiError


class BybitError(ApiError):
    """`retCode` and `retMsg` of an answer."""

    def __init__(self, code: int, message: str, status: int = 200) -> None:
        super().__init__(code, message, status)
