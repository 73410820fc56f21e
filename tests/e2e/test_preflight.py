"""What is looked at before the first order, against a venue on loopback."""

import asyncio
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from engine.config.tree import Venue as VenueSection
from engine.core.errors import ConfigError
from engine.core.types import PositionMode
from engine.nautilus.access import Access
from engine.run.keys import keys_of
from engine.run.preflight import Preflight, Verdict, preflight
from engine.venue_api.binance import Binance
from engine.venue_api.errors import VenueError
from engine.venue_api.keys import Keys
from tests.support.venue import CONTRACT, WANTED, Client, binance_at, client_of, venue_of

CANARY = "canary-secret-of-this-test"


async def looked(client: Client, offset_ms: int = 0, **changes: Any) -> Preflight:
    def look() -> Preflight:
        with binance_at(client, offset_ms) as venue:
            return preflight(venue, msgspec.structs.replace(WANTED, **changes))

    return await asyncio.to_thread(look)


def verdicts(found: Preflight) -> dict[str, Verdict]:
    return {each.what: each.verdict for each in found.findings}


async def test_what_may_be_set_is_set_and_read_back() -> None:
    async with client_of(venue_of()) as client:
        first = await looked(client, mode=PositionMode.HEDGE, margin_type="ISOLATED")
        assert not first.refused
        said = verdicts(first)
        assert [said[what] for what in ("position mode", "leverage", "margin type")] == [Verdict.FIXED] * 3
        assert (first.account.hedge, first.account.leverage, first.account.margin_type) == (True, 7, "ISOLATED")
        again = await looked(client, mode=PositionMode.HEDGE, margin_type="ISOLATED")
        assert {verdicts(again)[what] for what in ("position mode", "leverage", "margin type")} == {Verdict.OK}


async def test_mode_is_not_changed_under_open_orders() -> None:
    async with client_of(venue_of()) as client:
        await client.place("BUY", "90", "1", newClientOrderId="somebody-else")
        found = await looked(client, mode=PositionMode.HEDGE)
        assert [each.what for each in found.refused] == ["position mode", "position mode read back"]
        stranger = next(each for each in found.findings if each.what == "orders of others")
        assert "somebody-else" in stranger.why
        assert [order.client_id for order in found.account.orders] == ["somebody-else"]  # left alone


async def test_position_is_found_and_own_orders_are_told_from_others() -> None:
    async with client_of(venue_of()) as client:
        await client.place("SELL", None, "0.5")
        await client.place("BUY", "90", "1", newClientOrderId="x-aHRE4BCj-R0123456789ab-7-0")
        client.advance(1)
        found = await looked(client)
        said = {each.what: each.found for each in found.findings}
        assert said["position"].startswith("BOTH -0.5")
        assert said["our own orders"] == "1 rest"
        assert "orders of others" not in said


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"instrument": msgspec.structs.replace(CONTRACT, tick=Decimal("0.5"))}, "tick"),
        ({"instrument": msgspec.structs.replace(CONTRACT, step=Decimal("0.01"))}, "step"),
        ({"leverage": 1000}, "leverage"),
    ],
)
async def test_what_cannot_be_is_refused(changes: dict[str, Any], what: str) -> None:
    async with client_of(venue_of()) as client:
        assert what in [each.what for each in (await looked(client, **changes)).refused]


async def test_all_that_is_wrong_is_refused_at_once() -> None:
    """An empty account, a position larger than its leverage allows, another contract, a clock that is off."""
    async with client_of(venue_of()) as client:
        client.account.wallet = Decimal(0)
        other = msgspec.structs.replace(CONTRACT, tick=Decimal("0.5"), min_size=Decimal("0.005"))
        found = await looked(client, offset_ms=90_000, exposure=Decimal(10**12), instrument=other)
        wrong = ["tick", "smallest size", "balance", "largest position", "clock"]
        assert [each.what for each in found.refused] == wrong


@pytest.mark.parametrize(
    ("path", "field", "what"),
    [
        ("/fapi/v1/feeBurn", "feeBurn", "fees in BNB"),
        ("/fapi/v1/multiAssetsMargin", "multiAssetsMargin", "margin of several assets"),
    ],
)
async def test_money_that_the_books_could_not_hold_is_refused(path: str, field: str, what: str) -> None:
    async with client_of(venue_of()) as client:
        await client.ask("POST", path, **{field: "true"})
        assert [each.what for each in (await looked(client)).refused] == [what]


async def test_nothing_is_changed_before_consent() -> None:
    async with client_of(venue_of()) as client:

        def look() -> Preflight:
            with binance_at(client) as venue:
                return preflight(venue, msgspec.structs.replace(WANTED, mode=PositionMode.HEDGE), change=False)

        found = await asyncio.to_thread(look)
        assert [verdicts(found)[what] for what in ("position mode", "leverage")] == [Verdict.TO_SET] * 2
        assert (found.account.hedge, found.account.leverage) == (False, 20)
        assert not found.refused


async def test_clock_that_is_off_is_refused_and_survived() -> None:
    async with client_of(venue_of()) as client:
        found = await looked(client, offset_ms=90_000)
        assert [each.what for each in found.refused] == ["clock"]


async def test_wrong_keys_are_the_venue_s_word_without_them() -> None:
    async with client_of(venue_of()) as client:

        def look() -> None:
            keys = Keys(client.account.key, CANARY)
            with Binance(client.addresses.rest, keys, clock_ms=lambda: client.venue.exchange.now_ms) as venue:
                preflight(venue, WANTED)

        with pytest.raises(VenueError) as failure:
            await asyncio.to_thread(look)
        assert "-1022" in str(failure.value)
        assert CANARY not in repr(failure.getrepr(style="long"))
        assert client.account.key not in str(failure.value)


def test_missing_keys_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    section = VenueSection(key_env="NO_SUCH_KEY", secret_env="NO_SUCH_SECRET")
    with pytest.raises(ConfigError) as failure:
        keys_of(section)
    assert [problem.field for problem in failure.value.problems] == ["NO_SUCH_KEY", "NO_SUCH_SECRET"]


def test_no_venue_is_shown_the_keys_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    for name in ("BINANCE_API_KEY", "BINANCE_API_SECRET"):
        monkeypatch.setenv(name, CANARY)
    assert keys_of(VenueSection()).key == CANARY
    with pytest.raises(ConfigError) as failure:
        keys_of(VenueSection(name="BYBIT"))
    assert [problem.field for problem in failure.value.problems] == ["BYBIT_API_KEY", "BYBIT_API_SECRET"]


def test_where_a_key_has_a_passphrase_it_is_asked_for_and_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    names = ("OKX_API_KEY", "OKX_API_SECRET", "OKX_API_PASSPHRASE")
    for name in names[:2]:
        monkeypatch.setenv(name, CANARY)
    with pytest.raises(ConfigError) as failure:
        keys_of(VenueSection(name="OKX"))
    assert [problem.field for problem in failure.value.problems] == [names[2]]
    monkeypatch.setenv("WORD", CANARY)
    keys = keys_of(VenueSection(name="OKX", passphrase_env="WORD"))
    assert keys.passphrase == CANARY
    assert CANARY not in f"{keys!r} {keys} {Access(keys.key, keys.secret, keys.passphrase)!r}"
