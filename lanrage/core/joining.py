"""What founder and joiner sign, and what a joiner checks before it becomes a member; pure."""

from __future__ import annotations

from ipaddress import IPv4Network

import attrs

from lanrage.core.certificates import (
    TAKEOVER_DELAY,
    Certificate,
    Charter,
    Invitation,
    Takeover,
    invite_key,
    open_charter,
    open_invitation,
    sign,
)
from lanrage.core.code import InvitationCode
from lanrage.core.identity import NodeKeys, SigningKey
from lanrage.errors import REFUSALS, CryptoError, DecodeError, Refused

CERTIFICATE_LIFE = 365 * 86400
"""Seconds; until certificates are renewed by themselves a party must outlive a year of weekends."""


@attrs.frozen
class Founded:
    """A new party, signed by its key.

    :param charter: also as the signed `charter_blob`.
    :param certificate_blob: the founder's.
    """

    charter: Charter
    charter_blob: bytes = attrs.field(repr=False)
    certificate_blob: bytes = attrs.field(repr=False)


def found(
    party_key: SigningKey,
    keys: NodeKeys,
    name: str,
    member_name: str,
    subnet: IPv4Network,
    max_members: int,
    now: float,
    *,
    takeover: Takeover = "delay",
    takeover_delay: int = TAKEOVER_DELAY,
) -> Founded:
    """Write and sign a party's charter and its founder's certificate; the founder takes the first address."""
    charter = Charter(
        party_key.public,
        keys.identity.public,
        name,
        str(subnet),
        int(now),
        max_members,
        takeover,
        takeover_delay,
    )
    certificate = Certificate(
        party_id=bytes.fromhex(charter.party_id),
        issuer=party_key.public,
        identity=keys.identity.public,
        wireguard_key=keys.wireguard.public,
        name=member_name,
        address=str(next(iter(subnet.hosts()))),
        role="founder",
        epoch=0,
        issued=int(now),
        expires=int(now) + CERTIFICATE_LIFE,
    )
    return Founded(charter, sign(charter, party_key), sign(certificate, party_key, keys.identity))


def invite(keys: NodeKeys, party_id: str, epoch: int, secret: bytes, hours: float, uses: int, now: float) -> bytes:
    """Sign an invitation by the identity of the host or a moderator.

    :param party_id: 32 hexadecimal digits.
    :param epoch: of the ledger now.
    :param secret: 16 random bytes, which only the code carries.
    """
    public, identity = invite_key(secret, party_id).public, keys.identity
    until = int(now + hours * 3600)
    invitation = Invitation(bytes.fromhex(party_id), identity.public, epoch, public, int(now), until, uses)
    return sign(invitation, identity)


@attrs.frozen
class Admission:
    """A verified invitation with the party behind it; both also as the signed blobs that they were read from."""

    charter: Charter
    charter_blob: bytes = attrs.field(repr=False)
    invitation: Invitation
    invitation_blob: bytes = attrs.field(repr=False)
    key: SigningKey = attrs.field(repr=False)


def admit(code: InvitationCode, charter_blob: bytes, invitation_blob: bytes, now: float) -> Admission:
    """Check what the control server gave for a code against the code itself.

    :param now: seconds since the epoch.
    :raises Refused: ``invitation_expired``, or ``bad_certificate`` when the server's answer does not fit the code.
    """
    key = invite_key(code.secret, code.party_id)
    try:
        charter = open_charter(charter_blob, code.party_id)
        invitation = open_invitation(invitation_blob, charter)
        if invitation.invite_key != key.public:
            raise CryptoError("the invitation is not the one behind the code")
    except (CryptoError, DecodeError) as error:
        raise Refused("bad_certificate", f"the control server's answer does not fit the code: {error}") from error
    if now > invitation.expires:
        raise Refused("invitation_expired", REFUSALS["invitation_expired"])
    return Admission(charter, charter_blob, invitation, invitation_blob, key)


def certify(admission: Admission, keys: NodeKeys, member_name: str, address: str, now: float) -> bytes:
    """The joiner's certificate, signed through the invitation and by the joiner.

    :param now: the control server's clock, held within the invitation's time.
    """
    issued = int(min(max(now, admission.invitation.created), admission.invitation.expires))
    certificate = Certificate(
        party_id=bytes.fromhex(admission.charter.party_id),
        issuer=admission.key.public,
        identity=keys.identity.public,
        wireguard_key=keys.wireguard.public,
        name=member_name,
        address=address,
        role="member",
        epoch=admission.invitation.epoch,
        issued=issued,
        expires=issued + CERTIFICATE_LIFE,
    )
    return sign(certificate, admission.key, keys.identity)
