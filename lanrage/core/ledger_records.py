"""Records of a party's ledger: what they say, how they are signed and chained (``docs/identity.rst``).

Each record names its epoch (1, 2, ...) and the hash of what came before it, so that a chain can be taken over or
refused as a whole, and two records for one epoch are a conflict of which one can win.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from lanrage.core.certificates import Name, Text16
from lanrage.core.envelope import Id16, Instant, Key, open_statement, seal_statement
from lanrage.core.identity import SigningKey, Verify, verify_again
from lanrage.errors import CryptoError, DecodeError

HASH_BYTES = 32
RECORD_LIMIT = 1100
"""Bytes of one signed record: it must fit into one datagram of the tunnel."""
CHAIN_BYTES = 600
"""Bytes of a certificate, and of an invitation, within a record; ours have at most 530 and 230."""
CLOCK_SLACK = 300
"""Seconds by which an author's clock may differ from who checks it: takeovers count by these times."""
VOIDED_LIMIT = 16
"""Invitations that one revocation may name; those that the ledger knows of are voided unnamed."""
_RECORD = b"lanrage ledger record v1\0"
_GENESIS = b"lanrage ledger genesis v1\0"
_CHAIN = b"lanrage ledger chain v1\0"

RecordNumber = Annotated[int, Meta(ge=1, le=2**31)]
Hash = Annotated[bytes, Meta(min_length=HASH_BYTES, max_length=HASH_BYTES)]
Role = Literal["host", "moderator", "member"]


class _Action(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Base of what a record does."""


class Admit(_Action, frozen=True, tag="admit"):
    """A full member countersigns one who joined by an invitation; the whole chain is in the record."""

    identity: Key
    certificate: Annotated[bytes, Meta(min_length=1, max_length=CHAIN_BYTES)]
    invitation: Annotated[bytes, Meta(min_length=1, max_length=CHAIN_BYTES)]


class Withdraw(_Action, frozen=True, tag="withdraw"):
    """An invitation is void from now on; who was admitted by it stays."""

    invitation_id: Id16


class Appoint(_Action, frozen=True, tag="appoint"):
    """The host makes a member a moderator, or a moderator a member."""

    identity: Key
    role: Literal["moderator", "member"]


class Revoke(_Action, frozen=True, tag="revoke"):
    """A member is thrown out, with all that it held.

    :param ban: the identity may not come back by another invitation either.
    :param invitations: by which it came, or that it was shown; those in the ledger are voided in any case.
    """

    identity: Key
    ban: bool
    invitations: Annotated[tuple[Id16, ...], Meta(max_length=VOIDED_LIMIT)] = ()


class Pardon(_Action, frozen=True, tag="pardon"):
    """The host lifts a ban; to come back takes a new invitation."""

    identity: Key


class Rename(_Action, frozen=True, tag="rename"):
    """The party has another name."""

    name: Name


class HandOver(_Action, frozen=True, tag="handover"):
    """The host makes another member the host, and is a moderator from then on."""

    identity: Key


class Support(_Action, frozen=True, tag="support"):
    """A moderator wants this member to be the host (takeover, by the charter's rule)."""

    candidate: Key


class Veto(_Action, frozen=True, tag="veto"):
    """The host is there: all claims to its place are void."""


class BringGuest(_Action, frozen=True, tag="guest"):
    """A device without LANrage takes part through a member, until its time is over or it is dismissed.

    :param key: its WireGuard key.
    :param server: identity of the member that serves it.
    """

    key: Key
    name: Name
    address: Text16
    server: Key
    expires: Instant


class DismissGuest(_Action, frozen=True, tag="dismiss"):
    """A guest takes part no more."""

    key: Key


Action = Admit | Withdraw | Appoint | Revoke | Pardon | Rename | HandOver | Support | Veto | BringGuest | DismissGuest


class Record(msgspec.Struct, frozen=True, array_like=True, tag="record1", forbid_unknown_fields=True):
    """One record.

    :param epoch: its number, from 1.
    :param previous: hash of the chain up to the record before, 32 bytes.
    :param author: identity that signs.
    :param at: seconds since the epoch, as the author says; never goes back within a ledger.
    """

    party_id: Id16
    epoch: RecordNumber
    previous: Hash
    author: Key
    at: Instant
    action: Action


def genesis(charter_blob: bytes) -> bytes:
    """The hash before the first record: the chain belongs to this very charter."""
    return hashlib.sha256(_GENESIS + charter_blob).digest()


def chained(previous: bytes, blob: bytes) -> bytes:
    """The hash after a record, 32 bytes."""
    return hashlib.sha256(_CHAIN + previous + blob).digest()


def sign_record(record: Record, key: SigningKey) -> bytes:
    """Encode and sign a record by its author's key."""
    return seal_statement(record, _RECORD, key)


def open_record(blob: bytes, party_id: str, verify: Verify = verify_again) -> Record:
    """Read a record and verify its author's signature; the ledger tells whether the author may do this.

    :raises CryptoError, DecodeError: when it is none of this party.
    """
    record, message, signatures = open_statement(blob, Record, _RECORD, "ledger record")
    if len(blob) > RECORD_LIMIT:
        raise CryptoError("a ledger record is too large")
    if record.party_id.hex() != party_id or len(signatures) != 1:
        raise CryptoError("the ledger record is of another party")
    verify(record.author, message, signatures[0])
    return record


def peek_record(blob: bytes, party_id: str) -> Record:
    """Read a record without verifying it.

    :raises CryptoError, DecodeError: when it is none of this party.
    """
    return open_record(blob, party_id, lambda public, message, signature: None)


def timeless(blobs: tuple[bytes, ...], party_id: str, now: float) -> tuple[bytes, ...]:
    """The records up to the first that counts by the clock, is dated in the future, or is none.

    :param now: seconds since the epoch.
    """
    for number, blob in enumerate(blobs):
        try:
            record = peek_record(blob, party_id)
        except (CryptoError, DecodeError):
            return blobs[: number + 1]  # whoever takes it in says what is wrong with it
        if isinstance(record.action, Support) or record.at > now + CLOCK_SLACK:
            return blobs[:number]
    return blobs


def subject(action: Action) -> bytes | str:
    """What an action is about: two actions at one epoch that are about different things do not contradict."""
    match action:
        case Rename():
            return "name"
        case HandOver() | Support() | Veto():
            return "host"
        case Withdraw():
            return action.invitation_id
        case Admit() | Appoint() | Revoke() | Pardon():
            return action.identity
        case BringGuest() | DismissGuest():
            return action.key
