"""What is wrong with one table of a run file, in a user's words: every fault, by key."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeAliasType, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from engine.config.lines import KeyPath


class Fault(NamedTuple):
    path: KeyPath  # within the table; empty: the table as a whole
    message: str


def validated[M: BaseModel](model: type[M], table: Mapping[str, Any]) -> tuple[M | None, list[Fault]]:
    """The table as a model, or None and all that is wrong with it."""
    faults = list(_wrong_types(model, table))
    mistyped = {fault.path for fault in faults}
    try:
        made = model.model_validate(table)
    except ValidationError as error:
        faults += [fault for fault in faults_of(model, error) if fault.path not in mistyped]
        return None, [*faults, *_of_the_whole(model, table, faults)]
    return (None if faults else made), faults


def nearest(word: Any, words: Iterable[str]) -> str:
    """A hint at what may have been meant, empty where nothing is near."""
    by_lower = {known.lower(): known for known in words}
    close = difflib.get_close_matches(str(word).lower(), list(by_lower), n=1, cutoff=0.6)
    return f"; did you mean {by_lower[close[0]]}?" if close else ""


def _of_the_whole(model: type[BaseModel], table: Mapping[str, Any], faults: list[Fault]) -> list[Fault]:
    """Checks of several keys together wait until each key is right in itself: look at them without the faulty ones."""
    faulty = {str(fault.path[0]) for fault in faults if fault.path}
    right = {key: value for key, value in table.items() if key not in faulty}
    fields = model.model_fields
    stand_ins = {key: _stand_in(fields[key]) for key in faulty if key in fields and fields[key].is_required()}
    try:
        model.model_validate(right | stand_ins)
    except ValidationError as error:
        return [fault for fault in faults_of(model, error) if fault not in faults and not _names(faulty, fault)]
    return []


def _stand_in(field: FieldInfo) -> Any:
    """A value of a required key that no check of it alone refuses; pydantic takes 1 for text only as text."""
    return "1" if kinds(field.annotation) == {str} else 1


def _names(faulty: set[str], fault: Fault) -> bool:
    return not faulty.isdisjoint((str(fault.path[0]) if fault.path else "", *re.findall(r"\w+", fault.message)))


def faults_of(model: type[BaseModel], error: ValidationError) -> Iterator[Fault]:
    """What pydantic found wrong with a table."""
    for each in error.errors(include_url=False):
        if each["loc"] or each["type"] != "value_error":
            yield Fault(each["loc"], _message(_at(model, each["loc"]), each))
            continue
        for sentence in str(each["ctx"]["error"]).split("; "):
            words = re.findall(r"\w+", sentence)
            key = next((word for word in words if word in model.model_fields), None)
            yield Fault((key,) if key else (), sentence.removeprefix(f"{key} "))


def _at(model: type[BaseModel], path: tuple[str | int, ...]) -> type[BaseModel]:
    """The model of the table in which the last key of a path stands."""
    for key in path[:-1]:
        inner = table_model(model.model_fields.get(str(key)))
        model = inner or model
    return model


def table_model(field: FieldInfo | None) -> type[BaseModel] | None:
    """The model of a key that is a table itself."""
    inner = field.annotation if field else None
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def _message(model: type[BaseModel], error: ErrorDetails) -> str:  # noqa: C901  one arm a kind of fault
    context, given = error.get("ctx", {}), shown(error["input"])
    match error["type"]:
        case "missing":
            return f"is required{_purpose(model, error)}"
        case "extra_forbidden":
            return f"unknown key{nearest(error['loc'][-1], model.model_fields)}"
        case "greater_than":
            return f"must be greater than {context['gt']}, not {given}"
        case "greater_than_equal":
            return f"must be at least {context['ge']}, not {given}"
        case "less_than":
            return f"must be less than {context['lt']}, not {given}"
        case "less_than_equal":
            return f"must be at most {context['le']}, not {given}"
        case "literal_error" | "enum":
            return f"must be {context['expected']}, not {given}{nearest(error['input'], _choices(context['expected']))}"
        case "int_from_float" | "int_type" | "int_parsing":
            return f"must be a whole number, not {given}"
        case "finite_number":
            return f"must be a finite number, not {given}"
        case "value_error":
            return str(context["error"])
        case "string_pattern_mismatch":
            return f"must look like {_example(model, error)}, not {given}"
        case _:
            return f"{error['msg'][:1].lower()}{error['msg'][1:]}, not {given}"


def _choices(expected: str) -> list[str]:
    """pydantic says: 'A', 'B' or 'C'."""
    return [choice.strip("'") for choice in expected.replace(" or ", ", ").split(", ")]


def _field(model: type[BaseModel], error: ErrorDetails) -> FieldInfo | None:
    return model.model_fields.get(str(error["loc"][-1])) if error["loc"] else None


def _purpose(model: type[BaseModel], error: ErrorDetails) -> str:
    field = _field(model, error)
    return f": {field.description}" if field and field.description else ""


def _example(model: type[BaseModel], error: ErrorDetails) -> str:
    field = _field(model, error)
    return str((field.examples or [field.default])[0]) if field else "the others"


NAMES = {bool: "true or false", str: "text in quotes", int: "a whole number", Decimal: "a number"}


def _wrong_types(model: type[BaseModel], table: Mapping[str, Any], path: KeyPath = ()) -> Iterator[Fault]:
    """TOML knows its types and pydantic would be kind: "0.1" is no number and 1 is not true."""
    for key, value in table.items():
        field = model.model_fields.get(key)
        inner = table_model(field)
        if inner and isinstance(value, dict):
            yield from _wrong_types(inner, value, (*path, key))
        elif field and (wanted := kinds(field.annotation)) and not _is_one_of(value, wanted):
            yield Fault((*path, key), f"must be {_names_of(wanted)}, not {shown(value)}")


def _is_one_of(value: Any, wanted: set[type]) -> bool:
    return type(value) in wanted or (isinstance(value, int) and not isinstance(value, bool) and Decimal in wanted)


def _names_of(wanted: set[type]) -> str:
    return " or ".join(name for kind, name in NAMES.items() if kind in wanted)


def kinds(annotation: Any) -> set[type]:
    """Which of TOML's kinds a field takes; empty where its own validator decides."""
    if isinstance(annotation, TypeAliasType):
        return kinds(annotation.__value__)
    origin = get_origin(annotation)
    if origin is Annotated:
        return kinds(get_args(annotation)[0])
    if origin in (Union, UnionType):
        parts = [kinds(part) for part in get_args(annotation) if part is not type(None)]
        return set[type]().union(*parts) if all(parts) else set()
    if origin is Literal:
        return {type(choice) for choice in get_args(annotation)}
    if not isinstance(annotation, type):
        return set()
    if issubclass(annotation, str | PurePath | Enum):
        return {str}
    if issubclass(annotation, bool):
        return {bool}
    if issubclass(annotation, int):
        return {int}
    return {Decimal} if issubclass(annotation, Decimal | float) else set()


def shown(value: Any) -> str:
    """A value as a run file writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    return f"a {type(value).__name__.replace('dict', 'table')}" if isinstance(value, dict | list) else str(value)
