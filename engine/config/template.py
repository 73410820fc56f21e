"""The commented run file of `perpmm init`, and the tables of its reference page: written from the models alone."""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.config.faults import table_model
from engine.config.tree import DEFAULT_STRATEGY, VERSION, iso, sections

WIDTH = 100
HEAD = f"""\
# A run file of perpmm. Run it:  perpmm backtest THIS_FILE
# All keys are here, each with its default; those commented out are optional and shown with an example.
# To replace a value for one run:  --set strategy.bid_spread=0.05

version = {VERSION}  # the form of this file
"""


def run_file(given: Mapping[str, Any] | None = None, strategy: str = DEFAULT_STRATEGY) -> str:
    """A run file that says every default; `given` replaces some, by section.key."""
    tables = (_table(name, model, given or {}, strategy) for name, model in sections(strategy).items())
    return "\n".join((HEAD, *tables))


def reference(strategy: str = DEFAULT_STRATEGY) -> str:
    """The same as Markdown tables, for docs/run-file.md."""
    return "\n".join(_reference_table(name, model) for name, model in sections(strategy).items())


def _table(name: str, model: type[BaseModel], given: Mapping[str, Any], strategy: str) -> str:
    lines = [*_comment(purpose(model)), f"[{name}]"]
    if name == "strategy":
        lines.append(f"name = {toml(strategy)}")
    inner = _tables(model)
    for key, field in model.model_fields.items():
        if key not in inner:
            lines += [*_comment(meaning(field)), _line(f"{name}.{key}", field, given)]
    tables = (_table(f"{name}.{key}", table, given, strategy) for key, table in inner.items())
    return "\n".join((*lines, "", *tables))


def _tables(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """The keys that are tables themselves."""
    found = {key: table_model(field) for key, field in model.model_fields.items()}
    return {key: table for key, table in found.items() if table}


def _line(path: str, field: FieldInfo, given: Mapping[str, Any]) -> str:
    """What is off by default is shown, but commented out."""
    key = path.rpartition(".")[2]
    default = example(field) if field.is_required() else field.get_default(call_default_factory=True)
    value = given.get(path, default)
    return f"# {key} = {toml(example(field))}" if value is None else f"{key} = {toml(value)}"


def example(field: FieldInfo) -> Any:
    assert field.examples, f"a key without a default needs an example: {field.description}"
    return field.examples[0]


def purpose(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ").strip()


def meaning(field: FieldInfo) -> str:
    """The description as a sentence, its unit before it."""
    text = field.description or ""
    extra = field.json_schema_extra
    unit = extra.get("unit") if isinstance(extra, dict) else None
    return f"[{unit}] {text}" if unit else text


def _comment(text: str) -> Iterator[str]:
    yield from (f"# {line}" for line in textwrap.wrap(text, WIDTH))


def toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case Enum():
            return toml(value.value)
        case Decimal():
            return f"{value:f}"
        case int() | float():
            return str(value)
        case datetime():
            return iso(value)
        case list() | tuple():
            return f"[{', '.join(map(toml, value))}]"
        case dict():
            return "{ " + ", ".join(f"{_key(str(key))} = {toml(item)}" for key, item in value.items()) + " }"
        case _:  # JSON's escapes are TOML's, but for one character
            return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else toml(text)


def _reference_table(name: str, model: type[BaseModel]) -> str:
    inner = _tables(model)
    plain = {key: field for key, field in model.model_fields.items() if key not in inner}
    rows = [f"| `{key}` | {_default(field)} | {meaning(field)} |" for key, field in plain.items()]
    head = (f"## [{name}]", "", purpose(model), "", "| key | default | meaning |", "|---|---|---|")
    return "\n".join((*head, *rows, "", *(_reference_table(f"{name}.{key}", table) for key, table in inner.items())))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return f"required, such as `{toml(example(field))}`"
    value = field.get_default(call_default_factory=True)
    return f"off, such as `{toml(example(field))}`" if value is None else f"`{toml(value)}`"


if __name__ == "__main__":
    import sys

    sys.stdout.write(reference())
