"""Keys that no log, page or message can show by accident."""


class Keys:
    """An API key, its secret, and its passphrase at venues that have one; printing them shows none."""

    __slots__ = ("key", "passphrase", "secret")

    def __init__(self, key: str, secret: str, passphrase: str = "") -> None:
        self.key, self.secret, self.passphrase = key, secret, passphrase

    def __repr__(self) -> str:
        return "Keys(...)"

    __str__ = __repr__
