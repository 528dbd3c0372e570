"""A ledger's guests against a plain model, while members come, rise, fall and go, and time passes."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lanrage.core.ledger import Ledger
from lanrage.core.ledger_records import Appoint, BringGuest, DismissGuest, Revoke
from lanrage.core.names import name_key
from lanrage.core.party_guests import GUESTS_LIMIT
from lanrage.errors import Refused
from tests.fakes_control import node_keys
from tests.fakes_ledger import LedgerKit
from tests.strategies_guests import NETWORK, addresses, keys, lives, names


class GuestMachine(RuleBasedStateMachine):
    """A ledger's guests against a plain list, while members come and go and time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.kit = LedgerKit()
        self.people = [self.kit.host, node_keys("ada"), node_keys("bob")]
        self.members = {0}
        self.moderators: set[int] = set()
        self.living: list[BringGuest] = []
        self.author: dict[bytes, int] = {}
        self.came = 0

    def key(self, number: int) -> bytes:
        """An identity."""
        return self.people[number].identity.public

    def write(self, author: int, action: BringGuest | DismissGuest, allowed: bool) -> bool:
        """It is taken exactly where the model says so."""
        try:
            self.kit.append(self.people[author], action)
        except Refused as error:
            assert not allowed, (error.code, error.message)
            return False
        assert allowed, action
        return True

    @rule(who=st.sampled_from([1, 2]))
    def join(self, who: int) -> None:
        """Somebody is admitted, by an invitation of now."""
        if who not in self.members:
            self.came += 1
            secret = self.came.to_bytes(16, "big")
            epoch = self.kit.ledger.epoch
            self.kit.append(
                self.kit.host,
                self.kit.admission(self.people[who], secret=secret, number=who + 2, epoch=epoch, now=self.kit.now),
            )
            self.members.add(who)

    @rule(who=st.sampled_from([1, 2]))
    def throw_out(self, who: int) -> None:
        """A member goes with all that it serves."""
        if who in self.members:
            self.kit.append(self.kit.host, Revoke(self.key(who), False))
            self.members.discard(who)
            self.moderators.discard(who)
            self.living = [e for e in self.living if e.server != self.key(who) and self.author[e.key] != who]

    @rule(who=st.sampled_from([1, 2]), up=st.booleans())
    def appoint(self, who: int, up: bool) -> None:
        """A member becomes a moderator; one that is one no more leaves none behind that it brought."""
        if who in self.members and (who in self.moderators) != up:
            self.kit.append(self.kit.host, Appoint(self.key(who), "moderator" if up else "member"))
            (self.moderators.add if up else self.moderators.discard)(who)
            if not up:
                self.living = [each for each in self.living if self.author[each.key] != who]

    @rule(seconds=st.integers(1, 3600))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.kit.now += seconds
        self.living = [each for each in self.living if each.expires > self.kit.now]

    @rule(author=st.integers(0, 2), server=st.integers(0, 2), key=keys, name=names, address=addresses, life=lives)
    def bring(self, author: int, server: int, key: bytes, name: str, address: str, life: int) -> None:
        """Somebody brings a guest."""
        action = BringGuest(key, name, address, self.key(server), int(self.kit.now) + life)
        allowed = (
            author in {0} | self.moderators
            and server in self.members
            and IPv4Address(address) in list(NETWORK.hosts())
            and len(self.living) < GUESTS_LIMIT
            and all(
                key != each.key
                and address != each.address
                and (name_key(name), action.server) != (name_key(each.name), each.server)
                for each in self.living
            )
        )
        if self.write(author, action, allowed):
            self.living.append(action)
            self.author[key] = author

    @rule(author=st.integers(0, 2), key=keys)
    def dismiss(self, author: int, key: bytes) -> None:
        """Somebody dismisses a guest; one that has ended may be in the book still."""
        there = self.kit.ledger.guests.guests.get(key)
        governs = author == 0 or author in self.moderators
        allowed = author in self.members and there is not None and (governs or there.server == self.key(author))
        if self.write(author, DismissGuest(key), allowed):
            self.living = [each for each in self.living if each.key != key]

    @invariant()
    def same(self) -> None:
        """The living are those of the model, and a second reader of the records finds the same."""
        found = {(g.key, g.name, str(g.address), g.server) for g in self.kit.ledger.guests.living(self.kit.now)}
        assert found == {(each.key, each.name, each.address, each.server) for each in self.living}
        book = self.kit.ledger.guests
        assert book.fallen <= set(book.guests)
        assert {each.key for each in self.living} <= set(book.guests)

    def teardown(self) -> None:
        """Whoever reads the records believes the same."""
        reader = Ledger(self.kit.kit.charter, self.kit.kit.charter_blob)
        for blob in self.kit.ledger.records:
            reader.append(blob)
        assert reader.guests == self.kit.ledger.guests


GuestMachine.TestCase.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
MachineTests = GuestMachine.TestCase
