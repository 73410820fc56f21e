"""Two values held against each other: where they differ, field by field."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

import msgspec


class Difference(NamedTuple):
    """`where` is a path such as `orders[1].order.price`; a side that has nothing there is None."""

    where: str
    expected: Any
    got: Any

    def __str__(self) -> str:
        return f"{self.where}: {_shown(self.expected)} -> {_shown(self.got)}"


def differences(expected: Any, got: Any) -> tuple[Difference, ...]:
    """Every leaf in which two values differ, as plain JSON values; empty where they are equal."""
    return tuple(_compared("", msgspec.to_builtins(expected, str_keys=True), msgspec.to_builtins(got, str_keys=True)))


def _compared(where: str, expected: Any, got: Any) -> Iterator[Difference]:
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in dict.fromkeys((*expected, *got)):
            yield from _compared(f"{where}.{key}" if where else key, expected.get(key), got.get(key))
    elif isinstance(expected, list | tuple) and isinstance(got, list | tuple):
        for n, pair in enumerate(zip_longest(expected, got)):
            yield from _compared(f"{where}[{n}]", *pair)
    elif expected != got:
        yield Difference(where, expected, got)


def _shown(value: Any) -> str:
    return "nothing" if value is None else msgspec.json.encode(value).decode()
