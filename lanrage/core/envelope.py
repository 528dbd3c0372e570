"""How every signed statement of a party travels: its bytes once, behind them the signatures (``docs/identity.rst``).

A statement is encoded once, by its signer, as MessagePack; what is verified are those very bytes. The label that is
signed with them keeps a statement of one kind from passing as another.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from lanrage.core.identity import SigningKey
from lanrage.errors import DecodeError

STATEMENT_LIMIT = 4096
"""Bytes of one encoded statement; the largest that we make is under 1,100."""

Key = Annotated[bytes, Meta(min_length=32, max_length=32)]
Id16 = Annotated[bytes, Meta(min_length=16, max_length=16)]
Signature = Annotated[bytes, Meta(min_length=64, max_length=64)]
Instant = Annotated[int, Meta(ge=0, le=2**53)]

S = TypeVar("S")


class _Envelope(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    body: Annotated[bytes, Meta(max_length=STATEMENT_LIMIT)]
    signatures: Annotated[tuple[Signature, ...], Meta(min_length=1, max_length=2)]


def seal_statement(statement: msgspec.Struct, label: bytes, *keys: SigningKey) -> bytes:
    """Encode a statement with the signature of each key, in that order."""
    body = msgspec.msgpack.encode(statement)
    return msgspec.msgpack.encode(_Envelope(body, tuple(key.sign(label + body) for key in keys)))


def open_statement(blob: bytes, kind: type[S], label: bytes, word: str) -> tuple[S, bytes, tuple[bytes, ...]]:
    """Read a statement; nothing is verified yet.

    :param word: what error messages call it.
    :returns: the statement, the bytes that its signatures are over, the signatures.
    :raises DecodeError: for bytes that are no such statement.
    """
    if len(blob) > STATEMENT_LIMIT:
        raise DecodeError("a signed statement is too large")
    try:
        envelope = msgspec.msgpack.decode(blob, type=_Envelope)
        statement = msgspec.msgpack.decode(envelope.body, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise DecodeError(f"no valid {word}: {error}") from error
    return statement, label + envelope.body, envelope.signatures
