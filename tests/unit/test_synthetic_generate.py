"""What lands on the disk: Tardis's columns and units, the same bytes every time, whole files or none."""

import gzip
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

from data import synthetic
from data.synthetic import generate
from data.synthetic.settings import Settings
from data.synthetic.tardis import decimal_text
from engine.core.errors import DataError
from tests.support.synthetic import synthetic_tape

GOLDEN = ["09b0540451c5e4f1", "1a068e02921e18ff", "037034ae8460376d"]
COLUMNS = {
    "derivative_ticker": (
        "exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,predicted_funding_rate,"
        "open_interest,last_price,index_price,mark_price"
    ),
    "incremental_book_L2": "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount",
    "trades": "exchange,symbol,timestamp,local_timestamp,id,side,price,amount",
}


def test_files_are_tardis_files(tmp_path: Path) -> None:
    paths = generate(seed=3, out_dir=tmp_path / "deep" / "er", minutes=1)
    assert [path.name for path in paths] == [
        f"binance-futures_{kind}_2024-02-13_BTCUSDT.csv.gz" for kind in sorted(COLUMNS)
    ]
    for path, kind in zip(paths, sorted(COLUMNS), strict=True):
        header, *rows = gzip.decompress(path.read_bytes()).decode().splitlines()
        assert header == COLUMNS[kind]
        assert {row.count(",") for row in rows} == {header.count(",")}
        assert all(row.startswith("binance-futures,BTCUSDT,17078") for row in rows)
        assert all(len(time) == 16 for row in rows for time in row.split(",")[2:4])


def test_files_hold_the_tape(tmp_path: Path) -> None:
    ticker, book, trades = (pl.read_csv(path) for path in generate(seed=3, out_dir=tmp_path, minutes=1))
    tape = synthetic_tape(seed=3, minutes=1)
    assert book["local_timestamp"].equals(tape.book["ts_local_us"], check_names=False)
    assert (book["price"] * 10).round().cast(pl.Int64).to_list() == tape.book["price_ticks"].to_list()
    assert (book["amount"] * 1000).round().cast(pl.Int64).to_list() == tape.book["size_lots"].to_list()
    assert book.filter(pl.col("is_snapshot"))["local_timestamp"].n_unique() == 1
    assert set(trades["side"]) == {"buy", "sell"}
    assert trades["id"].is_unique().all()
    assert ticker["mark_price"].is_between(49_000, 51_000).all()
    assert ticker["funding_rate"].is_between(0.00009, 0.00011).all()


def test_a_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first, again, other = (
        [path.read_bytes() for path in generate(seed=seed, out_dir=tmp_path / name, minutes=0.5)]
        for seed, name in ((3, "first"), (3, "again"), (4, "other"))
    )
    assert first == again
    assert all(one != another for one, another in zip(first, other, strict=True))
    for content in first:  # a gzip header without time and name: no byte depends on when or where
        assert content[:8] == bytes.fromhex("1f8b080000000000")


def test_a_seed_gives_the_same_text_on_every_machine(tmp_path: Path) -> None:
    # Change these only together with the market itself.
    texts = [gzip.decompress(path.read_bytes()) for path in generate(seed=3, out_dir=tmp_path, minutes=0.5)]
    assert [sha256(text).hexdigest()[:16] for text in texts] == GOLDEN


def test_a_shorter_span_reaches_the_end_and_says_how_far_it_is(tmp_path: Path) -> None:
    shares: list[float] = []
    generate(seed=3, out_dir=tmp_path, minutes=2.5, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_midnight_starts_new_files(tmp_path: Path) -> None:
    midnight = Settings(funding_s=1_707_868_800)
    paths = generate(seed=3, out_dir=tmp_path, minutes=1, settings=midnight)
    assert len(paths) == 6
    for path in paths:
        day = path.name.split("_")[-2]
        dates = pl.from_epoch(pl.read_csv(path)["local_timestamp"], time_unit="us").dt.date().cast(pl.String)
        assert dates.unique().to_list() == [day]


def test_nothing_that_looks_whole_is_left_by_an_interruption(tmp_path: Path) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(seed=3, out_dir=tmp_path, minutes=2, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_wrong_input_is_refused_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(DataError) as refused:
        generate(seed=-1, out_dir=tmp_path, minutes=0)
    assert [problem.field for problem in refused.value.problems] == ["seed", "minutes"]
    with pytest.raises(DataError, match="minutes"):
        generate(out_dir=tmp_path, minutes=float("nan"))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file"):
        generate(out_dir=tmp_path / "file", minutes=1)


@pytest.mark.parametrize(
    ("count", "decimals", "text"),
    [
        (500_120, 1, "50012"),
        (500_123, 1, "50012.3"),
        (0, 3, "0"),
        (5, 3, "0.005"),
        (1_500, 3, "1.5"),
        (-5, 8, "-0.00000005"),
    ],
)
def test_decimals_are_exact_and_short(count: int, decimals: int, text: str) -> None:
    frame = pl.DataFrame({"count": [count]})
    assert frame.select(decimal_text(pl.col("count"), decimals)).item() == text


def test_default_seed_is_documented_default() -> None:
    assert synthetic.generate.__kwdefaults__ is not None
    assert synthetic.generate.__kwdefaults__["seed"] == synthetic.DEFAULT_SEED
