"""What can go wrong between us and a venue."""


class VenueError(Exception):
    """The venue said no, or nothing: `code` is its own number, None where there was no answer that it could give.

    `unknown`: what was asked may have happened all the same.
    """

    def __init__(self, asked: str, message: str, *, code: int | None = None, unknown: bool = False) -> None:
        super().__init__(f"{asked}: {message}" + ("" if code is None else f" ({code})"))
        self.code, self.unknown = code, unknown
