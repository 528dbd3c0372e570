"""Ledgers for tests: who signs what, in one line."""

from __future__ import annotations

from typing import Any

import attrs

from lanrage.core.identity import NodeKeys
from lanrage.core.ledger import Ledger
from lanrage.core.ledger_records import Action, Admit, Record, sign_record
from tests.fakes_control import NOW, PartyKit, node_keys

SECRET = b"l" * 16


@attrs.define
class LedgerKit:
    """A party's ledger with its host, and guests that join by an invitation."""

    kit: PartyKit = attrs.field(factory=lambda: PartyKit.make("ledger"))
    ledger: Ledger = attrs.field(init=False)
    now: float = NOW

    def __attrs_post_init__(self) -> None:
        self.ledger = Ledger(self.kit.charter, self.kit.charter_blob)

    @property
    def host(self) -> NodeKeys:
        """The founder."""
        return self.kit.host

    def record(self, author: NodeKeys, action: Action, **fields: Any) -> bytes:
        """The next record, signed."""
        ledger = self.ledger
        given: dict[str, Any] = {
            "party_id": bytes.fromhex(self.kit.party_id),
            "epoch": ledger.epoch + 1,
            "previous": ledger.head,
            "author": author.identity.public,
            "at": int(self.now),
            "action": action,
        }
        return sign_record(Record(**(given | fields)), author.identity)

    def append(self, author: NodeKeys, action: Action) -> bytes:
        """Sign and append; the record."""
        blob = self.record(author, action)
        self.ledger.append(blob)
        return blob

    def admission(self, guest: NodeKeys, *, secret: bytes = SECRET, number: int = 2, **options: Any) -> Admit:
        """What countersigns a guest.

        :param options: of the invitation.
        """
        epoch = options.get("epoch", 0)
        name, address = f"guest {number}", f"10.66.0.{number}"
        certificate = self.kit.certificate(guest, name, address, secret=secret, now=self.now, epoch=epoch)
        return Admit(guest.identity.public, certificate, self.kit.invitation(secret, **options))

    def admit(self, seed: object, **options: Any) -> NodeKeys:
        """A guest whom the host countersigned."""
        guest = node_keys(seed)
        self.append(self.host, self.admission(guest, **options))
        return guest
