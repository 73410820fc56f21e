"""The pages that the code writes of itself are as the code is, and what is said beside them adds up."""

import re
from fractions import Fraction
from pathlib import Path

import pytest

from scripts.pages import BLOCK, DOCS, pages
from scripts.stories import STORIES
from strategies.perpetual_market_making.parameters import Parameters
from strategies.perpetual_market_making.switches import Switches

GUIDE = (DOCS / "strategy.md").read_text()
SECTIONS = [section for section in re.split(r"(?m)^## ", GUIDE) if "<!-- example" in section]
MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
SUM = re.compile(rf"`([\d.]+(?: [{MINUS}+{TIMES}/] |[()% ]|[\d.])+) = ([\d.]+)`")
GENERATED = pages()


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_a_generated_page_does_not_drift(path: Path) -> None:
    assert path.read_text() == GENERATED[path], "write it anew: make docs"


def test_every_story_is_told() -> None:
    assert {found[2] for found in BLOCK.finditer(GUIDE)} == {*STORIES, "behaviours"}


@pytest.mark.parametrize("section", SECTIONS[:-1], ids=lambda section: section.partition("\n")[0])
def test_what_is_worked_out_by_hand_is_what_the_code_did(section: str) -> None:
    """Each sum is right, to the digits that it shows; and one of each section's is a number of its table."""
    found = BLOCK.search(section)
    assert found is not None
    sums = SUM.findall(section)
    for text, result in sums:
        value, digits = worked_out(text), len(result.partition(".")[2])
        assert Fraction(result) <= value < Fraction(result) + Fraction(1, 10 ** max(2, digits)), (text, float(value))
    shown = set(re.findall(r"[\d.]+", found[0]))
    assert shown & {result for _, result in sums}, "none of these is in the table"


def worked_out(text: str) -> Fraction:
    python = text.replace(MINUS, "-").replace(TIMES, "*").replace("%", "/100")
    assert re.fullmatch(r"[\d. ()+*/-]+", python), text
    value: Fraction = eval(re.sub(r"[\d.]+", r"Fraction('\g<0>')", python), {"Fraction": Fraction})
    return value


def test_the_guide_and_the_reference_know_every_key() -> None:
    reference = GENERATED[DOCS / "parameters.md"]
    for key in [*Parameters.model_fields, *Switches.model_fields]:
        assert key == "switches" or f"| `{key}` |" in reference
