"""Signed statements: the party's charter, invitations, member certificates, and the chain that proves a member.

Every node verifies the chain itself before it configures a WireGuard peer: a control server that lies gets nobody in::

    party_id  = fingerprint of the party key (self-certifying)
    charter   signed by the party key: founder, name, subnet, limits, takeover rule
    invitation signed by the identity of the host or a moderator: an invite key, expiry, uses
    certificate signed by the invite key (or, for the founder, by the party key) and by the holder's identity

Who is host or moderator, and who may no longer be a member, is in the party's ledger (:mod:`lanrage.core.ledger`).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any, Literal, TypeVar

import attrs
import msgspec
from msgspec import Meta

from lanrage.core.envelope import Id16, Instant, Key, open_statement, seal_statement
from lanrage.core.identity import SigningKey, Verify, derive, fingerprint, verify_again, verify_signature
from lanrage.errors import CryptoError, DecodeError

NAME_LIMIT = 32
"""Characters of a party's or member's name: fits a table row on a phone."""
SECRET_BYTES = 16
"""An invitation's secret: 128 bits, as the code is pasted, not spoken."""
PARTY_BLOCKS = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
"""Where a party's subnet may lie (RFC 1918, RFC 6598); no other network is nobody's."""

Name = Annotated[
    str, Meta(min_length=1, max_length=NAME_LIMIT, pattern=r"^[^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?\Z")
]
Text16 = Annotated[str, Meta(max_length=18)]
Epoch = Annotated[int, Meta(ge=0, le=2**31)]
Takeover = Literal["never", "majority", "delay"]
TAKEOVER_DELAY = 3 * 86400
"""Seconds: a host who is away over a weekend keeps the party."""
TAKEOVER_SHORTEST, TAKEOVER_LONGEST = 3600, 366 * 86400
"""Seconds: a host must have time to see a claim; a delay over a year is "never"."""


class Charter(msgspec.Struct, frozen=True, array_like=True, tag="charter1", forbid_unknown_fields=True):
    """What a party is; signed by its root key, which serves for nothing else but the founder's certificate.

    :param party_key: Ed25519 root key; its fingerprint is the party's id.
    :param founder: identity of the first host.
    :param subnet: private IPv4 network, /16 to /28, as text.
    :param created: seconds since the epoch.
    :param max_members: how many may be members at one time.
    :param takeover: how moderators may make another member the host: not at all, by a majority of them at once, or
        each of them after a delay in which the host can veto.
    :param takeover_delay: seconds of that delay.
    """

    party_key: Key
    founder: Key
    name: Name
    subnet: Text16
    created: Instant
    max_members: Annotated[int, Meta(ge=2, le=64)]
    takeover: Takeover = "delay"
    takeover_delay: Annotated[int, Meta(ge=TAKEOVER_SHORTEST, le=TAKEOVER_LONGEST)] = TAKEOVER_DELAY

    @property
    def party_id(self) -> str:
        """32 hexadecimal digits."""
        return fingerprint(self.party_key).hex()

    @property
    def network(self) -> IPv4Network:
        """The subnet as a network."""
        return IPv4Network(self.subnet)


class Invitation(msgspec.Struct, frozen=True, array_like=True, tag="invitation1", forbid_unknown_fields=True):
    """A capability to certify new members until it expires; signed by the identity of the host or a moderator.

    :param issuer: that identity; whether it may invite, the ledger tells.
    :param epoch: the ledger's, when it was made.
    :param invite_key: Ed25519 public key that signs certificates in the party's name.
    :param expires: seconds since the epoch.
    :param uses: how many members may join by it; 0 = no limit.
    """

    party_id: Id16
    issuer: Key
    epoch: Epoch
    invite_key: Key
    created: Instant
    expires: Instant
    uses: Annotated[int, Meta(ge=0, le=10_000)]

    @property
    def invitation_id(self) -> str:
        """32 hexadecimal digits: the fingerprint of the invite key."""
        return fingerprint(self.invite_key).hex()


class Certificate(msgspec.Struct, frozen=True, array_like=True, tag="member1", forbid_unknown_fields=True):
    """Binds a member's identity, WireGuard key, address and name within one party.

    :param issuer: public key that signs: an invitation's, or the party's own for the founder.
    :param role: ``founder`` or ``member``: how one came in. Who is host or moderator now, the ledger tells.
    :param epoch: at least that of the invitation; a certificate from before its holder was revoked is void.
    :param issued: seconds since the epoch.
    :param expires: seconds since the epoch.
    """

    party_id: Id16
    issuer: Key
    identity: Key
    wireguard_key: Key
    name: Name
    address: Text16
    role: Annotated[str, Meta(pattern=r"^(founder|member)\Z")]
    epoch: Epoch
    issued: Instant
    expires: Instant

    @property
    def ip(self) -> IPv4Address:
        """The party address."""
        return IPv4Address(self.address)


Statement = Charter | Invitation | Certificate
S = TypeVar("S", Charter, Invitation, Certificate)
_LABELS: dict[type[Any], bytes] = {
    Charter: b"lanrage charter v1\0",
    Invitation: b"lanrage invitation v1\0",
    Certificate: b"lanrage certificate v1\0",
}

