"""The control channel's messages in clear, before the login (``docs/protocol-control.rst``)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from lanrage.wire.control_types import Key, Opening, Random, Text


class Hello(Opening, frozen=True, tag="hello"):
    """Client's first message.

    :param versions: protocol versions that it speaks.
    :param ephemeral: X25519 public key of this connection alone.
    """

    versions: Annotated[tuple[Annotated[int, Meta(ge=0, le=65535)], ...], Meta(min_length=1, max_length=16)]
    ephemeral: Key
    nonce: Random


class Welcome(Opening, frozen=True, tag="welcome"):
    """Server's answer: its key proves itself over both first messages."""

    version: int
    ephemeral: Key
    nonce: Random
    server_key: Key
    signature: Annotated[bytes, Meta(min_length=64, max_length=64)]


class Denied(Opening, frozen=True, tag="denied"):
    """The server ends the connection and says why; the only refusal that can come before the login.

    :param code: ``version_mismatch``, ``bad_input``, ``limit``, ``replaced``, ``slow`` or ``stopping``.
    :param versions: those that the server speaks.
    """

    code: Annotated[str, Meta(max_length=40)]
    message: Text
    versions: Annotated[tuple[int, ...], Meta(max_length=16)] = ()
