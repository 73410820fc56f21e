"""A run file is right as a whole, or every fault in it is named with its line, key and what was meant."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config.read import Override, found, override, parse_config, read_config
from engine.config.template import run_file
from engine.config.tree import identity, sections
from engine.core.errors import ConfigError, Problem

WORKING = run_file()


def changed(*changes: tuple[str, str]) -> str:
    text = WORKING
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def problems(text: str, overrides: Iterable[str] = ()) -> dict[str | None, Problem]:
    with pytest.raises(ConfigError) as raised:
        parse_config(text, "run.toml", [override(o) for o in overrides])
    return {problem.field: problem for problem in raised.value.problems}


def line_of(text: str, start: str) -> int:
    return next(n for n, line in enumerate(text.split("\n"), 1) if start in line and n > 4)


def test_working_file_is_read() -> None:
    config = parse_config(WORKING, "run.toml")
    assert config.strategy_name == "perpetual_market_making"
    assert config.simulation.order_latency_ms == 50


@pytest.mark.parametrize(
    ("old", "new", "field", "says"),
    [
        ("bid_spread =", "bid_sprad =", "strategy.bid_sprad", "did you mean bid_spread?"),
        ("order_levels = 1", 'order_levels = "1"', "strategy.order_levels", 'a whole number, not "1"'),
        ("order_levels = 1", "order_levels = 1.5", "strategy.order_levels", "a whole number, not 1.5"),
        ("order_levels = 1", "order_levels = 0", "strategy.order_levels", "greater than 0, not 0"),
        ("queue_position = true", "queue_position = 1", "simulation.queue_position", "true or false, not 1"),
        ("funding = true", 'funding = "yes"', "simulation.funding", 'true or false, not "yes"'),
        ("order_latency_ms = 50", "order_latency_ms = -1", "simulation.order_latency_ms", "at least 0, not -1"),
        ("minimum_spread = -100", "minimum_spread = nan", "strategy.minimum_spread", "finite"),
        ('market = "BTC-USDT"', "market = 5", "strategy.market", "text in quotes, not 5"),
        ('market = "BTC-USDT"', 'market = "ETH-USDT"', "strategy.market", "the instrument is BTCUSDT-PERP.BINANCE"),
        ('"BTCUSDT-PERP.BINANCE"', '"BTCUSDT"', "instrument.id", "must look like BTCUSDT-PERP.BINANCE"),
        ('name = "BINANCE"', 'name = "BYBIT"', "venue.name", "is of BINANCE"),
        ('position_mode = "One-way"', 'position_mode = "one-way"', "strategy.position_mode", "did you mean One-way?"),
        ('"perpetual_market_making"', '"perpetual_market_makin"', "strategy.name", "did you mean perpetual_market"),
        ("version = 1", "version = 99", "version", "another version, 99"),
        ("version = 1", "versoin = 1", "version", "is required"),
        ("version = 1", 'version = "1"', "version", 'another version, "1"'),
        ("price_floor = -1", "price_floor = -2", "strategy.price_floor", "must be -1 (off)"),
        ("[simulation]", "[simulaton]", "simulaton", "did you mean simulation?"),
        (
            "exits_unthrottled = true",
            "exit_unthrottled = true",
            "strategy.switches.exit_unthrottled",
            "exits_unthrottled?",
        ),
        ("exits_unthrottled = true", "exits_unthrottled = 1", "strategy.switches.exits_unthrottled", "true or false"),
        ("whole_units = true", "leverage = 11", "risk.leverage", "belongs in [strategy]"),
        ('# start = "2024-08-08T12:30:00Z"', 'start = "soon"', "data.start", "must be a date or time"),
        ('runs = "runs"', "runs = 2024-08-08", "output.runs", "text in quotes"),
    ],
)
def test_one_fault(old: str, new: str, field: str, says: str) -> None:
    text = changed((old, new))
    problem = problems(text)[field]
    assert says in problem.message
    assert problem.source == "run.toml"
    if "is required" not in says:
        assert problem.line == line_of(text, new)


def test_all_faults_at_once() -> None:
    text = changed(
        ("version = 1", "version = 2"),
        ("bid_spread =", "bid_spred ="),
        ("leverage = 10", 'leverage = "10"'),
        ("order_levels = 1", "order_levels = -1"),
        ("price_ceiling = -1", "price_ceiling = 100"),
        ("price_floor = -1", "price_floor = 200"),
        ('market = "BTC-USDT"', 'market = "ETH-USDT"'),
        ('name = "BINANCE"', 'name = "BYBIT"'),
        ("queue_position = true", "queue_position = 3"),
        ("[output]", "[outputs]"),
    )
    assert set(problems(text)) == {
        "version",
        "strategy.bid_spred",
        "strategy.bid_spread",
        "strategy.leverage",
        "strategy.order_levels",
        "strategy.price_ceiling",
        "venue.name",
        "simulation.queue_position",
        "outputs",
        "strategy.market",
    }


def test_override_has_the_same_checks_and_its_own_name() -> None:
    config = parse_config(
        WORKING, "run.toml", [override("strategy.bid_spread=0.07"), override("strategy.market=BTC-USDT")]
    )
    assert config.strategy.model_dump()["bid_spread"] == Decimal("0.07")
    wrong = problems(WORKING, ["strategy.bid_spread=wide", "strategi.x=1", "risk.max_positon=1", "version=7"])
    assert wrong["strategy.bid_spread"].source == "--set strategy.bid_spread=wide"
    assert wrong["strategy.bid_spread"].line is None
    assert "did you mean strategy?" in wrong["strategi"].message
    assert "did you mean max_position?" in wrong["risk.max_positon"].message
    assert wrong["version"].source == "--set version=7"


def test_override_mends_a_fault() -> None:
    text = changed(("order_levels = 1", "order_levels = 0"))
    assert (
        parse_config(text, "run.toml", [override("strategy.order_levels=2")]).strategy.model_dump()["order_levels"] == 2
    )


@pytest.mark.parametrize("value", ["1e400", "1e40", "1e-40", "1" + "0" * 30])
@pytest.mark.parametrize("key", ["strategy.order_amount", "simulation.balance"])
def test_a_number_that_no_market_has_is_refused(key: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(run_file({}), "run.toml", [override(f"{key}={value}")])
    assert [(p.field, "must be 0 or between" in p.message) for p in caught.value.problems] == [(key, True)]


def test_nested_override() -> None:
    config = parse_config(WORKING, "run.toml", [override("strategy.switches.stop_from_book=false")])
    assert config.strategy.model_dump()["switches"]["stop_from_book"] is False
    assert parse_config(WORKING, "run.toml").strategy.model_dump()["switches"]["stop_from_book"] is True
    assert "not a table" in problems(WORKING, ["strategy.market.x=1"])["strategy.market.x"].message


@pytest.mark.parametrize("text", ["strategy.bid_spread", "=3", ".x=3", "strategy.=3"])
def test_override_without_a_key_or_value(text: str) -> None:
    with pytest.raises(ConfigError, match=r"must be section\.key=value"):
        override(text)


@given(st.text(max_size=20))
def test_any_override_is_a_value_or_text(text: str) -> None:
    assert override(f"a.b={text}").path == ("a", "b")


def test_times_are_utc_and_in_order() -> None:
    text = changed(
        ('# start = "2024-08-08T12:30:00Z"', "start = 2024-08-08"),
        ('# end = "2024-08-09"', 'end = "2024-08-08T02:00+02:00"'),
    )
    assert "must be after start" in " ".join(p.message for p in problems(text).values())
    config = parse_config(text, "run.toml", [override("data.end=2024-08-08T00:00:01")])
    assert config.data.model_dump_json(include={"start", "end"}) == (
        '{"start":"2024-08-08T00:00:00Z","end":"2024-08-08T00:00:01Z"}'
    )


def test_files_that_are_none(tmp_path: Path) -> None:
    for name, content, says in [
        ("empty.toml", b"", "is empty"),
        ("blank.toml", b"# nothing\n\n", "is empty"),
        ("bad.toml", b"version = 1\n[data\n", "is not TOML"),
        ("latin.toml", b"# caf\xe9\n", "UTF-8"),
        ("binary.toml", bytes(range(256)), "UTF-8"),
    ]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ConfigError, match=says) as raised:
            read_config(tmp_path / name)
        assert name in raised.value.problems[0].source
    with pytest.raises(ConfigError, match="no such file"):
        read_config(tmp_path / "missing.toml")
    with pytest.raises(ConfigError, match="folder"):
        read_config(tmp_path)


def test_toml_fault_names_its_line() -> None:
    assert problems("version = 1\n[data]\ncatalog = \n")[None].line == 3


def test_catalog_is_found_from_here_then_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = tmp_path / "here", tmp_path / "there" / "examples"
    (tmp_path / "there" / "lake").mkdir(parents=True)
    here.mkdir()
    there.mkdir()
    monkeypatch.chdir(here)
    assert found(Path("lake"), beside=there / "run.toml") == tmp_path / "there" / "lake"
    (here / "lake").mkdir()
    assert found(Path("lake"), beside=there / "run.toml") == here / "lake"
    assert found(Path("none"), beside=there / "run.toml") == here / "none"


def read_identity(text: str) -> dict[str, object]:
    return identity(parse_config(text, "run.toml"))


def test_identity_has_no_paths_and_one_form_a_number() -> None:
    same = changed(
        ("order_latency_ms = 50", "order_latency_ms = 50 # ms"),
        ("minimum_spread = -100", "minimum_spread = -100.00"),
        ('catalog = "data/lake/sample"', 'catalog = "/elsewhere"'),
        ('runs = "runs"', 'runs = "/elsewhere"'),
    )
    assert read_identity(same) == read_identity(WORKING)
    assert read_identity(changed(("order_levels = 1", "order_levels = 2"))) != read_identity(WORKING)


every_key = [(name, key) for name, model in sections("perpetual_market_making").items() for key in model.model_fields]
junk = st.one_of(st.integers(), st.text(max_size=5), st.booleans(), st.decimals(), st.lists(st.integers(), max_size=2))


@given(st.sampled_from(every_key), junk)
def test_any_value_is_taken_or_refused_by_its_key(where: tuple[str, str], value: object) -> None:
    """Never a traceback, and no fault without a place."""
    try:
        identity(parse_config(WORKING, "run.toml", [Override("--set x", where, value)]))
    except ConfigError as error:
        fields = [problem.field or "" for problem in error.problems]
    else:
        return
    assert all(fields)
    assert any(field.startswith(f"{where[0]}.") for field in fields)
