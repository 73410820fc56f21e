"""Who asks, and whether they may: API key, signature over the very bytes that were sent, and the time window."""

import hashlib
import hmac
import re
from base64 import b64decode
from collections.abc import Mapping
from functools import cache
from urllib.parse import unquote, urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from engine.venue_sim.account import Account
from engine.venue_sim.errors import ApiError, missing
from engine.venue_sim.parameters import whole

KEY = re.compile(r"^[A-Za-z0-9]{64}$")
HEX = re.compile(r"^[0-9A-Fa-f]{64}$")  # what HMAC-SHA256 writes; Ed25519 writes base64, and more of it
RECV_WINDOW_MS = 5000
LONGEST_WINDOW_MS = 60_000
AHEAD_MS = 1000


def account_of(accounts: Mapping[str, Account], key: str | None) -> Account:
    """The account that a key opens. Raises ApiError: -2014 for what is no key at all, -2015 for an unknown one."""
    if (account := accounts.get(key or "")) is not None:
        return account
    if KEY.match(key or ""):
        raise ApiError(-2015, "Invalid API-key, IP, or permissions for action.", 401)
    raise ApiError(-2014, "API-key format invalid.", 401)


def check_signature(account: Account, query: str, body: str, given: Mapping[str, str]) -> None:
    """Over the query and the body as sent, each without its signature."""
    if not given.get("signature"):
        raise missing("signature")
    signed = without_signature(query) + without_signature(body)
    if not same_signature(account.secret, signed, given["signature"]):
        raise ApiError(-1022, "Signature for this request is not valid.")


def check_named(account: Account, given: Mapping[str, str]) -> None:
    """Over the parameters of a WebSocket request, sorted by name."""
    if not given.get("signature"):
        raise missing("signature")
    pairs = [(name, value) for name, value in sorted(given.items()) if name != "signature"]
    forms = ("&".join(f"{name}={value}" for name, value in pairs), urlencode(pairs))  # clients do either
    if not any(same_signature(account.secret, form, given["signature"]) for form in forms):
        raise ApiError(-1022, "Signature for this request is not valid.")


def same_signature(secret: str, signed: str, signature: str) -> bool:
    """HMAC-SHA256 in hex, or Ed25519 in base64 by the account's private key."""
    written = unquote(signature)
    if HEX.match(written):
        expected = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, written.lower())
    try:
        raw = b64decode(written.replace(" ", "+"), validate=True)  # a form's reader makes a space of a plus
        _private_key(secret).public_key().verify(raw, signed.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


@cache
def _private_key(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"ed25519 of {secret}".encode()).digest())


def private_pem(secret: str) -> bytes:
    """The Ed25519 key that signs for the same account as its secret does: PKCS#8, as clients read it."""
    return _private_key(secret).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def without_signature(raw: str) -> str:
    return "&".join(part for part in raw.split("&") if not part.startswith("signature="))


def check_time(given: Mapping[str, str], now_ms: int) -> None:
    """-1021 for a timestamp out of the window: older than recvWindow, or a second ahead."""
    stamp = given.get("timestamp")
    if not stamp:
        raise missing("timestamp")
    window = whole(given, "recvWindow", RECV_WINDOW_MS)
    if window > LONGEST_WINDOW_MS:
        raise ApiError(-1131, "Invalid recvWindow")
    at = int(stamp) if stamp.isdigit() else 0
    if at > now_ms + AHEAD_MS:
        raise ApiError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now_ms - at > window:
        raise ApiError(-1021, "Timestamp for this request is outside of the recvWindow.")
