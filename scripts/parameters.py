"""docs/parameters.md, from the typed parameters alone."""

from collections.abc import Iterator
from enum import Enum
from typing import Any, get_args

from pydantic.fields import FieldInfo

from engine.config.faults import table_model
from engine.config.template import example, toml
from strategies.perpetual_market_making.parameters import HOT, HUMMINGBOT_DEFAULTS, OPTIONS, Parameters
from strategies.perpetual_market_making.switches import Switches

GENERATIONS = {"ab": "both", "a": "classic", "b": "head", "ours": "ours"}
HEAD = """\
# Parameters of perpetual_market_making

Every key of a run file's `[strategy]`, in the units of its users. What they do together, with numbers:
[the strategy](strategy.md).

This page is generated from the typed parameters (`make docs`), and a test holds it to them.

- **Unit**: `%` is percent (0.5 is half a percent), `base` the amount in the base currency (of a venue that counts in
  contracts: contracts, and the run says at its start what one is worth), `s` seconds, `price` an absolute price.
- **Of**: whose key it is: `classic` (Hummingbot of 2021, template 5), `head` (2026, template 6), `both`, or `ours`.
  Behaviour `safe` knows all of them; where a behaviour does not know a key, the run says so at its start.
- **Required** keys have no default: the user has to choose. The example stands beside.
- **While running** these can be changed: {hot}. The change acts at the next proposal; what rests stays
  until its refresh.
"""
SWITCHES = """\
## Switches of safe

All are on. Supported are the three behaviours as they are, and `safe` with any one of these off or one option on.

```toml
[strategy.switches]
exits_unthrottled = false
```
"""

OPTIONS_HEAD = """\
## Options of safe

Off in every behaviour.
"""


def parameters_page() -> str:
    fields = {key: field for key, field in Parameters.model_fields.items() if table_model(field) is None}
    keys = {key: field for key, field in fields.items() if key not in OPTIONS}
    options = {key: fields[key] for key in OPTIONS}
    blocks = (
        HEAD.format(hot=", ".join(f"`{key}`" for key in HOT)),
        *_table(keys),
        SWITCHES,
        *_switches(),
        OPTIONS_HEAD,
        *_table(options),
    )
    return "\n".join(blocks).rstrip() + "\n"


def _table(fields: dict[str, FieldInfo]) -> Iterator[str]:
    yield "| key | unit | default | range | of | what it does |\n|---|---|---|---|---|---|"
    for key, field in fields.items():
        extra: Any = field.json_schema_extra
        cells = (f"`{key}`", extra["unit"], _default(key, field), _range(field), GENERATIONS[extra["versions"]])
        yield f"| {' | '.join(cells)} | {field.description} |"
    yield ""


def _switches() -> Iterator[str]:
    yield "| switch | what it changes |\n|---|---|"
    yield from (f"| `{key}` | {field.description} |" for key, field in Switches.model_fields.items())
    yield ""


def _default(key: str, field: FieldInfo) -> str:
    if field.is_required():
        theirs = f"; Hummingbot's is `{toml(HUMMINGBOT_DEFAULTS[key])}`" if key in HUMMINGBOT_DEFAULTS else ""
        return f"required, such as `{toml(example(field))}`{theirs}"
    return "none" if field.default is None else f"`{toml(field.default)}`"


def _range(field: FieldInfo) -> str:
    signs = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
    found = ((word, getattr(limit, name, None)) for limit in field.metadata for name, word in signs.items())
    limits = [f"{word} {value}" for word, value in found if value is not None]
    return ", ".join(limits or _choices(field.annotation))


def _choices(annotation: Any) -> Iterator[str]:
    """The values of an enum, a Literal or a bool; of anything else nothing, for it has no list."""
    if annotation is bool or bool in get_args(annotation):
        yield "`true`, `false`"
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield from (f"`{each.value}`" for each in annotation)
    else:
        yield from (f"`{each}`" for each in get_args(annotation) if isinstance(each, str))
