"""What Discord shows, how often that changes, and which invitation goes with it."""

from __future__ import annotations

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.code import InvitationCode
from lanrage.core.discord_activity import (
    SPAN,
    TEXT_LONGEST,
    UPDATES,
    Activity,
    ActivityPace,
    fitting,
    join_secret,
    read_secret,
    shown_party,
)
from lanrage.core.discord_presence import INVITED, RENEWAL, REST, InvitationPlan, activity
from lanrage.core.game_presence import Hosted, Playing
from lanrage.core.party_events import MemberSeen, PartySeen

TEEWORLDS, QUAKE = Playing("teeworlds", "Teeworlds", True, (Hosted("udp", 8303),)), Playing("quake", "Q")
PARTY = "ab" * 16
LONG = "a" * 60 + ".example.org:7766"


def party(online: int, away: int = 0) -> PartySeen:
    """With so many members."""
    members = {bytes([n]): MemberSeen(f"Member {n}", n < online) for n in range(online + away)}
    return PartySeen(PARTY, "Friday's secret plans", members)


def code(*addresses: str) -> InvitationCode:
    """An invitation."""
    return InvitationCode(b"s" * 16, PARTY, b"f" * 16, addresses)


class ShownTests(SynchronousTestCase):
    """:func:`activity`."""

    def test_nothing(self) -> None:
        """Without a game nothing is shown, party or not."""
        self.assertIsNone(activity((), party(2), 16, 0.0, "LR1-x"))

    def test_game(self) -> None:
        """The game that is hosted comes first; outside of a party there is the game alone."""
        self.assertEqual(Activity("Teeworlds", started=7), activity((QUAKE, TEEWORLDS), None, 0, 7.9))
        self.assertEqual(
            Activity("(Q)", "In a LAN party", shown_party(PARTY), 2, 16, 7, "LR1-x"),
            activity((QUAKE,), party(2, 1), 16, 7.9, "LR1-x"),
        )
        shown = activity((QUAKE, TEEWORLDS), party(2), 16, 7.9)
        assert shown is not None
        self.assertEqual(("Teeworlds", "Hosting for a LAN party", ""), (shown.details, shown.state, shown.join))

    def test_full(self) -> None:
        """Where there is no room nobody is invited."""
        shown = activity((QUAKE,), party(4), 4, 0.0, "LR1-x")
        assert shown is not None
        self.assertEqual((4, 4, ""), (shown.members, shown.members_limit, shown.join))

    def test_private(self) -> None:
        """Neither the party's name nor its id nor a member's name is shown."""
        shown = str(activity((TEEWORLDS,), party(3), 16, 0.0))
        for secret in ("Friday", PARTY, "Member"):
            self.assertNotIn(secret, shown)
        self.assertEqual((32, shown_party(PARTY)), (len(shown_party(PARTY)), shown_party(PARTY)))
        self.assertNotEqual(shown_party(PARTY), shown_party("cd" * 16))

    @given(st.text(max_size=200))
    def test_fitting(self, text: str) -> None:
        """Two to 128 characters, or none."""
        fit = fitting(text)
        self.assertTrue(not fit or 2 <= len(fit) <= TEXT_LONGEST)
        self.assertEqual(bool(text.strip()), bool(fit))


class SecretTests(SynchronousTestCase):
    """:func:`join_secret`."""

    def test_addresses(self) -> None:
        """As many of the server's addresses as fit; none where not even one does."""
        whole = code("play.example.org:7766")
        self.assertEqual(whole, read_secret(join_secret(whole)))
        two = code("play.example.org:7766", "[2001:db8::1]:7766", "192.0.2.1:7766")
        fit = read_secret(join_secret(two))
        assert fit is not None
        self.assertEqual(two.addresses[: len(fit.addresses)], fit.addresses)
        self.assertEqual((1, ""), (len(fit.addresses), join_secret(code(LONG))))
        self.assertLessEqual(len(join_secret(two)), TEXT_LONGEST)

    @given(st.text(max_size=150) | st.just("LR1-" + "A" * 2000))
    def test_nonsense(self, text: str) -> None:
        """Whatever a friend's Discord says is an invitation or nothing."""
        self.assertIsNone(read_secret(text))


