"""The venue that speaks Hyperliquid's words."""

from typing import Any

from engine.venue_sim.account import Account, Leg
from engine.venue_sim.contract import Contract
from engine.venue_sim.exchange import Said
from engine.venue_sim.hyperliquid import info, words
from engine.venue_sim.hyperliquid.actions import ACTIONS
from engine.venue_sim.hyperliquid.errors import refused
from engine.venue_sim.hyperliquid.signing import Signed, address_of, signers
from engine.venue_sim.hyperliquid.topics import Topics, channel
from engine.venue_sim.margin import Margins
from engine.venue_sim.market import Market
from engine.venue_sim.orders import Fill, Order
from engine.venue_sim.venue import Venue

DAY_MS = 86_400_000
NONCES = 100  # that are kept of a signer


class HyperliquidVenue(Venue):
    """Mutable; one thread. `agents`: whose account a wallet may sign for; at first each its own."""

    protocol = "HYPERLIQUID"
    streams: Topics

    def _subscriptions(self) -> Topics:
        self.exchange.said = Said(self._order_said, self._fill_said, self._account_said)
        self.agents = {address: address for address in self.exchange.accounts}
        self._nonces: dict[str, set[int]] = {}
        return Topics(self.exchange.markets)

    @staticmethod
    def named(_key: str, secret: str) -> tuple[str, str]:
        """A wallet's address, and its own key."""
        return address_of(secret), f"0x{secret}"

    def told(self, asked: dict[str, Any]) -> Any:
        """The answer to a question. Raises ApiError."""
        self.beat()
        return info.answer(self.exchange, self.agents, asked)

    def done(self, request: Signed) -> Any:
        """What was signed is done. Raises ApiError."""
        self.beat()
        account = self._signed(request)
        act = ACTIONS.get(str(request.action.get("type")))
        if act is None:
            raise refused("Failed to deserialize the JSON body into the target type")
        try:
            return act(self.exchange, account, request.action)
        except (KeyError, TypeError) as error:
            raise refused("Failed to deserialize the JSON body into the target type") from error

    def owner(self, request: Signed) -> Account | None:
        signer = next((each for each in signers(request) if each in self.agents), None)
        return None if signer is None else self.exchange.accounts[self.agents[signer]]

    def _signed(self, request: Signed) -> Account:
        found = list(signers(request))
        signer = next((each for each in found if each in self.agents), None)
        if signer is None:
            raise refused(f"User or API Wallet {found[0]} does not exist.")
        if request.vault_address is not None:
            raise refused(f"Vault not registered: {request.vault_address}")
        now = self.exchange.now_ms
        if request.expires_after is not None and request.expires_after < now:
            raise refused(f"Action expired: {request.expires_after}")
        seen = self._nonces.setdefault(signer, set())
        if request.nonce in seen or not now - 2 * DAY_MS < request.nonce < now + DAY_MS:
            raise refused(f"Invalid nonce: {request.nonce}")
        if len(seen) >= NONCES and request.nonce < min(seen):
            raise refused(f"Invalid nonce: {request.nonce}")
        seen.add(request.nonce)
        if len(seen) > NONCES:
            seen.remove(min(seen))
        return self.exchange.accounts[self.agents[signer]]

    def user(self, account: Account, event: dict[str, Any]) -> None:
        """What only Binance would say has no channels."""
        for kind, data in event.get("channels", ()):
            name = "user" if kind == "userEvents" else kind
            self.streams.say(f"{kind}:{account.key}", lambda name=name, data=data: channel(name, data))  # type: ignore[misc]

    def forced(self, market: Market, order: Order, fill: Fill) -> None:
        """Hyperliquid has no public stream of liquidations."""

    def _order_said(self, order: Order, contract: Contract, _execution: str, _fill: Fill | None, **_: Any) -> Any:
        return {"channels": [("orderUpdates", [words.update(order, contract)])]}

    def _fill_said(self, order: Order, contract: Contract, fill: Fill) -> Any:
        account = self.exchange.accounts[order.owner]
        after = account.position(fill.symbol, fill.position_side).size
        row = words.fill(fill, contract, order, int(after / contract.instrument.step) - fill.side * fill.lots)
        return {"channels": [("userEvents", {"fills": [row]}), ("userFills", {"user": account.key, "fills": [row]})]}

    def _account_said(self, _account: Account, _margins: Margins, _reason: str, _legs: list[Leg], **_: Any) -> Any:
        """Of what is held and of the balance nothing is said unasked."""
        return {}
