"""Captures of what is signed: a party's papers, a record, a relay ticket, an invitation code."""

from __future__ import annotations

from collections.abc import Iterator

from lanrage.core.certificates import (
    SECRET_BYTES,
    Certificate,
    Charter,
    Invitation,
    invite_key,
    open_certificate,
    open_charter,
    open_invitation,
    sign,
)
from lanrage.core.code import InvitationCode
from lanrage.core.identity import FINGERPRINT_BYTES, SigningKey
from lanrage.core.ledger_records import Admit, BringGuest, DismissGuest, Record, genesis, open_record, sign_record
from lanrage.core.tickets import Ticket, issue, open_ticket, pair_of
from tests.fakes_control import node_keys, seeded
from tests.golden.case import Case, Wire

PARTY, SERVER = SigningKey(seeded("golden party")), SigningKey(seeded("golden server"))
HOST, FRIEND = node_keys("golden host"), node_keys("golden friend")
SECRET = bytes(range(SECRET_BYTES))
AT, LATER = 1_700_000_000, 1_900_000_000
CHARTER = Charter(PARTY.public, HOST.identity.public, "Friday", "10.66.0.0/24", AT, 16)
PARTY_ID = CHARTER.party_id
INVITES = invite_key(SECRET, PARTY_ID)
INVITATION = Invitation(bytes.fromhex(PARTY_ID), HOST.identity.public, 0, INVITES.public, AT, LATER, 16)
FOUNDER = Certificate(
    bytes.fromhex(PARTY_ID),
    PARTY.public,
    HOST.identity.public,
    HOST.wireguard.public,
    "Ann",
    "10.66.0.1",
    "founder",
    0,
    AT,
    LATER,
)
MEMBER = Certificate(
    bytes.fromhex(PARTY_ID),
    INVITES.public,
    FRIEND.identity.public,
    FRIEND.wireguard.public,
    "Ben",
    "10.66.0.2",
    "member",
    0,
    AT,
    LATER,
)
CHARTER_BLOB, INVITATION_BLOB = sign(CHARTER, PARTY), sign(INVITATION, HOST.identity)
FOUNDER_BLOB, MEMBER_BLOB = sign(FOUNDER, PARTY, HOST.identity), sign(MEMBER, INVITES, FRIEND.identity)
ADMITS = Record(
    bytes.fromhex(PARTY_ID),
    1,
    genesis(CHARTER_BLOB),
    HOST.identity.public,
    AT,
    Admit(FRIEND.identity.public, MEMBER_BLOB, INVITATION_BLOB),
)
GUEST_KEY = seeded("golden guest")
BRINGS = Record(
    bytes.fromhex(PARTY_ID),
    2,
    bytes(32),
    HOST.identity.public,
    AT,
    BringGuest(GUEST_KEY, "phone", "10.66.0.254", FRIEND.identity.public, LATER),
)
DISMISSES = Record(bytes.fromhex(PARTY_ID), 3, bytes(32), FRIEND.identity.public, AT, DismissGuest(GUEST_KEY))
RECORD_BLOB = sign_record(ADMITS, HOST.identity)
TICKET = Ticket(
    bytes.fromhex(PARTY_ID), HOST.identity.public, pair_of(HOST.wireguard.public, FRIEND.wireguard.public), LATER
)
CODE = InvitationCode(SECRET, PARTY_ID, bytes(FINGERPRINT_BYTES), ("play.example:7766", "[2001:db8::1]:7766"))


def _cases() -> Iterator[Case]:
    yield Case("charter", CHARTER, lambda: CHARTER_BLOB, lambda data: open_charter(data, PARTY_ID))
    yield Case("invitation", INVITATION, lambda: INVITATION_BLOB, lambda data: open_invitation(data, CHARTER))
    yield Case("founder", FOUNDER, lambda: FOUNDER_BLOB, lambda data: open_certificate(data, CHARTER, None))
    yield Case("member", MEMBER, lambda: MEMBER_BLOB, lambda data: open_certificate(data, CHARTER, INVITATION))
    yield Case("record", ADMITS, lambda: RECORD_BLOB, lambda data: open_record(data, PARTY_ID))
    yield Case("guest", BRINGS, lambda: sign_record(BRINGS, HOST.identity), lambda data: open_record(data, PARTY_ID))
    yield Case(
        "dismissal",
        DISMISSES,
        lambda: sign_record(DISMISSES, FRIEND.identity),
        lambda data: open_record(data, PARTY_ID),
    )
    yield Case("ticket", TICKET, lambda: issue(TICKET, SERVER), lambda data: open_ticket(data, SERVER.public))
    yield Case("code", CODE, lambda: CODE.encode().encode(), lambda data: InvitationCode.decode(data.decode()))
    yield Case("link", CODE, lambda: CODE.link().encode(), lambda data: InvitationCode.decode(data.decode()))


def wires() -> list[Wire]:
    """The papers in their present version."""
    return [Wire("papers", 1, tuple(_cases()))]
