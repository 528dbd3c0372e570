"""A node's party on disk: with it a node is back in its party after a restart, also while the server is away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import attrs
import msgspec
from msgspec import Meta
from twisted.logger import Logger

from lanrage.core.certificates import Name
from lanrage.core.envelope import STATEMENT_LIMIT
from lanrage.core.ledger import LEDGER_LIMIT
from lanrage.core.records import MemberRecord
from lanrage.core.replica import PartyReplica
from lanrage.errors import LanrageError, StoreError
from lanrage.store.files import make_folder, read_private, sync_folder, write_atomic

FILE = "party.json"
VERSION = 1
MEMBERS_LIMIT = 64

Blob = Annotated[bytes, Meta(max_length=STATEMENT_LIMIT)]

log = Logger()


class SavedMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A verified member's chain."""

    certificate: Blob
    invitation: Blob


class SavedParty(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The party file, version 1. It is secret (mode 0600): ``code`` lets anybody join.

    :param addresses: ``host:port`` of the control server.
    :param server: fingerprint of the control server's key, 16 bytes.
    :param my_name: this node's member name.
    :param invitation: the invitation by which this node joined; empty for the founder.
    :param records: the ledger's; a control server that shows fewer is not believed.
    :param code: the invitation code to show to friends; empty where there is none.
    """

    party_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    revision: Annotated[int, Meta(ge=0, le=2**53)]
    charter: Blob
    members: Annotated[tuple[SavedMember, ...], Meta(max_length=MEMBERS_LIMIT)]
    addresses: Annotated[tuple[str, ...], Meta(min_length=1, max_length=8)]
    server: Annotated[bytes, Meta(min_length=16, max_length=16)]
    my_name: Name
    invitation: Blob = b""
    records: Annotated[tuple[Blob, ...], Meta(max_length=LEDGER_LIMIT)] = ()
    code: Annotated[str, Meta(max_length=1024)] = ""
    version: int = VERSION

    def restore(self, now: float) -> PartyReplica:
        """A replica with every chain verified anew; all members offline until the server says otherwise.

        :raises CryptoError, DecodeError: when the charter does not hold.
        """
        replica = PartyReplica(self.party_id)
        records = [MemberRecord(m.certificate, m.invitation) for m in self.members]
        replica.full(self.revision, self.charter, records, now, epoch=len(self.records), ledger=self.records)
        return replica

    def updated(self, replica: PartyReplica) -> SavedParty:
        """The same file with the replica's present state."""
        members = tuple(
            SavedMember(m.member.certificate_blob, m.member.invitation_blob) for m in replica.members.values()
        )
        records = tuple(replica.ledger.records) if replica.ledger is not None else ()
        return msgspec.structs.replace(
            self, revision=replica.revision, charter=replica.charter_blob, members=members, records=records
        )


@attrs.define
class PartyFile:
    """The party file of a node.

    :param folder: the node's state folder.
    :ivar trouble: what was wrong with a file that had to be set aside, for the user; empty when nothing was.
    """

    folder: Path
    trouble: str = attrs.field(init=False, default="")

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.folder / FILE

    def load(self) -> SavedParty | None:
        """Read it; ``None`` when this node is in no party, or when the file was damaged and set aside.

        :raises StoreError: when it cannot be read, or others may read it.
        """
        raw = read_private(self.path)
        if raw is None:
            return None
        try:
            saved = msgspec.json.decode(raw, type=SavedParty)
            if saved.version != VERSION:
                raise StoreError(f"it has version {saved.version}, this LANrage reads {VERSION}")
            return saved
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, LanrageError) as error:
            self._set_aside(str(error))
            return None

    def save(self, saved: SavedParty) -> None:
        """Replace it in one step that survives a power cut.

        :raises StoreError: names the file and the reason; the old one stands.
        """
        make_folder(self.folder)
        write_atomic(self.path, msgspec.json.format(msgspec.json.encode(saved), indent=1))

    def remove(self) -> None:
        """Forget the party; a file that is gone is no error.

        :raises StoreError: when it cannot be removed.
        """
        try:
            self.path.unlink(missing_ok=True)
            if self.folder.exists():
                sync_folder(self.folder)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be removed: {error.strerror}") from error

    def _set_aside(self, reason: str) -> None:
        aside = self.path.with_name(f"{FILE}.damaged")
        self.path.replace(aside)
        self.trouble = f"{self.path} is damaged ({reason}); it was set aside as {aside.name}: join the party again"
        log.warn("the party file {path} is damaged: {reason}; set aside", path=str(self.path), reason=reason)
