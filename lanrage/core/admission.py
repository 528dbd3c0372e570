"""Who may use a control server, and how much of it: bans, rates, who may found parties; `now` is an argument."""

from __future__ import annotations

import hmac
from collections.abc import Hashable
from typing import Generic, TypeVar

import attrs

from lanrage.core.bans import Bans
from lanrage.core.ledger import refuse
from lanrage.core.rate import TokenBucket
from lanrage.errors import BadInput

REQUEST_RATE = 50.0
REQUEST_BURST = 300.0
"""Requests a second and at once of one connection: joining a party of 64 takes a ticket and two signals a member."""
HOST_RATE = 500.0
HOST_BURST = 5000.0
"""The same of one host: a LAN party of 16 nodes behind one address that join a party of 64 together."""
HOUR = 3600.0
CREATIONS_PER_IDENTITY = 10
"""Parties that one identity may found in an hour: an evening takes one, somebody who tries things a few."""
CREATIONS_PER_HOST = 60
"""Parties that one host may have founded in an hour; a dormitory behind one address founds fewer."""
REMEMBERED = 10_000
"""Hosts, and founders, whose rates are remembered, about 3 MB: the one seen first is forgotten, and is fresh again."""
REGISTRATIONS = ("open", "token", "closed")
TOKEN_MINIMUM = 16
"""Characters: who may guess 50 times a second must not find it."""

K = TypeVar("K", bound=Hashable)


@attrs.define
class Buckets(Generic[K]):
    """A token bucket for each of many, within a bound."""

    rate: float
    burst: float
    _buckets: dict[K, TokenBucket] = attrs.field(init=False, factory=dict)

    def of(self, key: K) -> TokenBucket:
        """The bucket of `key`."""
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= REMEMBERED:
                del self._buckets[next(iter(self._buckets))]
            bucket = self._buckets[key] = TokenBucket(self.rate, self.burst)
        return bucket

    def __len__(self) -> int:
        return len(self._buckets)


@attrs.frozen
class Meter:
    """What one connection may ask: its own rate, and that of its host over all its connections.

    :param host: ``None`` for this machine, where a proxy may speak for many.
    """

    host: TokenBucket | None
    own: TokenBucket = attrs.field(factory=lambda: TokenBucket(REQUEST_RATE, REQUEST_BURST))

    def take(self, now: float) -> str:
        """Count one request; empty when it may be served, else the sentence that refuses it."""
        if not self.own.take(now):
            return f"too many requests of this connection: at most {REQUEST_RATE:g} a second; wait a second"
        if self.host is not None and not self.host.take(now):
            return f"too many requests from this address: at most {HOST_RATE:g} a second; wait a second"
        return ""


@attrs.frozen
class Registration:
    """Who may found parties.

    :param rule: one of :data:`REGISTRATIONS`.
    :param token: what the founder must show where the rule is ``token``.
    """

    rule: str = "open"
    token: str = attrs.field(default="", repr=False)

    def __attrs_post_init__(self) -> None:
        if self.rule not in REGISTRATIONS:
            raise BadInput("registration", f"{self.rule!r} is none of {', '.join(REGISTRATIONS)}")
        if (self.rule == "token") != bool(self.token):
            raise BadInput("registration-token-file", "it is needed with registration token, and only there")
        if self.token and len(self.token) < TOKEN_MINIMUM:
            raise BadInput("registration-token-file", f"a token has at least {TOKEN_MINIMUM} characters")

    def check(self, token: str) -> None:
        """:raises Refused: ``registration_closed``, ``bad_token``."""
        if self.rule == "closed":
            raise refuse("registration_closed")
        if self.rule == "token" and not hmac.compare_digest(self.token.encode(), token.encode("utf-8", "replace")):
            raise refuse("bad_token")


@attrs.define
class Admission:
    """A control server's policy.

    :ivar bans: replaced when the list changes.
    """

    registration: Registration = Registration()
    bans: Bans = Bans()
    _hosts: Buckets[str] = attrs.field(init=False, factory=lambda: Buckets(HOST_RATE, HOST_BURST))
    _founders: Buckets[bytes] = attrs.field(
        init=False, factory=lambda: Buckets(CREATIONS_PER_IDENTITY / HOUR, CREATIONS_PER_IDENTITY)
    )
    _sites: Buckets[str] = attrs.field(
        init=False, factory=lambda: Buckets(CREATIONS_PER_HOST / HOUR, CREATIONS_PER_HOST)
    )

    def meter(self, origin: str) -> Meter:
        """The rates of a new connection.

        :param origin: the host it comes from; empty = not counted.
        """
        return Meter(self._hosts.of(origin) if origin else None)

    def is_banned(self, origin: str, identity: bytes = b"") -> bool:
        """Whether a host or an identity is not served."""
        return identity in self.bans.identities or self.bans.holds_origin(origin)

    def check(self, identity: bytes, origin: str) -> None:
        """:raises Refused: ``banned``."""
        if self.is_banned(origin, identity):
            raise refuse("server_ban")

    def check_creation(self, identity: bytes, origin: str, token: str, now: float) -> None:
        """May this identity found one more party?

        :raises Refused: ``registration_closed``, ``bad_token``, ``limit``.
        """
        self.registration.check(token)
        if not self._founders.of(identity).ready(now):
            raise refuse("limit", f"a node may found {CREATIONS_PER_IDENTITY} parties an hour, and no more")
        if origin and not self._sites.of(origin).ready(now):
            raise refuse("limit", f"{CREATIONS_PER_HOST} parties an hour may be founded from one address, and no more")

    def created(self, identity: bytes, origin: str, now: float) -> None:
        """A party was founded: it counts."""
        self._founders.of(identity).take(now)
        if origin:
            self._sites.of(origin).take(now)
