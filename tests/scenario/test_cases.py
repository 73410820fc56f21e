"""The recorded cases of Hummingbot's own strategy, and our examples, come out as they are written."""

import json
from pathlib import Path

import pytest

from engine.core.errors import InputError
from engine.run.scenario import check, run_case
from engine.run.scenario_diff import divergence
from engine.run.scenario_files import EXPECTED, encode_rows, read_rows
from tests.support.shared import ORACLE, needs_oracle

EXAMPLES = Path(__file__).parents[2] / "examples" / "scenarios"
RANDOM = Path(__file__).parent / "recorded"
RECORDED = sorted(path.name for path in ORACLE.iterdir()) if ORACLE.is_dir() else ["none"]


@needs_oracle
@pytest.mark.parametrize("name", RECORDED)
def test_hummingbots_commands_are_reproduced(name: str) -> None:
    assert not check(ORACLE / name).failures


@pytest.mark.parametrize("name", sorted(path.name for path in RANDOM.iterdir()))
def test_hummingbots_commands_on_random_configs_are_reproduced(name: str) -> None:
    """Recorded from Hummingbot's own strategy (head: release 20260922; classic: its repository at 833fea4728) on a
    venue of rules R1 to R9 that shares no code with ours."""
    assert not check(RANDOM / name).failures


def test_the_examples_come_out_as_written() -> None:
    report = check(EXAMPLES)
    assert (report.matched, report.failures) == (2, ())


@pytest.mark.parametrize("name", ["take_profit_then_stop", "trailing_stop"])
@pytest.mark.parametrize("behaviour", ["classic", "head", "safe"])
def test_an_example_runs_in_every_behaviour(name: str, behaviour: str) -> None:
    assert run_case(EXAMPLES / name, behaviour)  # type: ignore[arg-type]  # parametrised


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    rows = run_case(EXAMPLES / "trailing_stop")
    (tmp_path / EXPECTED).write_bytes(encode_rows(rows))
    assert [{key: row[key] for key in row if key != "seq"} for row in read_rows(tmp_path / EXPECTED)] == rows


def test_the_first_difference_is_told_with_its_context(tmp_path: Path) -> None:
    copied(tmp_path)
    wrong = (tmp_path / EXPECTED).read_text().replace('"price": "100.65"', '"price": "100.66"')
    (tmp_path / EXPECTED).write_text(wrong)
    (failure,) = check(tmp_path).failures
    assert failure.t == 1013
    for said in (
        "expected  1013 create #3 sell 100.66",
        "got       1013 create #3 sell 100.65",
        "book      1013 bids 100.65",
    ):
        assert said in failure.told


def test_cancels_of_one_second_compare_in_any_order() -> None:
    creates = [{"t": 1, "type": "create", "id": name, "side": "buy", "price": "9", "size": "1"} for name in ("a", "b")]
    cancels = [{"t": 2, "type": "cancel", "id": name, "side": "buy", "price": "9.0"} for name in ("a", "b")]
    later = [*cancels[:1], {**cancels[1], "t": 3}]
    assert divergence([*creates, *cancels], [*creates, *reversed(cancels)]) is None
    assert divergence([*creates, *cancels], [*creates, *later]) is not None


def test_a_broken_case_fails_and_the_others_go_on(tmp_path: Path) -> None:
    for name in ("good", "bad"):
        copied(tmp_path / name)
    (tmp_path / "bad" / "tape.jsonl").unlink()
    seen: list[str] = []
    report = check(tmp_path, progress=lambda _done, _total, name: seen.append(name))
    assert seen == ["bad", "good"]
    assert (report.total, report.matched, report.failures[0].case) == (2, 1, "bad")
    assert "tape.jsonl: no such file" in report.failures[0].told


CONFIG_FAULTS = {
    "sim.cancel_latency: must not be negative": ("sim", "cancel_latency", -1),
    "sim.price_tick: must be above 0": ("sim", "price_tick", "0"),
    "sim.pair: 'BTC' is not of the form BASE-QUOTE": ("sim", "pair", "BTC"),
    "unknown field `latency`": ("sim", "latency", 1),
    "strategy.bid_spred: unknown key; did you mean bid_spread?": ("strategy", "bid_spred", 1),
    "strategy.bid_spread: must be greater than 0, not 0": ("strategy", "bid_spread", 0),
}


@pytest.mark.parametrize("said", CONFIG_FAULTS)
def test_faults_of_a_config_are_named(tmp_path: Path, said: str) -> None:
    section, key, value = CONFIG_FAULTS[said]
    copied(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config[section][key] = value
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=r"config\.json") as caught:
        run_case(tmp_path)
    assert said in str(caught.value)


def test_every_faulty_line_of_a_tape_is_named(tmp_path: Path) -> None:
    copied(tmp_path)
    good = '{"t": %d, "bids": [[99, 1], [98, 1]], "asks": []}'
    bad = ['{"t": 3, "bids": [[98, 1], [99, 1]], "asks": []}', '{"t": 4, "bids": [[0, 1]], "asks": []}', "{", good % 9]
    (tmp_path / "tape.jsonl").write_text("\n".join([good % 1, good % 2, *bad]))
    with pytest.raises(InputError) as caught:
        run_case(tmp_path)
    assert [(problem.line, problem.field) for problem in caught.value.problems] == [
        (3, "bids"),
        (4, "bids"),
        (5, None),
        (6, "t"),
    ]


@pytest.mark.parametrize(
    "text", ["", '{"t": 1, "bids": [], "asks": [], "mid": 1}', '{"t": 1.5, "bids": [], "asks": []}']
)
def test_a_tape_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    copied(tmp_path)
    (tmp_path / "tape.jsonl").write_text(text)
    with pytest.raises(InputError, match=r"tape\.jsonl"):
        run_case(tmp_path)


def test_a_folder_without_cases_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError):
            check(folder)


def copied(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for path in (EXAMPLES / "trailing_stop").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