class PaceMachine(RuleBasedStateMachine):
    """Whatever is wanted when: never more than five in twenty seconds, and the last wish is shown in the end."""

    def __init__(self) -> None:
        super().__init__()
        self.pace, self.now = ActivityPace(), 0.0
        self.sent: list[float] = []
        self.shown: Activity | None = None

    @rule(seconds=st.sampled_from((0.0, 0.5, 3.9, SPAN)))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @rule(what=st.none() | st.sampled_from([Activity(name) for name in ("Quake", "Doom")]))
    def want(self, what: Activity | None) -> None:
        """Something else is played."""
        self.pace.want(what)
        self.take()

    @rule()
    def restarted(self) -> None:
        """Discord is started anew."""
        self.pace.connected()
        self.shown = None
        self.take()

    @rule()
    def take(self) -> None:
        """What is due is sent."""
        if self.pace.take(self.now):
            self.sent.append(self.now)
            self.shown = self.pace.wanted

    @invariant()
    def bounded(self) -> None:
        """See the class."""
        assert all(late - early >= SPAN for early, late in zip(self.sent, self.sent[UPDATES:], strict=False))
        due = self.pace.deadline()
        assert (due is None) == (self.shown == self.pace.wanted)
        assert due is None or due <= self.now + SPAN


class PaceTests(SynchronousTestCase):
    """:class:`ActivityPace`."""

    def test_machine(self) -> None:
        """See :class:`PaceMachine`."""
        run_state_machine_as_test(PaceMachine, settings=settings(max_examples=60, stateful_step_count=30))


class PlanTests(SynchronousTestCase):
    """:class:`InvitationPlan`."""

    def setUp(self) -> None:
        """None is made yet."""
        self.plan = InvitationPlan()

    def test_life(self) -> None:
        """Made once, of few uses, anew before it is over; given while it is wanted, and again while young."""
        self.assertEqual([INVITED, 0], [self.plan.look(party(2), 16, True, at) for at in (0.0, 1.0)])
        self.plan.made(PARTY, "LR1-a", 2.0)
        looks = [self.plan.look(party(2), 16, True, at) for at in (3.0, RENEWAL + 1.9, RENEWAL + 2.0)]
        self.assertEqual(([0, 0, INVITED], "LR1-a"), (looks, self.plan.secret))
        self.plan.made(PARTY, "LR1-b", RENEWAL + 3.0)
        self.assertEqual("LR1-b", self.plan.secret)
        self.assertEqual((0, ""), (self.plan.look(party(2), 16, False, RENEWAL + 4.0), self.plan.secret))
        self.assertEqual((0, ""), (self.plan.look(None, 0, True, RENEWAL + 5.0), self.plan.secret))
        self.assertEqual((0, "LR1-b"), (self.plan.look(party(2), 16, True, RENEWAL + 6.0), self.plan.secret))
        self.assertEqual((INVITED, ""), (self.plan.look(party(2), 16, True, 9e9), self.plan.secret))

    def test_room(self) -> None:
        """No more uses than seats, those who are away counted."""
        self.assertEqual([2, 0], [InvitationPlan().look(party(2, away), 5, True, 0.0) for away in (1, 3)])

    def test_not_made(self) -> None:
        """Where none could be made it is tried again in five minutes."""
        self.plan.look(party(2), 16, True, 0.0)
        self.plan.made(PARTY, "", 1.0)
        looks = [self.plan.look(party(2), 16, True, at) for at in (REST, REST + 1.0)]
        self.assertEqual(([0, INVITED], ""), (looks, self.plan.secret))

    def test_another_party(self) -> None:
        """An invitation that comes when this node is in another party is of no use there."""
        other = attrs.evolve(party(2), party_id="cd" * 16)
        self.plan.look(party(2), 16, True, 0.0)
        self.assertEqual(0, self.plan.look(other, 16, True, 1.0))
        self.plan.made(PARTY, "LR1-a", 2.0)
        self.assertEqual((INVITED, ""), (self.plan.look(other, 16, True, 3.0), self.plan.secret))
