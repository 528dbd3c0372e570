"""The control server and guests: no address and no key is given twice."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import given, settings
from hypothesis import strategies as st

from lanrage.core.identity import NodeKeys
from lanrage.core.ledger_records import Action, DismissGuest, Record, sign_record
from lanrage.core.party_guests import choose_guest_address
from tests.core import test_world
from tests.core.test_world import HOST, KIT, SECRET
from tests.fakes_control import NOW, PartyKit, caller, node_keys
from tests.strategies_guests import GUEST_KEYS, bring

TIGHT = PartyKit.make("tight", subnet="10.66.7.0/28", host=HOST)


class GuestTests(test_world.WorldCase):
    """A party with guests."""

    def append(self, action: Action, *, kit: PartyKit = KIT, author: NodeKeys = HOST, now: float = NOW) -> object:
        """Sign and append."""
        ledger = self.world.parties[kit.party_id].ledger
        party_id = bytes.fromhex(kit.party_id)
        record = Record(party_id, ledger.epoch + 1, ledger.head, author.identity.public, int(now), action)
        return self.world.append(caller(author), kit.party_id, sign_record(record, author.identity), now).reply

    def test_member_address(self) -> None:
        """A guest gets no address of a member, or of one that is about to join."""
        server = HOST.identity.public
        self.refused("guest_taken", self.append, bring(0, server, address="10.66.0.1"))
        joiner = node_keys("joiner")
        proof = KIT.proof(joiner, SECRET)
        self.world.reserve(caller(joiner), KIT.party_id, KIT.invitation_id(SECRET), "joiner", proof, NOW)
        self.refused("guest_taken", self.append, bring(0, server, address="10.66.0.2"))
        self.assertIsNone(self.append(bring(0, server, address="10.66.0.2"), now=NOW + 61))

    def test_member_key(self) -> None:
        """Nor a key: WireGuard would take the guest's packets for the member's."""
        action = bring(0, HOST.identity.public)
        stolen = type(action)(HOST.wireguard.public, action.name, action.address, action.server, action.expires)
        self.refused("guest_taken", self.append, stolen)

    def test_past(self) -> None:
        """A guest that has ended is none."""
        self.refused("bad_guest", self.append, bring(0, HOST.identity.public, life=100), now=NOW + 100)

    def test_returns(self) -> None:
        """Who comes back and finds a guest at its address gets another one; after the guest's end it is free."""
        one, other = node_keys("one"), node_keys("other")
        address = self.join(one, "one").reply.members[-1]
        self.world.leave(caller(one), KIT.party_id, NOW)
        self.append(bring(0, HOST.identity.public, address="10.66.0.2", life=600))
        self.join(one, "one")
        self.join(other, "other")
        taken = {str(member.certificate.ip) for member in self.world.parties[KIT.party_id].members()}
        self.assertEqual({"10.66.0.1", "10.66.0.3", "10.66.0.4"}, taken, address)
        self.assertEqual(IPv4Address("10.66.0.2"), self.world.parties[KIT.party_id].address_for(b"n" * 32, NOW + 600))

    @given(st.lists(st.sampled_from(["join", "guest", "dismiss"]), max_size=24))
    @settings(max_examples=15, deadline=None)
    def test_never_twice(self, steps: list[str]) -> None:
        """Until all of a small subnet's addresses are given, nobody is refused one, and no two have the same."""
        self.setUp()
        self.found(TIGHT)
        party = self.world.parties[TIGHT.party_id]
        living: list[int] = []
        for number, step in enumerate(steps):
            members = {member.certificate.ip for member in party.members()}
            guests = {guest.address for guest in party.ledger.guests.living(NOW)}
            self.assertEqual(set(), members & guests)
            full = len(members) + len(guests) == 14
            if step == "join" and not full:
                self.join(node_keys(f"tight {number}"), f"n{number}", kit=TIGHT)
            elif step == "guest" and not full and len(living) < 16 and number < len(GUEST_KEYS):
                address = choose_guest_address(TIGHT.charter.network, members | guests)
                self.append(bring(number, HOST.identity.public, address=str(address)), kit=TIGHT)
                living.append(number)
            elif step == "dismiss" and living:
                self.append(DismissGuest(GUEST_KEYS[living.pop()]), kit=TIGHT)
