"""Our order ids as a venue takes them, and back. Ours have hyphens; some venues take letters and digits alone.

An id begins with the run's name in hexadecimal digits, in which an x never occurs: so it tells ours from any other.
"""

import re

from engine.core.types import OrderId

LETTERS_AND_DIGITS = frozenset({"OKX"})  # at most 32 of them
_OURS = re.compile(r"[0-9a-f]{12}-[0-9]+-[0-9]+")
_SENT = re.compile(r"[0-9a-f]{12}x[0-9]+x[0-9]+")


def sent_as(order_id: OrderId, venue: str) -> str:
    return order_id.replace("-", "x") if venue in LETTERS_AND_DIGITS and _OURS.fullmatch(order_id) else order_id


def known_as(client_id: str) -> OrderId:
    """The id as we gave it. What is not of this form is not ours, and stays."""
    return client_id.replace("x", "-") if "x" in client_id and _SENT.fullmatch(client_id) else client_id
