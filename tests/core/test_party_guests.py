"""Guests in the ledger: who may bring and dismiss them, when they end, and who counts beside members."""

from __future__ import annotations

from ipaddress import IPv4Network

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.certificates import Member
from lanrage.core.ledger_records import CLOCK_SLACK, Appoint, DismissGuest, HandOver, Revoke, subject
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
from tests.fakes_control import NOW, node_keys
from tests.fakes_ledger import LedgerKit
from tests.ledger_case import LedgerCase
from tests.strategies_guests import GUEST_KEYS, NETWORK, bring, guest

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
