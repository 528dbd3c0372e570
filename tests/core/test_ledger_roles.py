"""The ledger's rules about roles, the host's place and the party's name."""

from __future__ import annotations

from lanrage.core.identity import NodeKeys
from lanrage.core.ledger import MODERATORS_LIMIT
from lanrage.core.ledger_records import (
    Appoint,
    HandOver,
    Rename,
    Revoke,
    Support,
    Veto,
)
from tests.fakes_control import PartyKit, node_keys
from tests.fakes_ledger import LedgerKit
from tests.ledger_case import LedgerCase

HOUR = 3600


class HostTests(LedgerCase):
    """Roles, the host's place, the name."""

    def party(self, **rules: object) -> list[NodeKeys]:
        """A host with three moderators, and a rule."""
        self.kit = LedgerKit(PartyKit.make("rules", **rules))  # type: ignore[arg-type]
        self.ledger, self.host = self.kit.ledger, self.kit.host
        guests = [self.kit.admit(n, number=n) for n in (2, 3, 4)]
        for guest in guests:
            self.kit.append(self.host, Appoint(guest.identity.public, "moderator"))
        return guests

    def test_names(self) -> None:
        """Host and moderators rename, members do not, and the same name is no change."""
        ada = self.kit.admit("ada")
        self.refused("not_allowed", ada, Rename("hers"))
        self.refused("no_change", self.host, Rename("the party"))
        self.kit.append(self.host, Appoint(ada.identity.public, "moderator"))
        self.kit.append(ada, Rename("hers"))
        self.assertEqual("hers", self.ledger.name)

    def test_appointing(self) -> None:
        """The host alone appoints, full members alone, and so many."""
        guests = self.party()
        self.refused("not_allowed", guests[0], Appoint(guests[1].identity.public, "member"))
        self.refused("not_allowed", self.host, Appoint(node_keys("x").identity.public, "moderator"))
        self.refused("not_allowed", self.host, Appoint(self.host.identity.public, "member"))
        self.refused("no_change", self.host, Appoint(guests[0].identity.public, "moderator"))
        more = [self.kit.admit(n, number=n) for n in range(5, 6 + MODERATORS_LIMIT - 3)]
        for guest in more[:-1]:
            self.kit.append(self.host, Appoint(guest.identity.public, "moderator"))
        self.refused("limit", self.host, Appoint(more[-1].identity.public, "moderator"))

    def test_handed_over(self) -> None:
        """The new host is the host, the old one a moderator."""
        ada, bob, _ = self.party()
        self.refused("not_allowed", ada, HandOver(ada.identity.public))
        self.kit.append(self.host, HandOver(ada.identity.public))
        self.assertEqual(
            ["host", "moderator", "moderator"], [self.ledger.role(k.identity.public) for k in (ada, bob, self.host)]
        )
        self.refused("not_allowed", self.host, HandOver(self.host.identity.public))

    def test_never(self) -> None:
        """A party whose rule is never keeps its host."""
        ada, *_ = self.party(takeover="never")
        self.refused("not_allowed", ada, Support(ada.identity.public))

    def test_majority(self) -> None:
        """More than half of the moderators, for the same member, at once; a veto has no place there."""
        ada, bob, carl = self.party(takeover="majority")
        self.kit.append(ada, Support(ada.identity.public))
        self.refused("no_change", ada, Support(ada.identity.public))
        self.kit.append(bob, Support(bob.identity.public))
        self.refused("not_allowed", self.host, Veto())
        self.assertEqual("host", self.ledger.role(self.host.identity.public))
        self.kit.append(carl, Support(ada.identity.public))
        self.assertEqual(["host", "member"], [self.ledger.role(k.identity.public) for k in (ada, self.host)])
        self.assertEqual({}, self.ledger.claims)

    def test_delay(self) -> None:
        """One moderator, after the delay; a member and a stranger have no say, and the host's veto ends it."""
        ada, bob, _ = self.party(takeover="delay", takeover_delay=HOUR)
        member = self.kit.admit(9, number=9)
        self.refused("not_allowed", member, Support(member.identity.public))
        self.refused("not_allowed", ada, Support(node_keys("x").identity.public))
        self.kit.append(ada, Support(bob.identity.public))
        self.assertIn("3600", self.refused("too_early", ada, Support(bob.identity.public)))
        self.kit.now += HOUR - 1
        self.refused("too_early", ada, Support(bob.identity.public))
        self.kit.append(self.host, Veto())
        self.refused("no_change", self.host, Veto())
        self.kit.now += 2
        self.kit.append(ada, Support(bob.identity.public))
        self.assertEqual("moderator", self.ledger.role(bob.identity.public))
        self.kit.now += HOUR
        self.kit.append(ada, Support(bob.identity.public))
        self.assertEqual(["host", "member"], [self.ledger.role(k.identity.public) for k in (bob, self.host)])

    def test_changed_mind(self) -> None:
        """Another candidate starts the delay anew."""
        ada, bob, _ = self.party(takeover="delay", takeover_delay=HOUR)
        self.kit.append(ada, Support(bob.identity.public))
        self.kit.now += HOUR
        self.kit.append(ada, Support(ada.identity.public))
        self.refused("too_early", ada, Support(ada.identity.public))

    def test_claims_fall_with_their_people(self) -> None:
        """A claim by or for one who was thrown out is none."""
        ada, bob, _ = self.party(takeover="delay", takeover_delay=HOUR)
        self.kit.append(ada, Support(bob.identity.public))
        self.kit.append(self.host, Revoke(bob.identity.public, False))
        self.assertEqual({}, self.ledger.claims)
        self.kit.append(ada, Support(ada.identity.public))
        self.kit.append(self.host, Appoint(ada.identity.public, "member"))
        self.assertEqual({}, self.ledger.claims)
