"""A wallet's key, and what it signs: an action at Hyperliquid.

Source: https://hyperliquid.gitbook.io/hyperliquid-docs (signing, nonces) and EIP-712. What is signed is the hash of the
action as MessagePack with its nonce, as the `connectionId` of an Agent; its `source` is a on the main network, b on the
test network.
"""

import re
from typing import Any

import msgspec
from coincurve import PrivateKey
from Crypto.Hash import keccak

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_KEY = re.compile(r"(0x)?[0-9a-fA-F]{64}")


def keccak256(data: bytes) -> bytes:
    return bytes(keccak.new(digest_bits=256, data=data).digest())


_DOMAIN = keccak256(
    keccak256(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    + keccak256(b"Exchange")
    + keccak256(b"1")
    + (1337).to_bytes(32, "big")
    + bytes(32)
)
_AGENT = keccak256(b"Agent(string source,bytes32 connectionId)")


def is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None


def is_key(text: str) -> bool:
    """Whether a wallet can have it: 32 bytes in hexadecimal digits, on the curve."""
    if _KEY.fullmatch(text) is None:
        return False
    try:
        _private(text)
    except ValueError:
        return False
    return True


def address_of(key: str) -> str:
    return f"0x{keccak256(_private(key).public_key.format(compressed=False)[1:])[-20:].hex()}"


def signature(key: str, action: dict[str, Any], *, nonce: int, expires_ms: int, testnet: bool) -> dict[str, Any]:
    """The fields of `action` in the order in which the venue hashes them."""
    packed = msgspec.msgpack.encode(action) + nonce.to_bytes(8, "big") + b"\0"
    connection = keccak256(packed + b"\0" + expires_ms.to_bytes(8, "big"))
    agent = keccak256(_AGENT + keccak256(b"b" if testnet else b"a") + connection)
    signed = _private(key).sign_recoverable(keccak256(b"\x19\x01" + _DOMAIN + agent), hasher=None)
    return {"r": f"0x{signed[:32].hex()}", "s": f"0x{signed[32:64].hex()}", "v": signed[64] + 27}


def _private(key: str) -> PrivateKey:
    return PrivateKey(bytes.fromhex(key.removeprefix("0x")))
