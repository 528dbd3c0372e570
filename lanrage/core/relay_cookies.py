"""Stateless cookies: a relay keeps nothing for an address that has not shown that it receives there."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import NamedTuple

import attrs

from lanrage.core.relay import COOKIE_BYTES

SECRET_BYTES = 32
ROTATION = 120.0
"""Seconds of one secret; a cookie of the one before still counts, so it lives for 2 to 4 minutes."""


class Line(NamedTuple):
    """One end's way to the relay: its address as the relay sees it, and the relay's port that it uses."""

    host: str
    port: int
    local: int

    @property
    def key(self) -> bytes:
        """Port and IPv4 address as they stand in a packet, 6 bytes; empty for another family."""
        if ":" in self.host:
            return b""
        return self.port.to_bytes(2, "big") + IPv4Address(self.host).packed


@attrs.define
class CookieJar:
    """Makes cookies and knows its own.

    :param random: `n` random bytes.
    """

    random: Callable[[int], bytes]
    _secrets: dict[int, bytes] = attrs.field(init=False, factory=dict, repr=False)

    def __len__(self) -> int:
        """Secrets kept."""
        return len(self._secrets)

    def bake(self, line: Line, transaction: bytes, now: float) -> bytes:
        """The cookie of this address and transaction, 16 bytes; the same until the secret changes.

        :param now: seconds of a clock that only moves forward.
        """
        slot = int(now // ROTATION)
        if slot not in self._secrets:
            self._secrets = {s: secret for s, secret in self._secrets.items() if s == slot - 1}
            self._secrets[slot] = self.random(SECRET_BYTES)
        return self._mac(slot, line, transaction)

    def knows(self, cookie: bytes, line: Line, transaction: bytes, now: float) -> bool:
        """Whether this is the cookie of this address and transaction, of now or of the time before."""
        slot = int(now // ROTATION)
        good = [self._mac(s, line, transaction) for s in (slot, slot - 1) if s in self._secrets]
        return any(hmac.compare_digest(cookie, each) for each in good)

    def _mac(self, slot: int, line: Line, transaction: bytes) -> bytes:
        text = f"{slot} {line.host} {line.port} {line.local} ".encode()
        key = self._secrets[slot]
        return hashlib.blake2s(text + transaction, key=key, digest_size=COOKIE_BYTES, person=b"lrcookie").digest()
