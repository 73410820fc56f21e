"""The texts of a Hummingbot config as values of our parameters: exact numbers, and its own words for true and false."""

from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic.fields import FieldInfo

from engine.config.faults import kinds
from engine.config.hummingbot_file import Text


def typed(field: FieldInfo, text: Text) -> Any:
    """A scalar's text as its parameter has it, as Hummingbot's own parser would. Raises ValueError."""
    if not isinstance(text, str):
        return _orders(text)
    wanted = kinds(field.annotation)
    if bool in wanted:
        return _bool(text)
    if Decimal in wanted:
        return _number(text)
    return _whole(text) if int in wanted else text


def _orders(text: Text) -> Any:
    """order_override: name -> [side, spread %, size]; what is no number is left for the parameters' own check."""
    if not isinstance(text, dict):
        raise ValueError(f"must be one value, not {shown(text)}")  # noqa: TRY004  wrong input, not a wrong call
    return {
        name: [_lenient(item) for item in order] if isinstance(order, list) else order for name, order in text.items()
    }


def _lenient(item: Text) -> Any:
    try:
        return _number(item) if isinstance(item, str) else item
    except ValueError:
        return item


def _bool(text: str) -> bool:
    words = {"true": True, "yes": True, "y": True, "false": False, "no": False, "n": False}
    if text.strip().lower() not in words:
        raise ValueError(f"must be true or false, not {text}")
    return words[text.strip().lower()]


def _whole(text: str) -> int:
    number = _number(text)
    if number != number.to_integral_value():
        raise ValueError(f"must be a whole number, not {text}")
    return int(number)


def _number(text: str) -> Decimal:
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(f"must be a number, not {text}") from None


def shown(text: Text) -> str:
    match text:
        case None:
            return "blank"
        case str():
            return text
        case list():
            return f"[{', '.join(map(shown, text))}]"
        case dict():
            return "{" + ", ".join(f"{key}: {shown(value)}" for key, value in text.items()) + "}"
