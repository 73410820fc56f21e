"""A number polled from an HTTP server on loopback: the last good answer stands, whatever else comes back."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from engine.config.read import override, parse_config
from engine.config.tree import RunConfig
from engine.core.errors import ConfigError
from engine.run import polling
from engine.run.polling import BadAnswerError, Poller, fetched
from engine.run.reference import live_reference
from tests.support.cli import EXAMPLES

INTERVAL_S = 0.01
PATIENCE_S = 30.0


class Server(ThreadingHTTPServer):
    """Answers every GET with `said`, (body, status); status 0 says nothing until `released`."""

    def __init__(self) -> None:
        self.said, self.asked = (b"100.5", 200), 0
        self.released = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/price"

    def answer(self, body: bytes, status: int = 200) -> None:
        self.said = (body, status)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked += 1
        body, status = self.server.said
        if status == 0:
            self.server.released.wait(PATIENCE_S)
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        self.send_header("Location", self.server.url)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield made
        made.released.set()
        made.shutdown()
        thread.join()


@contextmanager
def polling_it(server: Server, *, forgets: bool = False) -> Iterator[Poller]:
    with Poller(server.url, INTERVAL_S, forgets=forgets) as poller:
        yield poller


def eventually(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(INTERVAL_S)


BAD = {
    "garbage": (b"soon", 200),
    "an empty body": (b"", 200),
    "not a number": (b"NaN", 200),
    "infinity": (b"Infinity", 200),
    "zero": (b"0", 200),
    "a negative price": (b"-1", 200),
    "JSON": (b'{"price": 1}', 200),
    "a page": (b"9" * 10_000, 200),
    "no text": (b"\xff\xfe", 200),
    "a fault of the server": (b"101", 500),
    "not found": (b"101", 404),
    "a redirect for ever": (b"101", 302),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_answer_leaves_the_last_number(server: Server, fault: str) -> None:
    with polling_it(server) as poller:
        eventually(lambda: poller.price(None, 0) is not None)
        assert (poller.price(None, 0), poller.failure) == (Decimal("100.5"), None)
        server.answer(*BAD[fault])
        eventually(lambda: poller.failure is not None)
        assert poller.price(None, 0) == Decimal("100.5")
        assert poller.failure is not None
        assert server.url in poller.failure
        server.answer(b" 1e2\n")
        eventually(lambda: poller.failure is None)
        assert poller.price(None, 0) == 100


@pytest.mark.parametrize("fault", BAD)
def test_before_the_first_number_there_is_none(server: Server, fault: str) -> None:
    server.answer(*BAD[fault])
    with polling_it(server) as poller:
        eventually(lambda: server.asked > 3)
        assert poller.price(None, 0) is None


def test_a_server_that_never_answers_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "TIMEOUT_S", 0.05)
    with polling_it(server) as poller:
        eventually(lambda: poller.price(None, 0) is not None)
        server.answer(b"", 0)
        eventually(lambda: poller.failure is not None)
        assert poller.price(None, 0) == Decimal("100.5")


def test_an_old_number_is_forgotten_where_it_is_asked_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "TIMEOUT_S", 0.2)
    with polling_it(server, forgets=True) as poller, polling_it(server) as keeper:
        eventually(lambda: keeper.price(None, 0) is not None and poller.price(None, 0) is not None)
        server.answer(b"", 500)
        eventually(lambda: poller.price(None, 0) is None)
        assert keeper.price(None, 0) == Decimal("100.5")
        server.answer(b"7")
        eventually(lambda: poller.price(None, 0) == keeper.price(None, 0) == 7)


def test_a_port_where_nobody_listens_fails_the_poll_only(server: Server) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        with Poller(url, INTERVAL_S, forgets=True) as poller:
            eventually(lambda: poller.failure is not None)
            assert poller.price(None, 0) is None


def test_one_poll_says_what_it_could_not_read(server: Server) -> None:
    server.answer(b"soon")
    with httpx.Client() as client, pytest.raises(BadAnswerError, match="b'soon' is not a number"):
        fetched(client, server.url)


def config_of(**strategy: str) -> RunConfig:
    text = (EXAMPLES / "take_profit.toml").read_text()
    return parse_config(text, "run.toml", [override(f"strategy.{key}={value}") for key, value in strategy.items()])


def test_a_run_file_says_what_is_polled(server: Server) -> None:
    custom = {"price_source": "custom_api", "price_source_custom_api": server.url, "custom_api_update_interval": "0.5"}
    with live_reference(config_of(**custom)) as live:
        assert live.price is not None
        assert live.watched is None
        eventually(lambda: live.price(None, 0) == Decimal("100.5"))


def test_a_run_file_says_which_contract_is_watched() -> None:
    external = {
        "price_source": "external_market",
        "price_source_derivative": "bybit_perpetual",
        "price_source_market": "ETH-USDT",
    }
    with live_reference(config_of(**external)) as live:
        assert live.price is not None
        assert live.watched == "ETHUSDT-LINEAR.BYBIT"
    with live_reference(config_of()) as live:
        assert (live.price, live.watched) == (None, None)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://localhost/price", "http://", "price", "http://[::1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    config = config_of(price_source="custom_api", price_source_custom_api=url)
    with pytest.raises(ConfigError, match=r"strategy\.price_source_custom_api"), live_reference(config):
        pass


def test_a_contract_that_nobody_names_is_asked_for() -> None:
    external = {"price_source": "external_market", "price_source_derivative": "binance", "price_source_market": "A-B"}
    with (
        pytest.raises(ConfigError, match=r"data\.reference_instrument"),
        live_reference(config_of(**external)),
    ):
        pass
