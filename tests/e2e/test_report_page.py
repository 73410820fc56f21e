"""The report page in a real browser: drawn, without a fault, showing the summary's numbers, from one file alone."""

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine.analysis.analyse import analyse
from engine.journal.manifest import Status
from tests.support.browser import dumped_dom, needs_browser, screenshot
from tests.support.journals import toy_journal, toy_run

pytestmark = needs_browser


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = toy_run(tmp_path_factory.mktemp("runs"), warnings=("a gap of <2.1 s> & more",))
    analyse(folder, rows=12_345, seconds=0.75, report=True)
    return folder


@pytest.fixture(scope="module")
def dom(run: Path) -> str:
    return dumped_dom(run / "report.html")


def test_charts_are_drawn_without_a_fault(dom: str) -> None:
    root = re.search(r"<html[^>]*>", dom)
    assert root is not None
    assert "data-error" not in root.group()
    drawn = re.search(r'data-charts="(\d+)"', root.group())
    assert drawn is not None
    assert int(drawn.group(1)) >= 10
    assert dom.count("js-line") >= 8
    for figure in ("waterfall", "markouts", "inventory", "refresh"):
        assert re.search(rf'id="{figure}" class="small js-plotly-plot', dom), figure


def test_numbers_are_the_summary_s(run: Path, dom: str) -> None:
    figures: dict[str, Any] = json.loads((run / "summary.json").read_text())
    cells = re.findall(r'data-key="(\w+)" data-value="([^"]*)">([^<]*)', dom)
    assert {key for key, _, _ in cells} >= {
        "realised_pnl", "unrealised_pnl", "fees", "funding", "volume", "fills", "orders", "maker_share",
        "max_position", "max_drawdown", "rows", "seconds", "net_pnl", "quoted_share",
    }  # fmt: skip
    for key, value, text in cells:
        assert json.loads(value) == figures[key]
        assert _read(html.unescape(text), key) == pytest.approx(figures[key], abs=6e-4, rel=1e-3)


def test_verdict_laws_and_data_come_first_and_every_number_says_what_it_is(run: Path, dom: str) -> None:
    page = (run / "report.html").read_text()
    boxes = [page.index(f"<h2>{title}") for title in ("Does the edge", "Can it be believed", "How good is the data")]
    assert boxes == sorted(boxes)
    assert boxes[-1] < page.index('class="cards"')
    assert "--band" in page
    rows = re.findall(r"<tr([^>]*)>(.*?)</tr>", dom, re.DOTALL)
    assert len(rows) > 40
    for attributes, cells in rows:
        bare = [cell for cell in re.findall(r"<td([^>]*)>[^<]*\d", cells) if "title=" not in cell]
        assert "title=" in attributes or not bare, cells


def test_without_its_script_the_page_still_shows_the_lines(run: Path) -> None:
    page = (run / "report.html").read_text()
    assert page.count("<polyline") == 2
    assert "Drawing" not in page


def test_page_says_what_it_shows(run: Path, dom: str) -> None:
    assert run.name in dom
    assert "BTCUSDT-PERP.BINANCE" in dom
    assert "a gap of &lt;2.1 s&gt; &amp; more" in dom
    assert "bid_spread" in dom


def test_page_needs_nothing_else(run: Path) -> None:
    page = (run / "report.html").read_text()
    assert len(page) < 5_000_000
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"'](?!data:)", page)


def test_light_and_dark_are_two_pictures(run: Path, tmp_path: Path) -> None:
    light = screenshot(run / "report.html", tmp_path / "light.png")
    dark = screenshot(run / "report.html", tmp_path / "dark.png", "--blink-settings=preferredColorScheme=0")
    assert light.stat().st_size > 20_000
    assert dark.stat().st_size > 20_000
    assert light.read_bytes() != dark.read_bytes()


def test_interrupted_run_says_so_first(tmp_path: Path) -> None:
    with toy_journal(tmp_path, seconds=90) as writer:
        writer.seal(Status.INTERRUPTED, "Ctrl-C")
    analyse(writer.folder, rows=None, seconds=None, report=True)
    assert "Interrupted: Ctrl-C" in dumped_dom(writer.folder / "report.html")


def test_run_without_a_fill_is_drawn_too(tmp_path: Path) -> None:
    folder = toy_run(tmp_path, seconds=3)
    analyse(folder, rows=3, seconds=0.1, report=True)
    dom = dumped_dom(folder / "report.html")
    assert "data-charts" in dom
    assert "data-error" not in dom.split("<head>")[0]


def _read(text: str, key: str) -> float:
    """The number that a reader sees."""
    plain = text.replace(",", "").replace("\N{MINUS SIGN}", "-")
    if "min" in plain or " h " in plain:
        parts = {unit: float(amount) for amount, unit in re.findall(r"([\d.]+) (h|min|s)", plain)}
        return parts.get("h", 0) * 3600 + parts.get("min", 0) * 60 + parts.get("s", 0)
    number = re.match(r"[+-]?[\d.]+(?:e-\d+)?", plain)
    assert number is not None, f"{key}: {text}"
    return float(number.group()) / (100 if "%" in plain else 1)
