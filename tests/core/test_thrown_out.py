"""Who was thrown out lately, by a ledger's end."""

from __future__ import annotations

from lanrage.core.ledger_records import Revoke, peek_record
from lanrage.core.thrown_out import thrown_out_since
from tests.fakes_control import node_keys
from tests.ledger_case import LedgerCase


class ThrownOutTests(LedgerCase):
    """Two kicks, an hour apart by the records' own times."""

    def test_since(self) -> None:
        """Those of a time and later, the newest first; the others are not read."""
        ledger, party_id = self.ledger, self.kit.kit.party_id
        for name in ("ben", "carl"):
            self.kit.append(self.host, Revoke(node_keys(name).identity.public, False))
        times = [peek_record(blob, party_id).at for blob in ledger.records]
        every = list(thrown_out_since(ledger.records, party_id, 0.0))
        self.assertEqual([identity for identity, _ in every], [node_keys(n).identity.public for n in ("carl", "ben")])
        self.assertEqual([at for _, at in every], times[::-1])
        self.assertEqual(list(thrown_out_since(ledger.records, party_id, times[-1] + 1)), [])
        self.assertEqual(list(thrown_out_since((), party_id, 0.0)), [])
