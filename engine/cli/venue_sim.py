"""`perpmm venue-sim`: one JSON line when it is ready, then it serves."""

import asyncio
from pathlib import Path

from engine.cli import speak
from engine.nautilus.interrupts import SIGNALS, Stopped
from engine.run.venue_sim import Settings, market_of, venue_of
from engine.venue_sim.account import Account
from engine.venue_sim.faults import Fault, faults_from, mixture
from engine.venue_sim.server import Addresses, run
from engine.venue_sim.venue import Venue


def serve(
    paths: list[Path],
    instrument: str | None,
    synthetic: tuple[int, float] | None,
    settings: Settings,
    *,
    port: int,
    until_end: bool,
) -> None:
    with market_of(paths, instrument, synthetic) as catalog:
        venue = venue_of(catalog, instrument, settings)
        asyncio.run(_until_told(venue, port, until_end=until_end))


def schedule(file: Path | None, span_s: float | None, seed: int) -> tuple[Fault, ...]:
    """Of a file, of the seed for a span, or nothing goes wrong."""
    written = () if file is None else faults_from(file)
    return written if span_s is None else (*written, *mixture(seed, span_s))


def _keys_of(account: Account) -> dict[str, str]:
    word = {"passphrase": account.passphrase} if account.passphrase else {}
    return {"key": account.key, "secret": account.secret} | word


async def _until_told(venue: Venue, port: int, *, until_end: bool) -> None:
    def ready(addresses: Addresses) -> None:
        first, *others = venue.exchange.accounts.values()
        more = {"accounts": [_keys_of(each) for each in others]} if others else {}
        speak.json_object(addresses._asdict() | _keys_of(first) | more)

    serving = asyncio.ensure_future(run(venue, ready, port=port, until_end=until_end))
    told: list[int] = []

    def stop(number: int) -> None:
        told.append(number)
        serving.cancel()

    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    try:
        await serving
    except asyncio.CancelledError:
        if told:
            raise Stopped(told[0]) from None
        raise
