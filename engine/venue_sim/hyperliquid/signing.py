"""Who signed an action: the address that the signature gives back.

Source: Hyperliquid's API documentation and EIP-712. An action is hashed as MessagePack with its nonce; a wallet signs
that hash as the `connectionId` of an Agent, whose `source` is a on the main network and b on the test network.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from coincurve import PrivateKey, PublicKey
from Crypto.Hash import keccak

from engine.venue_sim.errors import ApiError

SOURCES = ("a", "b")
_ORDER = (  # of the fields as the venue itself hashes them, whatever their order on the wire
    *("type", "orders", "modifies", "cancels", "oid", "order", "asset", "cloid", "isCross", "isBuy", "leverage"),
    *("ntli", "time", "grouping", "builder", "a", "b", "p", "s", "r", "t", "c", "o", "f", "limit", "trigger"),
    *("isMarket", "triggerPx", "tif", "tpsl"),
)
_RANKS = {name: rank for rank, name in enumerate(_ORDER)}


class Signed(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What is posted to be done."""

    action: dict[str, Any]
    nonce: int
    signature: dict[str, Any]
    vault_address: str | None = None
    expires_after: int | None = None


def keccak256(data: bytes) -> bytes:
    return bytes(keccak.new(digest_bits=256, data=data).digest())


def address_of(secret: str) -> str:
    """Raises ValueError for what is no key of a wallet."""
    return _address(PrivateKey(bytes.fromhex(secret.removeprefix("0x"))).public_key)


def signers(request: Signed) -> Iterator[str]:
    """The address that signed it for either network. Raises ApiError for a signature that is none."""
    try:
        hashed = _action_hash(request)
        parts = (int(str(request.signature[name]), 16).to_bytes(32, "big") for name in ("r", "s"))
        signature = b"".join(parts) + bytes([int(request.signature["v"]) - 27])
        for source in SOURCES:
            yield _address(PublicKey.from_signature_and_message(signature, _digest(source, hashed), hasher=None))
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise ApiError(-1022, "L1 error: unable to recover signer") from error


def _address(key: PublicKey) -> str:
    return f"0x{keccak256(key.format(compressed=False)[1:])[-20:].hex()}"


def _action_hash(request: Signed) -> bytes:
    vault = b"\0" if request.vault_address is None else b"\1" + bytes.fromhex(request.vault_address[2:])
    expires = b"" if request.expires_after is None else b"\0" + request.expires_after.to_bytes(8, "big")
    packed = msgspec.msgpack.encode(_ordered(request.action))
    return keccak256(packed + request.nonce.to_bytes(8, "big") + vault + expires)


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: _RANKS.get(name, len(_RANKS)))
        return {name: _ordered(value[name]) for name in names}
    return [_ordered(each) for each in value] if isinstance(value, list) else value


def _digest(source: str, connection: bytes) -> bytes:
    domain = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    exchange = (1337).to_bytes(32, "big") + bytes(32)
    separator = keccak256(keccak256(domain) + keccak256(b"Exchange") + keccak256(b"1") + exchange)
    agent = keccak256(b"Agent(string source,bytes32 connectionId)") + keccak256(source.encode()) + connection
    return keccak256(b"\x19\x01" + separator + keccak256(agent))
