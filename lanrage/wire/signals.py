"""Signals between two members through the control server, which reads nothing (``docs/protocol-probe.rst``).

A sealed signal is a random 12-byte nonce and ChaCha20-Poly1305 (RFC 8439) ciphertext under the pair's seal key, with
both WireGuard keys, sender first, as associated data.
"""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from msgspec import Meta

from lanrage.core.candidates import CANDIDATE_LIMIT, Candidate, CandidateKind
from lanrage.core.links import Endpoint
from lanrage.core.nat import NatKind
from lanrage.core.relay_choice import SEATS
from lanrage.core.relay_distance import Distance
from lanrage.core.relay_registry import OFFERED_LIMIT
from lanrage.core.relay_talk import RelayTalk
from lanrage.errors import BadInput, CryptoError, DecodeError

NONCE_BYTES = 12
RelayId = Annotated[str, Meta(pattern=r"^[0-9a-f]{1,16}\Z")]
Session = Annotated[bytes, Meta(min_length=8, max_length=8)]


class CandidateRow(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A candidate on the wire."""

    kind: CandidateKind
    host: Annotated[str, Meta(max_length=45)]
    port: Annotated[int, Meta(ge=1, le=65535)]


class RelayRow(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The sender's distance to a relay on the wire; no round trip (ms) = it does not answer; loss is a share of 1."""

    relay_id: RelayId
    rtt_ms: Annotated[float, Meta(ge=0, le=60_000)] | None
    loss: Annotated[float, Meta(ge=0, le=1)]
    failed: bool


class Offer(msgspec.Struct, frozen=True, tag="offer1", omit_defaults=True):
    """Where the sender may be reached, and the session under which it probes.

    It is the first word between two members, so fields that a later version adds are passed over
    (``docs/compatibility.rst``).

    :param session: 8 random bytes made when the sender's link plan was made.
    :param answers: the receiver's session that the sender knows; empty when it knows none and wants an offer back.
    :param nat: what the sender is behind, as far as it knows.
    :param relays: how far they are from the sender.
    :param seats: relays that the sender chose for the pair, where it is the end that decides.
    """

    session: Session
    answers: Annotated[bytes, Meta(max_length=8)]
    candidates: Annotated[tuple[CandidateRow, ...], Meta(max_length=CANDIDATE_LIMIT)]
    nat: NatKind = NatKind.UNKNOWN
    relays: Annotated[tuple[RelayRow, ...], Meta(max_length=OFFERED_LIMIT)] = ()
    seats: Annotated[tuple[RelayId, ...], Meta(max_length=SEATS)] = ()

    @classmethod
    def of(
        cls,
        session: bytes,
        answers: bytes,
        candidates: tuple[Candidate, ...],
        nat: NatKind = NatKind.UNKNOWN,
        talk: RelayTalk | None = None,
    ) -> Offer:
        """Build from values."""
        rows = tuple(CandidateRow(c.kind, c.endpoint.host, c.endpoint.port) for c in candidates)
        words = talk if talk is not None else RelayTalk()
        relays = [RelayRow(key, d.rtt_ms, d.loss, d.failed) for key, d in words.mine.items()]
        return cls(session, answers, rows, nat, tuple(relays[:OFFERED_LIMIT]), words.seats[:SEATS])

    def tell_relays(self, talk: RelayTalk) -> None:
        """Pass what the sender says of relays on."""
        talk.hear({row.relay_id: Distance(row.rtt_ms, row.loss, row.failed) for row in self.relays}, self.seats)

    def values(self) -> tuple[Candidate, ...]:
        """The candidates whose addresses can be read; others are left out."""
        found = []
        for row in self.candidates:
            try:
                text = f"[{row.host}]:{row.port}" if ":" in row.host else f"{row.host}:{row.port}"
                found.append(Candidate(row.kind, Endpoint.parse(text)))
            except BadInput:
                continue
        return tuple(found)


class PunchStep(enum.StrEnum):
    """What a :class:`Punch` says."""

    ASK = "ask"
    """Shall we? I am behind a symmetric router and hold many sockets."""
    READY = "ready"
    """Yes: open them now, my probes begin after the delay."""


class Punch(msgspec.Struct, frozen=True, tag="punch1", omit_defaults=True):
    """Birthday probing is agreed on (``docs/protocol-probe.rst``). Fields of a later version are passed over.

    :param session: of the sender.
    :param answers: the receiver's session, as the sender knows it.
    :param round: 8 random bytes of the asking end; the answer repeats them.
    :param host: the sender's address outside, one that its offer named.
    :param port: likewise.
    :param delay_ms: from the answer to the first probe.
    """

    session: Session
    answers: Session
    round: Annotated[bytes, Meta(min_length=8, max_length=8)]
    step: PunchStep
    host: Annotated[str, Meta(max_length=45)]
    port: Annotated[int, Meta(ge=1, le=65535)]
    delay_ms: Annotated[int, Meta(ge=0, le=10_000)] = 0

    @property
    def endpoint(self) -> Endpoint | None:
        """The sender's address, where it can be read."""
        try:
            return Endpoint.parse(f"[{self.host}]:{self.port}")
        except BadInput:
            return None


Signal = Offer | Punch


def seal(signal: Signal, key: bytes, *, sender: bytes, receiver: bytes, nonce: bytes) -> bytes:
    """Encrypt a signal.

    :param key: the pair's seal key.
    :param nonce: 12 random bytes, never used twice.
    """
    return nonce + ChaCha20Poly1305(key).encrypt(nonce, msgspec.msgpack.encode(signal), sender + receiver)


def unseal(payload: bytes, key: bytes, *, sender: bytes, receiver: bytes) -> Signal:
    """Decrypt and read a signal.

    :raises CryptoError: when it is not from `sender` to `receiver`.
    :raises DecodeError: when it is no signal.
    """
    try:
        plain = ChaCha20Poly1305(key).decrypt(payload[:NONCE_BYTES], payload[NONCE_BYTES:], sender + receiver)
    except (InvalidTag, ValueError) as error:
        raise CryptoError("the signal's seal does not hold") from error
    try:
        signal: Signal = msgspec.msgpack.decode(plain, type=Signal)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"no valid signal: {error}") from error
    return signal