_RESERVATION = b"lanrage reservation v1\0"


def sign(statement: Statement, *keys: SigningKey) -> bytes:
    """Encode a statement with the signature of each key, in that order."""
    return seal_statement(statement, _LABELS[type(statement)], *keys)


def _open(blob: bytes, kind: type[S]) -> tuple[S, bytes, tuple[bytes, ...]]:
    return open_statement(blob, kind, _LABELS[kind], kind.__name__.lower())


def open_charter(blob: bytes, party_id: str, verify: Verify = verify_signature) -> Charter:
    """Verify a charter against the party's id.

    :param verify: checks each signature.

    :raises CryptoError, DecodeError: when it is not this party's.
    """
    charter, message, signatures = _open(blob, Charter)
    if charter.party_id != party_id or len(signatures) != 1:
        raise CryptoError("the charter is of another party")
    verify(charter.party_key, message, signatures[0])
    try:
        network = charter.network
    except ValueError as error:
        raise DecodeError("the charter's subnet is no network") from error
    if not any(network.subnet_of(block) for block in PARTY_BLOCKS) or not 16 <= network.prefixlen <= 28:
        raise DecodeError("the charter's subnet is not a private network from /16 to /28")
    return charter


def open_invitation(blob: bytes, charter: Charter, verify: Verify = verify_again) -> Invitation:
    """Verify that an invitation is of this party and signed by who it names; the ledger tells whether that one may.

    :raises CryptoError, DecodeError: when it is not.
    """
    invitation, message, signatures = _open(blob, Invitation)
    if invitation.party_id.hex() != charter.party_id or len(signatures) != 1:
        raise CryptoError("the invitation is of another party")
    verify(invitation.issuer, message, signatures[0])
    return invitation


def open_certificate(
    blob: bytes, charter: Charter, invitation: Invitation | None, verify: Verify = verify_signature
) -> Certificate:
    """Verify a member's certificate and its chain to the party key.

    :param invitation: the verified invitation by which the member joined; ``None`` for the founder.
    :raises CryptoError, DecodeError: when any link does not hold.
    """
    certificate, message, signatures = _open(blob, Certificate)
    issuer = charter.party_key if invitation is None else invitation.invite_key
    if certificate.party_id.hex() != charter.party_id:
        raise CryptoError("the certificate is of another party")
    if certificate.issuer != issuer or len(signatures) != 2:
        raise CryptoError("the certificate is not issued by the invitation that is shown with it")
    verify(issuer, message, signatures[0])
    verify(certificate.identity, message, signatures[1])
    if invitation is not None and not invitation.created <= certificate.issued <= invitation.expires:
        raise CryptoError("the certificate was issued outside the invitation's time")
    if (certificate.role == "founder") != (invitation is None):
        raise CryptoError("only the party key makes a founder")
    if invitation is None and certificate.identity != charter.founder:
        raise CryptoError("the charter names another founder")
    if invitation is not None and certificate.epoch < invitation.epoch:
        raise CryptoError("the certificate is older than its invitation")
    try:
        address = certificate.ip
    except ValueError as error:
        raise DecodeError("the certificate's address is none") from error
    network = charter.network
    if address not in network or address in (network.network_address, network.broadcast_address):
        raise CryptoError("the certificate's address is outside the party's subnet")
    return certificate


def peek_party_key(blob: bytes) -> bytes:
    """The party key that an encoded charter claims; verify with :func:`open_charter`.

    :raises DecodeError: for bytes that are no charter.
    """
    return _open(blob, Charter)[0].party_key


@attrs.frozen
class Member:
    """A member whose chain was verified.

    :param certificate: what was proven.
    :param certificate_blob: as signed, to store and to show to others.
    :param invitation_blob: the invitation in the chain; empty for the founder.
    """

    certificate: Certificate
    certificate_blob: bytes = attrs.field(repr=False)
    invitation_blob: bytes = attrs.field(repr=False)

    @classmethod
    def verify(
        cls, charter: Charter, certificate_blob: bytes, invitation_blob: bytes, verify: Verify | None = None
    ) -> Member:
        """Check the whole chain.

        :param verify: checks each signature, where it is not checked as usual.

        :raises CryptoError, DecodeError: when any link does not hold.
        """
        invitation = open_invitation(invitation_blob, charter, verify or verify_again) if invitation_blob else None
        opened = open_certificate(certificate_blob, charter, invitation, verify or verify_signature)
        return cls(opened, certificate_blob, invitation_blob)


def prove_reservation(key: SigningKey, identity: bytes) -> bytes:
    """The invite key's signature, 64 bytes: `identity` holds the code, not only the invitation's id."""
    return key.sign(_RESERVATION + identity)


def check_reservation(invitation: Invitation, identity: bytes, proof: bytes) -> None:
    """Check what :func:`prove_reservation` made.

    :raises CryptoError: when it is not by this invitation's key for this identity.
    """
    verify_signature(invitation.invite_key, _RESERVATION + identity, proof)


def invite_key(secret: bytes, party_id: str) -> SigningKey:
    """The invite key behind an invitation's 16-byte secret."""
    return SigningKey(derive(secret, salt=bytes.fromhex(party_id), label=b"lanrage invite key v1"))
