"""Keys of a wallet that cannot be one are named before a run begins, and shown nowhere."""

from pathlib import Path

import pytest

from engine.cli.main import main
from engine.config.tree import Venue
from engine.core.errors import ConfigError
from engine.run.keys import keys_of
from engine.run.wallets import check_environment
from engine.venue_api.wallet import address_of, is_key, signature
from engine.venue_sim.errors import ApiError
from engine.venue_sim.hyperliquid.signing import Signed, signers
from tests.support.cli import run_file

KEY, CANARY = f"0x{7:064x}", "c0ffee" * 9
HYPERLIQUID = Venue(name="HYPERLIQUID", rest="http://127.0.0.1:9")
HALF_ORDER = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"


@pytest.mark.parametrize(("key", "secret", "wrong"), [
    (CANARY, KEY, ["HYPERLIQUID_API_KEY"]),
    (address_of(KEY), CANARY, ["HYPERLIQUID_API_SECRET"]),
    (address_of(KEY), f"{KEY}\n ", ["HYPERLIQUID_API_SECRET"]),
    (CANARY, f"0x{0:064x}", ["HYPERLIQUID_API_KEY", "HYPERLIQUID_API_SECRET"]),
    (address_of(KEY), "f" * 64, ["HYPERLIQUID_API_SECRET"]),
])  # fmt: skip
def test_what_is_no_key_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, key: str, secret: str, wrong: list[str]
) -> None:
    monkeypatch.setenv("HYPERLIQUID_API_KEY", key)
    monkeypatch.setenv("HYPERLIQUID_API_SECRET", secret)
    with pytest.raises(ConfigError) as refused:
        keys_of(HYPERLIQUID)
    assert [problem.field for problem in refused.value.problems] == wrong
    assert not any(each in str(refused.value) for each in (CANARY, "0000", "ffff"))


@pytest.mark.parametrize(("command", "value"), [
    ("record", CANARY), ("record", ""), ("record", f"0x{0:064x}"), ("paper", f"{KEY}7"), ("live", CANARY),
])  # fmt: skip
def test_a_key_that_the_client_would_trip_over_is_named_before_anything_is_made_or_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, value: str
) -> None:
    monkeypatch.setenv("HYPERLIQUID_PK", value)
    monkeypatch.setenv("HYPERLIQUID_API_KEY", address_of(KEY))
    monkeypatch.setenv("HYPERLIQUID_API_SECRET", KEY)
    places = {"venue.name": "HYPERLIQUID", "venue.rest": "http://127.0.0.1:9", "strategy.market": "BTC-USD"}
    changes = [f"--set={key}={value}" for key, value in places.items()] + [
        "--set=instrument.id=BTC-USD-PERP.HYPERLIQUID"
    ]
    words = {
        "record": [
            "data",
            "record",
            "hyperliquid",
            "BTC",
            "--catalog",
            str(tmp_path / "c"),
            "--rest",
            "http://127.0.0.1:9",
        ],
        "paper": ["paper", str(run_file(tmp_path)), *changes, "--runs", str(tmp_path / "runs")],
        "live": ["live", str(run_file(tmp_path)), *changes, "--runs", str(tmp_path / "runs"), "--live"],
    }
    assert main(words[command]) == 2
    said = capsys.readouterr()
    assert "HYPERLIQUID_PK: is no key of a wallet" in said.err
    assert not value or value not in said.err + said.out
    assert not any((tmp_path / each).exists() for each in ("c", "runs"))


def test_a_vault_is_not_traded_for_behind_our_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERLIQUID_VAULT", address_of(KEY))
    with pytest.raises(ConfigError, match="HYPERLIQUID_VAULT: would have NautilusTrader trade for a vault"):
        check_environment(HYPERLIQUID, trading=True)
    check_environment(HYPERLIQUID, trading=False)
    check_environment(Venue(name="BINANCE"), trading=True)


def test_the_other_network_has_names_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERLIQUID_TESTNET_PK", CANARY)
    check_environment(HYPERLIQUID, trading=True)
    with pytest.raises(ConfigError, match="HYPERLIQUID_TESTNET_PK"):
        check_environment(HYPERLIQUID.model_copy(update={"testnet": True}), trading=True)


@pytest.mark.parametrize("key", [KEY, KEY[2:], HALF_ORDER, HALF_ORDER.upper()])
def test_what_a_wallet_can_have_is_a_key(key: str) -> None:
    assert is_key(key)


def test_a_signature_gives_back_who_made_it_and_of_what() -> None:
    """The venue on loopback hashes by itself; a foreign client and NautilusTrader's adapter agree with both."""
    action = {"type": "cancel", "cancels": [{"a": 0, "o": 1}]}
    made = signature(KEY, action, nonce=1_700_000_000_000, expires_ms=1_700_000_005_000, testnet=True)
    request = Signed(action=action, nonce=1_700_000_000_000, signature=made, expires_after=1_700_000_005_000)
    assert list(signers(request))[1] == address_of(KEY)
    other = Signed(action=action, nonce=1_700_000_000_001, signature=made, expires_after=1_700_000_005_000)
    assert address_of(KEY) not in set(signers(other))
    none = (
        {},
        {"r": "0x0", "s": "0x1", "v": 27},
        made | {"v": 7},
        made | {"v": 31},
        made | {"r": f"0x{'f' * 70}"},
        made | {"s": None},
    )
    for wrong in none:
        with pytest.raises(ApiError):
            list(signers(Signed(action=action, nonce=1, signature=wrong)))
    with pytest.raises(ApiError):
        list(signers(Signed(action=action, nonce=1, signature=made, vault_address="0xyz")))
