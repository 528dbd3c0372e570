"""Guests in the ledger: who may bring and dismiss them, when they end, and who counts beside members."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.certificates import Member
from lanrage.core.ledger import Ledger
from lanrage.core.ledger_records import CLOCK_SLACK, Appoint, BringGuest, DismissGuest, HandOver, Revoke, subject
from lanrage.core.names import name_key
from lanrage.core.party_guests import (
    GUESTS_LIMIT,
    LIFE_LIMIT,
    Guest,
    Resting,
    by_server,
    choose_guest_address,
    earliest,
    find_guests,
    judge_guests,
    next_end,
)
from lanrage.errors import Refused
from tests.fakes_control import NOW, node_keys
from tests.fakes_ledger import LedgerKit
from tests.ledger_case import LedgerCase
from tests.strategies_guests import GUEST_KEYS, NETWORK, addresses, bring, guest, keys, lives, names

ADA = node_keys("ada")


class RuleTests(LedgerCase):
    """What the ledger takes."""

    def setUp(self) -> None:
        """Ada is a member."""
        super().setUp()
        self.kit.append(self.host, self.kit.admission(ADA))
        self.me, self.ada = self.host.identity.public, ADA.identity.public

    def test_author(self) -> None:
        """The host and moderators bring guests; the serving member may dismiss its own, others not."""
        self.refused("not_allowed", ADA, bring(0, self.ada))
        self.kit.append(self.host, bring(0, self.ada))
        self.kit.append(self.host, bring(1, self.me))
        self.refused("not_allowed", ADA, DismissGuest(GUEST_KEYS[1]))
        self.kit.append(ADA, DismissGuest(GUEST_KEYS[0]))
        self.kit.append(self.host, Appoint(self.ada, "moderator"))
        self.kit.append(ADA, DismissGuest(GUEST_KEYS[1]))
        self.kit.append(ADA, bring(2, self.me))
        self.assertEqual({GUEST_KEYS[2]}, set(self.ledger.guests.guests))

    def test_server(self) -> None:
        """A guest is served by a full member, and ends with it."""
        self.refused("bad_guest", self.host, bring(0, node_keys("nobody").identity.public))
        self.kit.append(self.host, bring(0, self.ada))
        self.kit.append(self.host, bring(1, self.me))
        self.kit.append(self.host, Revoke(self.ada, False))
        self.assertEqual({GUEST_KEYS[1]}, set(self.ledger.guests.guests))

    def test_author_thrown_out(self) -> None:
        """A moderator that is thrown out does not stay by a guest whose key it drew, whoever serves that."""
        self.kit.append(self.host, Appoint(self.ada, "moderator"))
        self.kit.append(ADA, bring(0, self.me))
        self.kit.append(self.host, bring(1, self.me))
        self.kit.append(self.host, Revoke(self.ada, False))
        self.assertEqual({GUEST_KEYS[1]}, set(self.ledger.guests.guests))

    def test_bringer_demoted(self) -> None:
        """A moderator that is one no more keeps none that it brought, nor gets them back with the role; it still serves
        those of others."""
        self.kit.append(self.host, Appoint(self.ada, "moderator"))
        self.kit.append(ADA, bring(0, self.me))
        self.kit.append(ADA, bring(1, self.ada))
        self.kit.append(self.host, bring(2, self.ada))
        self.kit.append(self.host, Appoint(self.ada, "member"))
        self.assertEqual([GUEST_KEYS[2]], self.living())
        self.kit.append(self.host, Appoint(self.ada, "moderator"))
        self.assertEqual([GUEST_KEYS[2]], self.living())

    def test_fallen_holds_nothing(self) -> None:
        """Name, address and key of one that fell are free at once; that somebody dismisses it all the same is no error,
        since ledgers of before have such records."""
        self.kit.append(self.host, Appoint(self.ada, "moderator"))
        for number in range(3):
            self.kit.append(ADA, bring(number, self.me, name=f"phone {number}"))
        self.kit.append(self.host, Appoint(self.ada, "member"))
        self.kit.append(self.host, bring(3, self.me, name="phone 0", address=bring(0, self.me).address))
        self.kit.append(self.host, bring(1, self.me, name="phone 1"))
        for number in (0, 2):
            self.kit.append(self.host, DismissGuest(GUEST_KEYS[number]))
        self.assertEqual([GUEST_KEYS[1], GUEST_KEYS[3]], self.living())
        self.kit.append(self.host, Appoint(self.ada, "moderator"))
        self.kit.append(self.host, Appoint(self.ada, "member"))
        self.assertEqual([GUEST_KEYS[1], GUEST_KEYS[3]], self.living(), "the key was brought anew, by another")

    def test_host_hands_over(self) -> None:
        """The old host's guests stay, for it is a moderator; they end when it is that no more."""
        self.kit.append(self.host, bring(0, self.me))
        self.kit.append(self.host, HandOver(self.ada))
        self.assertEqual([GUEST_KEYS[0]], self.living())
        self.kit.append(ADA, Appoint(self.me, "member"))
        self.assertEqual([], self.living())

    def living(self) -> list[bytes]:
        """Keys of the guests that have not ended."""
        return sorted((each.key for each in self.ledger.guests.living(self.kit.now)), key=GUEST_KEYS.index)

    def test_time(self) -> None:
        """The end lies ahead, at most a year."""
        for life in (0, -1, LIFE_LIMIT + 1):
            self.refused("bad_guest", self.host, bring(0, self.me, life=life))
        self.kit.append(self.host, bring(0, self.me, life=LIFE_LIMIT))

    def test_address(self) -> None:
        """It lies in the party's subnet, and is a host's."""
        for address in ("10.66.0.0", "10.66.0.255", "10.67.0.9", "nonsense", "10.66.0.300"):
            self.refused("bad_guest", self.host, bring(0, self.me, address=address))

    def test_taken(self) -> None:
        """Key and address are no other living guest's, the name no other's of the same member."""
        self.kit.append(self.host, bring(0, self.me, name="Phone", life=100))
        self.refused("guest_taken", self.host, bring(0, self.me, address="10.66.0.9"))
        self.refused("guest_taken", self.host, bring(1, self.me, address="10.66.0.254"))
        self.refused("guest_taken", self.host, bring(1, self.me, name="\N{FULLWIDTH LATIN CAPITAL LETTER P}hone"))
        self.kit.append(self.host, bring(1, self.ada, name="Phone"))
        self.kit.now += 100
        self.kit.append(self.host, bring(2, self.me, name="phone", address="10.66.0.254"))
        self.assertEqual({GUEST_KEYS[1], GUEST_KEYS[2]}, set(self.ledger.guests.guests), "who has ended is forgotten")

    def test_limit(self) -> None:
        """A party has so many living guests."""
        for number in range(GUESTS_LIMIT):
            self.kit.append(self.host, bring(number, self.me, life=100 + number))
        self.refused("limit", self.host, bring(GUESTS_LIMIT, self.me))
        self.kit.now += 100
        self.kit.append(self.host, bring(GUESTS_LIMIT, self.me))

    def test_dismissed_once(self) -> None:
        """Who is none is not dismissed."""
        self.refused("no_change", self.host, DismissGuest(GUEST_KEYS[0]))

    def test_subject(self) -> None:
        """Two records about one guest contradict each other, two about two guests do not."""
        self.assertEqual(subject(bring(0, self.me)), subject(DismissGuest(GUEST_KEYS[0])))
        self.assertNotEqual(subject(bring(0, self.me)), subject(bring(1, self.me)))


