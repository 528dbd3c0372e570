"""Build the control server's world from its stored rows; every signature is checked anew."""

from __future__ import annotations

from collections.abc import Iterable

from lanrage.core.certificates import Member, open_charter, open_invitation
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


def load_world(rows: Iterable[Row]) -> World:
    """The world of these rows, in the order of :data:`lanrage.core.world_rows.ROW_KINDS` and of their keys.

    Everybody is offline.

    :raises StoreError: names the row that does not hold.
    """
    world = World()
    for row in rows:
        try:
            _load(world, row)
        except (CryptoError, DecodeError, KeyError, Refused) as error:
            key = ", ".join(part.hex() if isinstance(part, bytes) else str(part) for part in row.key)
            raise StoreError(f"the stored {type(row).__name__} of {key} does not hold: {error}") from error
    world.empty.update((party_id, None) for party_id, party in world.parties.items() if party.deserted)
    return world


def _load(world: World, row: Row) -> None:
    if isinstance(row, PartyRow):
        world.parties[row.party_id] = Party(open_charter(row.charter, row.party_id), row.charter, row.revision)
    elif isinstance(row, MembershipRow):
        party = world.parties[row.party_id]
        party.memberships[row.identity] = Membership(
            Member.verify(party.charter, row.certificate, row.invitation), row.left
        )
        if row.left is None:
            world.parties_of.setdefault(row.identity, set()).add(row.party_id)
    elif isinstance(row, InvitationRow):
        party = world.parties[row.party_id]
        party.invitations[row.invitation_id] = StoredInvitation(
            open_invitation(row.invitation, party.charter), row.invitation
        )
    elif isinstance(row, RecordRow):
        world.parties[row.party_id].ledger.append(row.record)
    elif isinstance(row, StatusRow):
        world.parties[row.party_id].statuses[row.identity] = row.text
    elif isinstance(row, ConflictRow):
        conflict = ConflictView(row.at, row.identity, row.wish, row.winner)
        world.parties[row.party_id].conflicts[row.number] = conflict
    elif isinstance(row, UseRow):
        world.parties[row.party_id].uses.setdefault(row.invitation_id, set()).add(row.identity)
