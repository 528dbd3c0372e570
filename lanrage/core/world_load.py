"""Build the control server's world from its stored rows; every rule and every signature is checked anew.

The signatures may be checked later: they take nine tenths of the time, and held when the rows were stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import attrs

from lanrage.core.certificates import Member, open_charter, open_invitation
from lanrage.core.identity import Proof, Verify, verify_again, verify_signature
from lanrage.core.party import Membership, Party, StoredInvitation
from lanrage.core.records import ConflictView
from lanrage.core.world import World
from lanrage.core.world_rows import (
    ConflictRow,
    InvitationRow,
    MembershipRow,
    PartyRow,
    RecordRow,
    Row,
    StatusRow,
    UseRow,
)
from lanrage.errors import CryptoError, DecodeError, Refused, StoreError


@attrs.frozen
class Unproven:
    """A row whose signatures are still to be checked.

    :param name: of the row, for people.
    """

    name: str
    proofs: list[Proof] = attrs.field(repr=False)

    def check(self) -> str:
        """What is wrong, in a sentence; empty when the signatures hold."""
        try:
            for proof in self.proofs:
                verify_again(*proof)
        except CryptoError as error:
            return f"{self.name} does not hold: {error}"
        return ""


def load_world(rows: Iterable[Row], later: list[Unproven] | None = None) -> World:
    """The world of these rows, in the order of :data:`lanrage.core.world_rows.ROW_KINDS` and of their keys.

    Everybody is offline.

    :param later: takes the signatures, which are not checked then.
    :raises StoreError: names the row that does not hold.
    """
    world = World()
    for row in rows:
        try:
            if later is None:
                _load(world, row, None)
            else:
                proofs: list[Proof] = []
                _load(world, row, partial(_note, proofs))
                later += [Unproven(_name(row), proofs)] if proofs else []
        except (CryptoError, DecodeError, KeyError, Refused) as error:
            raise StoreError(f"{_name(row)} does not hold: {error}") from error
    world.empty.update((party_id, None) for party_id, party in world.parties.items() if party.deserted)
    return world


def _note(proofs: list[Proof], public: bytes, message: bytes, signature: bytes) -> None:
    proofs.append((public, message, signature))


def _name(row: Row) -> str:
    key = ", ".join(part.hex() if isinstance(part, bytes) else str(part) for part in row.key)
    return f"the stored {type(row).__name__} of {key}"


def _load(world: World, row: Row, verify: Verify | None) -> None:
    if isinstance(row, PartyRow):
        charter = open_charter(row.charter, row.party_id, verify or verify_signature)
        world.parties[row.party_id] = Party(charter, row.charter, row.revision)
    elif isinstance(row, MembershipRow):
        party = world.parties[row.party_id]
        member = Member.verify(party.charter, row.certificate, row.invitation, verify)
        party.memberships[row.identity] = Membership(member, row.left)
        if row.left is None:
            world.parties_of.setdefault(row.identity, set()).add(row.party_id)
    elif isinstance(row, InvitationRow):
        party = world.parties[row.party_id]
        invitation = open_invitation(row.invitation, party.charter, verify or verify_again)
        party.invitations[row.invitation_id] = StoredInvitation(invitation, row.invitation)
    elif isinstance(row, RecordRow):
        world.parties[row.party_id].ledger.append(row.record, verify or verify_again)
    elif isinstance(row, StatusRow):
        world.parties[row.party_id].statuses[row.identity] = row.text
    elif isinstance(row, ConflictRow):
        conflict = ConflictView(row.at, row.identity, row.wish, row.winner)
        world.parties[row.party_id].conflicts[row.number] = conflict
    elif isinstance(row, UseRow):
        world.parties[row.party_id].uses.setdefault(row.invitation_id, set()).add(row.identity)
