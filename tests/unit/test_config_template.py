"""What `perpmm init` writes is the models' own word, and reads back as their defaults."""

import tomllib
from decimal import Decimal
from enum import Enum
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from engine.config.faults import table_model
from engine.config.read import parse_config
from engine.config.template import reference, run_file, toml
from engine.config.tree import identity, sections

DOCS = Path(__file__).parents[2] / "docs" / "run-file.md"


def test_init_output_reads_back_as_the_defaults() -> None:
    config = parse_config(run_file(), "run.toml")
    for name, model in sections("perpetual_market_making").items():
        section = getattr(config, name)
        for key, field in model.model_fields.items():
            expected = field.examples[0] if field.is_required() and field.examples else field.get_default()
            assert getattr(section, key) == expected, (name, key)


def test_every_key_and_description_is_written() -> None:
    text = " ".join(run_file().replace("# ", "").split())
    for model in sections("perpetual_market_making").values():
        for key, field in model.model_fields.items():
            assert key in text
            if table_model(field):
                continue
            assert field.description
            assert " ".join(field.description.split()) in text, key


def test_optional_keys_work_as_they_are_shown() -> None:
    """Taking the # away from any one of them gives a file that works, or says what else it needs."""
    text = run_file()
    for line in text.split("\n"):
        key = line.removeprefix("# ").partition(" = ")[0]
        if line.startswith("# ") and " = " in line and key.isidentifier():
            parse_config(text.replace(line, line.removeprefix("# ")), "run.toml")


def test_given_values_stand_in() -> None:
    text = run_file({"data.catalog": '/a "b"\\c'})
    assert str(parse_config(text, "run.toml").data.catalog) == '/a "b"\\c'


def test_reference_page_does_not_drift() -> None:
    assert reference() in DOCS.read_text(), "write it anew: python -m engine.config.template"


plain = st.recursive(
    st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(st.characters(codec="utf-8"))),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(plain)
def test_a_value_is_written_as_it_is_read(value: object) -> None:
    assert tomllib.loads(f"x = {toml(value)}")["x"] == value


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-1000, max_value=1000))
def test_a_decimal_is_written_exactly(value: Decimal) -> None:
    assert Decimal(str(tomllib.loads(f"x = {toml(value)}", parse_float=Decimal)["x"])) == value


def test_enums_are_their_values() -> None:
    class Colour(Enum):
        RED = "red"

    assert toml(Colour.RED) == '"red"'
    assert identity(parse_config(run_file(), "run.toml"))["strategy"]["position_mode"] == "One-way"
