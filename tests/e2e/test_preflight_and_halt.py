"""What is looked at before the first order, and the kill switch, against a venue on loopback."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.cli import steer
from engine.config.tree import Venue as VenueSection
from engine.core.commands import Submit
from engine.core.errors import ConfigError, JournalError
from engine.core.events import Halted as RunHalted
from engine.core.events import OrderFilled
from engine.core.position import Position
from engine.core.state import State, Working, begun, evolve
from engine.core.types import Action, Leg, OrderType, PositionMode, Purpose, Side
from engine.journal.manifest import Status, new_manifest, read_run_file
from engine.journal.writer import create_run
from engine.nautilus.access import Access
from engine.run import halt as switch
from engine.run.control import heard
from engine.run.halt import Halted, swept
from engine.run.keys import keys_of
from engine.run.preflight import Preflight, Verdict, preflight
from engine.run.reconcile import reconcile
from engine.run.watch import Watch
from engine.venue_api.account import View
from engine.venue_api.asked import TRIES
from engine.venue_api.binance import Binance
from engine.venue_api.errors import VenueError
from engine.venue_api.keys import Keys
from engine.venue_sim.contract import MOST_AT_MARKET
from engine.venue_sim.faults import Fault
from engine.venue_sim.market_events import Depth
from tests.support.builders import a_start
from tests.support.venue import CONTRACT, START_NS, SYMBOL, WANTED, Client, client_of, venue_of

CANARY = "canary-secret-of-this-test"


def asked(client: Client, offset_ms: int = 0) -> Binance:
    keys = Keys(client.account.key, client.account.secret)
    return Binance(client.addresses.rest, keys, clock_ms=lambda: client.venue.exchange.now_ms + offset_ms)


async def looked(client: Client, offset_ms: int = 0, **changes: Any) -> Preflight:
    def look() -> Preflight:
        with asked(client, offset_ms) as venue:
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
            with asked(client) as venue:
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


@asynccontextmanager
async def run_at(client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Any]]:
    """A live run of which only the folder is left, and the switch that halts it."""
    monkeypatch.setattr(switch, "QUIET_S", 0.3)
    manifest = new_manifest("live", CONTRACT.id, {"venue": {"rest": client.addresses.rest}}, started_ns=1)
    writer = create_run(folder, manifest)
    writer.close()

    async def halted(**options: Any) -> Halted:
        def flip() -> Halted:
            with asked(client) as venue:
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
            with asked(client) as venue:
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


def test_a_paper_run_has_nothing_at_a_venue(tmp_path: Path) -> None:
    writer = create_run(tmp_path, new_manifest("paper", CONTRACT.id, {"venue": {}}, started_ns=1))
    writer.close()
    with pytest.raises(JournalError, match="nothing of it is at a venue"):
        switch.venue_of(writer.folder, read_run_file(writer.folder))


def a_quote(name: str) -> Submit:
    fields: dict[str, Any] = {"reduce_only": False, "post_only": False, "level": 0, "size": Decimal("0.3")}
    how = {"order_type": OrderType.LIMIT, "action": Action.OPEN, "purpose": Purpose.QUOTE, "leg": Leg.NET}
    return Submit(id=name, side=Side.BUY, price=Decimal(90), **fields, **how)


async def test_a_cancel_without_an_answer_is_asked_again_though_there_is_no_view_of_the_account() -> None:
    """Of what an account holds the venue says nothing; what rests it tells, and cancels: of ours what was asked for."""
    state: State[Any] = begun(None, a_start(instrument=CONTRACT))
    orders = tuple(Working(order=a_quote(name), created_ns=0) for name in ("0123456789ab-2-0", "0123456789ab-2-1"))
    asked_for = msgspec.structs.replace(orders[0], cancel_requested_ns=1)
    state = msgspec.structs.replace(state, orders=(asked_for, orders[1]))
    async with client_of(venue_of()) as client:
        for name in ("2-0", "2-1"):
            await client.place("BUY", "90", "0.3", newClientOrderId=f"x-aHRE4BCj-R0123456789ab-{name}")
        client.venue.faults.add(Fault(kind="refuse", on="positionRisk"), client.venue.age_s)

        def watch() -> None:
            with asked(client) as venue, Watch(venue, CONTRACT, lambda: state, START_NS, timed=False):
                end = time.monotonic() + 60
                while len(client.account.open) > 1 and time.monotonic() < end:
                    time.sleep(0.05)

        await asyncio.to_thread(watch)
        assert [order.request.client_id[-3:] for order in client.account.open.values()] == ["2-1"]


async def test_view_of_the_account_explains_itself() -> None:
    """Fills, foreign ones too, fees and balance, as REST tells them, bring a run to where the venue stands."""
    async with client_of(venue_of()) as client:
        name = "0123456789ab-2-0"
        await client.place("BUY", "90", "0.3", newClientOrderId=f"x-aHRE4BCj-R{name}")
        await client.place("BUY", None, "0.5", newClientOrderId="by-hand")
        client.advance(1)

        def read() -> View:
            with asked(client) as venue:
                return venue.view(CONTRACT, START_NS)

        view = await asyncio.to_thread(read)
        state: State[Any] = begun(None, a_start(instrument=CONTRACT))
        found = reconcile(state, view, START_NS)
        assert found.unexplained == ()
        assert [order.our_id for order in found.unknown] == [name]
        for event in found.events:
            state = evolve(state, event)
        assert [type(event) for event in found.events] == [OrderFilled]
        assert state.position(Leg.NET).size == Decimal("0.5")
        assert state.ledger.cash == view.balance < 10_000
