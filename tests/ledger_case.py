"""What tests of the ledger's rules share."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.certificates import Member, open_invitation
from lanrage.core.identity import NodeKeys
from lanrage.core.ledger import Standing
from lanrage.core.ledger_records import Action
from lanrage.errors import Refused
from tests.fakes_ledger import SECRET, LedgerKit


class LedgerCase(SynchronousTestCase):
    """A ledger with its host alone."""

    def setUp(self) -> None:
        """A new party."""
        self.kit = LedgerKit()
        self.ledger, self.host = self.kit.ledger, self.kit.host

    def refused(self, code: str, author: NodeKeys, action: Action) -> str:
        """The record is refused with this word, and nothing has changed."""
        before = str(self.ledger)
        with self.assertRaises(Refused) as caught:
            self.kit.append(author, action)
        self.assertEqual(code, caught.exception.code, caught.exception.message)
        self.assertEqual(before, str(self.ledger))
        return caught.exception.message

    def stands(self, keys: NodeKeys, *, secret: bytes = SECRET, epoch: int = 0, uses: int = 0) -> Standing | str:
        """What the ledger says of a guest's certificate: its standing, or the refusal's word."""
        invitation = self.kit.kit.invitation(secret, epoch=epoch, uses=uses)
        blob = self.kit.kit.certificate(keys, "x", "10.66.0.99", secret=secret, epoch=epoch)
        member = Member.verify(self.kit.kit.charter, blob, invitation)
        try:
            return self.ledger.standing(member.certificate, open_invitation(invitation, self.kit.kit.charter))
        except Refused as error:
            return error.code
