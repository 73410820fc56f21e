"""The kill switch, against a venue on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.cli import steer
from engine.core.errors import ConfigError, JournalError
from engine.core.events import Halted as RunHalted
from engine.core.position import Position
from engine.journal.manifest import Status, new_manifest, read_run_file
from engine.journal.writer import create_run
from engine.run import halt as switch
from engine.run.control import heard
from engine.run.halt import Halted, swept
from engine.venue_api.asked import TRIES
from engine.venue_api.binance import Binance
from engine.venue_api.errors import VenueError
from engine.venue_api.keys import Keys
from engine.venue_sim.contract import MOST_AT_MARKET
from engine.venue_sim.faults import Fault
from engine.venue_sim.market_events import Depth
from tests.support.venue import CONTRACT, START_NS, SYMBOL, Client, binance_at, client_of, venue_of

CANARY = "canary-secret-of-this-test"


@asynccontextmanager
async def run_at(client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Any]]:
    """A live run of which only the folder is left, and the switch that halts it."""
    monkeypatch.setattr(switch, "QUIET_S", 0.3)
    manifest = new_manifest("live", CONTRACT.id, {"venue": {"rest": client.addresses.rest}}, started_ns=1)
    writer = create_run(folder, manifest)
    writer.close()

    async def halted(**options: Any) -> Halted:
        def flip() -> Halted:
            with binance_at(client) as venue:
                return swept(read_run_file(writer.folder), venue, **{"flatten": False} | options)

        return await asyncio.to_thread(flip)

    for price, name in (("90", f"x-aHRE4BCj-R{writer.run[:12]}-4-0"), ("91", "not-ours")):
        await client.place("BUY", price, "0.1", newClientOrderId=name)
    await client.place("BUY", None, "0.5")
    client.advance(1)
    yield halted


async def test_halt_cancels_what_is_the_run_s_and_can_be_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with client_of(venue_of()) as client, run_at(client, tmp_path, monkeypatch) as halted:
        first = await halted()
        assert first.done
        assert len(first.cancelled) == 1
        assert [order.client_id for order in first.strangers] == ["not-ours"]
        assert [held.size for held in first.holdings] == [Decimal("0.5")]
        again = await halted()
        assert again.done
        assert again.cancelled == ()
        everything = await halted(everyones=True)
        assert len(everything.cancelled) == 1
        assert everything.strangers == ()


async def test_a_venue_that_comes_back_is_swept_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with client_of(venue_of()) as client, run_at(client, tmp_path, monkeypatch) as halted:
        client.venue.faults.add(Fault(kind="refuse", on="openOrders", most=TRIES + 1), client.venue.age_s)
        done = await halted()
        assert (done.done, len(done.cancelled)) == (True, 1)


async def test_halt_flattens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with client_of(venue_of()) as client, run_at(client, tmp_path, monkeypatch) as halted:

        async def time_goes_on() -> None:
            while True:
                await asyncio.sleep(0.05)
                client.advance(0.1)

        clock = asyncio.create_task(time_goes_on())
        done = await halted(flatten=True)
        clock.cancel()
        assert done.done
        assert done.holdings == ()
        fills = [line for line in client.venue.log.lines if line["kind"] == "fill"]  # type: ignore[attr-defined]
        assert sum(Decimal(each["fill"]["qty"]) for each in fills) == 1  # 0.5 bought, 0.5 sold, nothing twice


async def test_more_than_a_market_order_may_be_is_closed_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = Depth(SYMBOL, START_NS, ((999, 400_000_000),), (), snapshot=False)
    async with client_of(venue_of([deep])) as client, run_at(client, tmp_path, monkeypatch) as halted:
        client.account.wallet = Decimal(10**9)
        client.account.legs[(SYMBOL, "BOTH")] = Position(size=2 * MOST_AT_MARKET + 1, entry=Decimal(100))
        done = await halted(flatten=True)
        assert done.done
        orders = [order.lots for order in client.account.orders.values() if order.request.price is None]
        assert [client.venue.exchange.contracts[SYMBOL].size_of(lots) for lots in orders[1:]] == [
            MOST_AT_MARKET,
            MOST_AT_MARKET,
            Decimal(1),
        ]


async def test_keys_of_another_account_than_the_run_s_are_refused(tmp_path: Path) -> None:
    """There it would find nothing, and say that all is done."""
    async with client_of(venue_of(accounts=2)) as client:

        def check() -> None:
            with binance_at(client) as venue:
                manifest = new_manifest("live", CONTRACT.id, {"venue": {}}, started_ns=1)
                create_run(tmp_path, manifest, places=switch.account_of(venue)).close()
            (folder,) = tmp_path.iterdir()
            for account in client.venue.exchange.accounts.values():
                with Binance(client.addresses.rest, Keys(account.key, account.secret), clock_ms=now_ms) as venue:
                    switch.check_account(read_run_file(folder), venue)

        def now_ms() -> int:
            return client.venue.exchange.now_ms

        with pytest.raises(ConfigError, match="they open another account") as refused:
            await asyncio.to_thread(check)
        assert all(key not in str(refused.value) for key in client.venue.exchange.accounts)


@pytest.mark.parametrize("keys", [("", ""), ("key", CANARY)])
def test_the_run_is_told_to_halt_though_keys_are_missing_or_the_venue_is_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, str]
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    for name, value in zip(("BINANCE_API_KEY", "BINANCE_API_SECRET"), keys, strict=True):
        monkeypatch.setenv(name, value)
    nobody = {"venue": {"rest": "http://127.0.0.1:9"}}
    with create_run(tmp_path, new_manifest("live", CONTRACT.id, nobody, started_ns=1), durable=True) as writer:
        with pytest.raises(ConfigError) as failure:
            steer.halt(writer.folder.name, tmp_path, flatten=True, everyones=False, as_json=False)
        assert CANARY not in str(failure.value)
        assert [word.flatten for word in heard(writer.folder, 1) if isinstance(word, RunHalted)] == [True]
        writer.seal(Status.ENDED)


async def test_what_cannot_be_cancelled_is_left_to_the_dead_man_s_timer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No request about orders is answered any more: the switch leaves the timer as the run has set it."""
    async with client_of(venue_of()) as client, run_at(client, tmp_path, monkeypatch) as halted:
        await client.ask("POST", "/fapi/v1/countdownCancelAll", symbol=SYMBOL, countdownTime=60_000)
        client.venue.faults.add(Fault(kind="refuse", on="rder"), client.venue.age_s)
        monkeypatch.setattr(switch, "WITHIN_S", 0)
        with pytest.raises(VenueError):
            await halted()
        client.advance(50)
        assert len(client.account.open) == 2
        client.advance(20)
        assert client.account.open == {}


@pytest.mark.parametrize("armed", [True, False])
async def test_a_timer_that_the_run_never_armed_is_left_to_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, armed: bool
) -> None:
    monkeypatch.setattr(switch, "QUIET_S", 0)
    said = {"venue": {} if armed else {"dead_mans_timer": False}}
    writer = create_run(tmp_path, new_manifest("live", CONTRACT.id, said, started_ns=1))
    writer.close()
    async with client_of(venue_of()) as client:
        await client.ask("POST", "/fapi/v1/countdownCancelAll", symbol=SYMBOL, countdownTime=60_000)

        def sweep() -> None:
            with binance_at(client) as venue:
                swept(read_run_file(writer.folder), venue, flatten=False)

        await asyncio.to_thread(sweep)
        assert (SYMBOL in client.account.countdowns) is not armed


def test_a_paper_run_has_nothing_at_a_venue(tmp_path: Path) -> None:
    writer = create_run(tmp_path, new_manifest("paper", CONTRACT.id, {"venue": {}}, started_ns=1))
    writer.close()
    with pytest.raises(JournalError, match="nothing of it is at a venue"):
        switch.venue_of(writer.folder, read_run_file(writer.folder))
