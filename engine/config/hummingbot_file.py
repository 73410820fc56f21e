"""Hummingbot's YAML as it is written: a flat mapping, with every scalar's own text, so that 0.1 is 0.1."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from engine.core.errors import ConfigError, Problem

type Text = str | list[Text] | dict[str, Text] | None  # None: blank

NULL = "tag:yaml.org,2002:null"


class Written(NamedTuple):
    """A key of the file and what stands behind it."""

    key: str
    value: Text
    line: int


def written(path: Path) -> list[Written]:
    """Every key in its order, twice if it stands there twice. Raises ConfigError."""
    try:
        root = yaml.compose(path.read_bytes().decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise ConfigError(Problem(str(path), (error.strerror or str(error)).lower())) from error
    except UnicodeDecodeError as error:
        raise ConfigError(Problem(str(path), "is not UTF-8 text")) from error
    except yaml.YAMLError as error:
        raise ConfigError(_broken(path, error)) from error
    if not isinstance(root, MappingNode):
        raise ConfigError(Problem(str(path), "is not a Hummingbot config: no `key: value` lines"))
    return [Written(str(key.value), _text(value), key.start_mark.line + 1) for key, value in root.value]


def _text(node: Node) -> Text:
    match node:
        case ScalarNode(tag=tag, value=value):
            return None if tag == NULL or value.strip() == "" else str(value)
        case SequenceNode(value=items):
            return [_text(item) for item in items]
        case _:
            return {str(key.value): _text(value) for key, value in node.value}


def _broken(path: Path, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    said = " ".join(_parts(error)) or str(error)
    return Problem(str(path), f"is not YAML: {said}", None if mark is None else mark.line + 1)


def _parts(error: yaml.YAMLError) -> Iterator[str]:
    for name in ("context", "problem"):
        if part := getattr(error, name, None):
            yield str(part)
