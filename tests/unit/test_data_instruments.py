"""Contracts: dated, from venues' answers, from a user's file; and their way through the catalog."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from data.exchange_info import from_exchange_info
from data.instruments import TABLE, Contract, ContractFile, bundled, from_file, instrument_from
from data.manifest import load
from engine.core.errors import InputError
from engine.nautilus.catalog import instrument_of, write_instrument
from engine.run.ingest import ingest
from tests.support.captures import START_MS, capture, write_gz
from tests.support.shared import TAPES, needs_tapes
from tests.support.tapes import BTCUSDT

NOW = START_MS * 1_000_000
TAPE_2023_NS, TAPE_2024_NS = 1_680_652_700_000_000_000, 1_723_161_256_000_000_000


def contracts() -> tuple[Contract, ...]:
    return msgspec.toml.decode(TABLE.read_bytes(), type=ContractFile).contract


@pytest.mark.parametrize("at_ns", [TAPE_2023_NS, TAPE_2024_NS])
def test_bitcoin_at_the_tapes_dates(at_ns: int) -> None:
    found = bundled(BTCUSDT, at_ns)
    assert (found.tick, found.step) == (Decimal("0.1"), Decimal("0.001"))
    assert (found.raw_symbol, found.venue, found.inverse) == ("BTCUSDT", "BINANCE", False)


def test_an_entry_holds_until_the_next() -> None:
    assert bundled(BTCUSDT, TAPE_2023_NS).min_notional == 10
    assert bundled(BTCUSDT, TAPE_2024_NS).min_notional == 100


@pytest.mark.parametrize("contract", contracts(), ids=lambda c: f"{c.id} {c.valid_from}")
def test_every_bundled_contract_survives_the_catalog(tmp_path: Path, contract: Contract) -> None:
    instrument = instrument_from(contract, "table")
    write_instrument(tmp_path, instrument)
    assert instrument_of(tmp_path, instrument.id) == instrument
    assert instrument.tick.as_tuple().exponent >= -9
    assert 0 < instrument.margin_maint < instrument.margin_init < 1


def test_an_unknown_contract_names_the_nearest_and_the_ways_out() -> None:
    with pytest.raises(InputError, match=r"Did you mean BTCUSDT-PERP.BINANCE.*--instrument-file"):
        bundled("BTCUSD-PERP.BINANCE", NOW)
    with pytest.raises(InputError, match="from 2019-09-08 only"):
        bundled(BTCUSDT, 1_500_000_000_000_000_000)


def test_the_catalog_says_what_it_has_instead(tmp_path: Path) -> None:
    write_instrument(tmp_path, bundled(BTCUSDT, NOW))
    with pytest.raises(InputError, match=r"BTCUSDT-PERP\.BINANCE"):
        instrument_of(tmp_path, "ETHUSDT-PERP.BINANCE")


FILE = """
[[contract]]
id = "BTCUSDT-PERP.BINANCE"
raw_symbol = "BTCUSDT"
base = "BTC"
quote = "USDT"
settlement = "USDT"
tick = "0.05"
step = "0.005"
min_size = "0.005"
maker_fee = "-0.0001"
taker_fee = "0.0003"
margin_init = "0.1"
margin_maint = "0.05"
"""


def test_a_users_file_is_obeyed(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(FILE)
    paths = [write_gz(tmp_path / "a", capture())]
    ingest(paths, instrument_id=BTCUSDT, catalog=tmp_path / "c", instrument_file=tmp_path / "mine.toml")
    found = load(tmp_path / "c").instruments[BTCUSDT]
    assert (found.tick, found.maker_fee, found.multiplier) == (Decimal("0.05"), Decimal("-0.0001"), 1)
    assert instrument_of(tmp_path / "c", BTCUSDT) == found


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('tick = "0.05"', 'tick = "0"', "tick: '0' is not a number above 0"),
        ('tick = "0.05"', "", "tick"),
        ('tick = "0.05"', 'tick = "0.05"\ntik = "1"', "tik"),
        ("[[contract]]", "[[contract", "no table of contracts"),
        ('"0.0003"', '"0.06"', "taker_fee: 0.06 is a fraction, at most 0.05"),
        ('margin_maint = "0.05"', 'margin_maint = "0.2"', "margin_maint: 0.2 is above margin_init, 0.1"),
    ],
)
def test_a_bad_users_file_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    (tmp_path / "mine.toml").write_text(FILE.replace(old, new))
    with pytest.raises(InputError, match=words):
        from_file(tmp_path / "mine.toml", BTCUSDT, NOW)


def test_all_faults_of_a_contract_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(FILE.replace('"0.05"', '"x"').replace('"0.1"', '"-1"'))
    with pytest.raises(InputError) as refused:
        from_file(tmp_path / "mine.toml", BTCUSDT, NOW)
    assert [p.field.rpartition(".")[2] for p in refused.value.problems] == ["tick", "margin_init", "margin_maint"]


BINANCE_INFO = {
    "symbols": [
        {
            "symbol": "BTCUSDT",
            "contractType": "PERPETUAL",
            "baseAsset": "BTC",
            "quoteAsset": "USDT",
            "marginAsset": "USDT",
            "requiredMarginPercent": "5.0000",
            "maintMarginPercent": "2.5000",
            "filters": [
                {"filterType": "PRICE_FILTER", "tickSize": "0.10"},
                {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001"},
                {"filterType": "MIN_NOTIONAL", "notional": "100"},
            ],
        }
    ]
}


def test_binances_exchange_info(tmp_path: Path) -> None:
    (tmp_path / "info.json").write_bytes(msgspec.json.encode(BINANCE_INFO))
    assert from_exchange_info(tmp_path / "info.json", BTCUSDT) == bundled(BTCUSDT, TAPE_2024_NS)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"symbols": [{}]}', b'{"symbols": []}', b"\xff"])
def test_what_is_no_exchange_info_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "info.json").write_bytes(content)
    with pytest.raises(InputError):
        from_exchange_info(tmp_path / "info.json", BTCUSDT)


@needs_tapes
@pytest.mark.parametrize(
    ("file", "instrument_id", "terms"),
    [
        ("bybit/http_get_instruments_linear.json", "ETHUSDT-LINEAR.BYBIT", ("0.05", "0.01", "1", False)),
        ("bybit/http_get_instruments_inverse.json", "BTCUSD-INVERSE.BYBIT", ("0.5", "1", "1", True)),
        ("okx/http_get_instruments_swap.json", "BTC-USD-SWAP.OKX", ("0.1", "1", "100", True)),
        ("okx/http_get_instruments_swap.json", "BTC-USDT-SWAP.OKX", ("0.1", "0.01", "0.01", False)),
        ("hyperliquid/http_meta_perp_sample.json", "BTC-USD-PERP.HYPERLIQUID", ("0.1", "0.00001", "1", False)),
        ("okx/ws_instruments.json", "BTC-USDT-SWAP.OKX", ("0.1", "1", "0.01", False)),
        ("bybit/http_get_instruments_spot.json", "ETHUSDT-SPOT.BYBIT", ("0.01", "0.00001", "1", False)),
        ("okx/http_get_instruments_spot.json", "BTC-USD.OKX", ("0.1", "0.00000001", "1", False)),
        (
            "hyperliquid/http_all_perp_metas_non_usdc_collateral.json",
            "km:US500-USD-PERP.HYPERLIQUID",
            ("0.001", "0.001", "1", False),
        ),
    ],
)
def test_other_venues_answers(file: str, instrument_id: str, terms: tuple) -> None:
    found = from_exchange_info(TAPES / "venue-messages" / file, instrument_id)
    assert (found.tick, found.step, found.multiplier, found.inverse) == (*map(Decimal, terms[:3]), terms[3])
    assert found.settlement == ("USDH" if "km:" in instrument_id else found.base if found.inverse else found.settlement)
