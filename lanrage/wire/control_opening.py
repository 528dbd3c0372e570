"""The control channel's messages until the login is done (``docs/protocol-control.rst``)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from lanrage.wire.control_codec import NAME_LIMIT
from lanrage.wire.control_types import Key, Message, Opening, Random, Text

Subprotocol = Annotated[str, Meta(max_length=NAME_LIMIT)]
Signature = Annotated[bytes, Meta(min_length=64, max_length=64)]
RETRY_LIMIT = 600_000
"""Milliseconds: a server that is away for longer is looked for by the usual redial."""


class Hello(Opening, frozen=True, tag="hello"):
    """Client's first message.

    :param offers: the subprotocols that it offered in the WebSocket handshake, which nothing else protects.
    :param ephemeral: X25519 public key of this connection alone.
    """

    offers: Annotated[tuple[Subprotocol, ...], Meta(min_length=1, max_length=16)]
    ephemeral: Key
    nonce: Random


class Welcome(Opening, frozen=True, tag="welcome"):
    """Server's answer: its key proves itself over both first messages.

    :param subprotocol: the one that is spoken from the first byte on.
    """

    subprotocol: Subprotocol
    ephemeral: Key
    nonce: Random
    server_key: Key
    signature: Signature


class Denied(Opening, frozen=True, tag="denied"):
    """The server ends the connection and says why; the only refusal that can come before the login.

    :param code: ``version_mismatch``, ``bad_input``, ``limit``, ``server_ban``, ``replaced`` or ``restarting``.
    :param versions: those that the server speaks.
    :param retry_ms: with ``restarting``: milliseconds after which this client may dial again.
    """

    code: Annotated[str, Meta(max_length=40)]
    message: Text
    versions: Annotated[tuple[int, ...], Meta(max_length=16)] = ()
    retry_ms: Annotated[int, Meta(ge=0, le=RETRY_LIMIT)] = 0


class Login(Message, frozen=True, tag="login"):
    """Client's first sealed record: who it is, proven by a signature over the transcript and by its WireGuard key."""

    identity: Key
    wireguard_key: Key
    signature: Signature


class Confirm(Message, frozen=True, tag="confirm"):
    """Client's first record under the second key: proves that it owns the WireGuard key of its :class:`Login`."""
