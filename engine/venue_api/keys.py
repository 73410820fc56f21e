"""Keys that no log, page or message can show by accident."""


class Keys:
    """An API key and its secret; printing one shows neither."""

    __slots__ = ("key", "secret")

    def __init__(self, key: str, secret: str) -> None:
        self.key, self.secret = key, secret

    def __repr__(self) -> str:
        return "Keys(...)"

    __str__ = __repr__