class GuestMachine(RuleBasedStateMachine):
    """A ledger's guests against a plain list, while members come and go and time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.kit = LedgerKit()
        self.people = [self.kit.host, ADA, node_keys("bob")]
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


class NowTests(SynchronousTestCase):
    """Who counts at a moment."""

    def members(self, *numbers: int) -> list[Member]:
        """Members at the subnet's lowest addresses."""
        kit = LedgerKit()
        return [
            Member.verify(
                kit.kit.charter,
                kit.kit.certificate(node_keys(number), str(number), str(NETWORK[number]), secret=b"l" * 16),
                kit.kit.invitation(b"l" * 16),
            )
            for number in numbers
        ]

    @given(
        brought=st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), max_size=GUESTS_LIMIT),
        present=st.sets(st.integers(1, 3)),
        full=st.sets(st.integers(1, 3)),
        passed=st.integers(0, 40),
        fallen=st.sets(st.integers(0, GUESTS_LIMIT)),
    )
    @settings(max_examples=40, deadline=None)
    def test_rule(
        self, brought: list[tuple[int, int]], present: set[int], full: set[int], passed: int, fallen: set[int]
    ) -> None:
        """Those that have not ended take part while who serves and who brought them are full members, and there."""
        certificates = [member.certificate for member in self.members(*present)]
        book, there, now = LedgerKit().ledger.guests, present & full, NOW + passed
        book.fallen = {GUEST_KEYS[number] for number in fallen}
        wanted: dict[bytes, Resting | None] = {}
        for number, (server, author) in enumerate(brought):
            each = guest(
                number, node_keys(server).identity.public, life=10 + number, author=node_keys(author).identity.public
            )
            book.guests[each.key] = each
            if passed < 10 + number and number not in fallen:
                why = None if author in there else Resting.BRINGER
                wanted[each.key] = why if server in there else Resting.SERVER
        judged = judge_guests(book, certificates, {node_keys(number).identity.public for number in full}, now)
        self.assertEqual(wanted, {each.key: why for each, why in judged})
        found = [each for each, _ in judged]
        self.assertEqual(sorted(each.address for each in found), [each.address for each in found])
        self.assertEqual(
            found, sorted((g for some in by_server(found).values() for g in some), key=lambda g: g.address)
        )
        self.assertEqual(min((each.expires for each in found), default=None), next_end(found))

    def test_member_counts(self) -> None:
        """A guest with a member's address or key rests: WireGuard would give the member's traffic to it."""
        (member,) = self.members(1)
        certificate = member.certificate
        book = LedgerKit().ledger.guests
        me, end = certificate.identity, int(NOW) + 9
        clash = Guest(certificate.wireguard_key, "key", NETWORK[99], me, end, me)
        other = Guest(GUEST_KEYS[0], "address", certificate.ip, me, end, me)
        book.guests = {each.key: each for each in (clash, other)}
        judged = judge_guests(book, [certificate], [me], NOW)
        self.assertEqual([Resting.MEMBER, Resting.MEMBER], [why for _, why in judged])

    @given(st.floats(0, 2e9), st.floats(0, 2e9))
    def test_earliest(self, now: float, written: float) -> None:
        """A clock of long ago does not make guests live again; one that is right, or ahead, counts as it is."""
        at = earliest(now, written)
        self.assertGreaterEqual(at, written - CLOCK_SLACK)
        self.assertEqual(at, now if now >= written - CLOCK_SLACK else written - CLOCK_SLACK)

    @given(taken=st.sets(st.integers(0, 15)))
    def test_choice(self, taken: set[int]) -> None:
        """The highest free address of a host, none where all are taken."""
        network = IPv4Network("10.66.0.0/28")
        used = {network[number] for number in taken}
        free = [address for address in network.hosts() if address not in used]
        self.assertEqual(max(free, default=None), choose_guest_address(network, used))

    def test_find(self) -> None:
        """Names are compared as members' are."""
        found = find_guests(
            [
                guest(0),
                Guest(b"k" * 32, "\N{FULLWIDTH LATIN CAPITAL LETTER P}HONE", NETWORK[9], b"s" * 32, 1, b"s" * 32),
            ],
            "Phone",
        )
        self.assertEqual(["\N{FULLWIDTH LATIN CAPITAL LETTER P}HONE"], [each.name for each in found])
