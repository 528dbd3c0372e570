"""Which frames take the way around by the host."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.replicator import HOST_STALE_SECONDS, MEMBER_STALE_SECONDS, Replication
from tests.strategies_lan import lan_of

PEOPLE = [IPv4Address(f"10.66.0.{number}") for number in range(1, 7)]
ME, HOST, *OTHERS = PEOPLE


def views(members: list[IPv4Address]) -> dict[IPv4Address, Replication]:
    """Each member's own, after all have told each other what they are."""
    made = {each: Replication(lan_of(each, *(other for other in members if other != each))) for each in members}
    for _ in range(2):  # the second time the host's digest knows who accepts
        for each, view in made.items():
            for other, others in made.items():
                if each != other:
                    others.take(each, view.standing(each == HOST, 0.0), 0.0)
    return made


class ReplicationTests(SynchronousTestCase):
    """Six members; one is the host."""

    def test_one_copy(self) -> None:
        """All agree: one copy goes to the host, who brings it to all but the origin."""
        made = views(PEOPLE)
        self.assertEqual(made[ME].around([HOST, *OTHERS], HOST, 0.0), ([], (HOST,)))
        self.assertEqual(made[ME].around(OTHERS, HOST, 0.0), ([], (HOST,)))
        self.assertEqual(made[HOST].receivers(ME, 0.0), set(OTHERS))

    def test_directly(self) -> None:
        """Too few members, no host, a host that is silent, sees another party or is this member: as without it."""
        mine = views(PEOPLE)[ME]
        self.assertEqual(mine.around(OTHERS[:2], HOST, 0.0), (OTHERS[:2], ()))
        cases = [(None, 0.0), (ME, 0.0), (OTHERS[0], 0.0), (HOST, HOST_STALE_SECONDS + 0.1)]
        for host, now in cases:
            self.assertEqual(mine.around(OTHERS, host, now), (OTHERS, ()))
        mine.set_lan(lan_of(ME, HOST, *OTHERS[:-1]))
        self.assertEqual(mine.around(OTHERS[:-1], HOST, 0.0), (OTHERS[:-1], ()))

    def test_who_does_not_accept(self) -> None:
        """A member without the setting gets its frames directly; where that leaves no gain, all do."""
        made = views(PEOPLE[:-1])
        last = PEOPLE[-1]
        for each, view in made.items():
            view.set_lan(lan_of(each, *(other for other in PEOPLE if other != each)))
        made[ME].take(HOST, made[HOST].standing(True, 0.0), 0.0)
        self.assertEqual(made[ME].around(PEOPLE[1:], HOST, 0.0), ([last], (HOST,)))
        self.assertNotIn(last, made[HOST].receivers(ME, 0.0))
        made[ME].take(OTHERS[0], made[OTHERS[0]].standing(False, 0.0), MEMBER_STALE_SECONDS)
        self.assertEqual(made[ME].accepting(MEMBER_STALE_SECONDS + 0.1), {OTHERS[0]})

    @given(st.sets(st.sampled_from(OTHERS)), st.sets(st.sampled_from(OTHERS)), st.sets(st.sampled_from(PEOPLE[1:])))
    def test_nobody_forgotten(self, mine: set[IPv4Address], hosts: set[IPv4Address], wanting: set[IPv4Address]) -> None:
        """Whatever the two ends know of who accepts: each member that wants a frame gets it by one way at least."""
        views_of = {each: Replication(lan_of(each, *(o for o in PEOPLE if o != each))) for each in PEOPLE}
        for end, known in ((ME, mine), (HOST, hosts)):
            for each in known:
                views_of[end].take(each, views_of[each].standing(False, 0.0), 0.0)
        views_of[HOST].take(ME, views_of[ME].standing(False, 0.0), 0.0)
        views_of[ME].take(HOST, views_of[HOST].standing(True, 0.0), 0.0)
        directly, around = views_of[ME].around(sorted(wanting), HOST, 0.0)
        reached = set(directly) | set(around) | (views_of[HOST].receivers(ME, 0.0) if around else set())
        self.assertLessEqual(wanting, reached)
        self.assertEqual(bool(around) and mine != hosts, False)
