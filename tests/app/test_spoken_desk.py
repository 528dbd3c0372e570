"""The inviter's side of spoken codes with time in the test's hand: when a code is void, and who is told."""

from __future__ import annotations

from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.control_link import ControlLink
from lanrage.app.spoken_desk import BURNT, LOST, Spoken, SpokenDesk
from lanrage.core.pairing import Context, Joiner
from lanrage.core.spoken import SpokenCode
from lanrage.errors import DecodeError, Refused, Unreachable
from lanrage.wire.control_mailbox import CloseMailbox, LetterCame, MailboxGone, MailboxOpened, OpenMailbox, SendLetter
from tests.fakes_control import SeededRandom, seeded
from tests.fakes_mailbox import FakeLink

PARTY, ANNA, BERT, CARL = "ab" * 16, seeded("anna"), seeded("bert"), seeded("carl")
INVITATION = "LR1-invitation"


class DeskTests(SynchronousTestCase):
    """One desk, one link, and letters by hand."""

    def setUp(self) -> None:
        """A desk with no code."""
        self.clock, self.link = Clock(), FakeLink()
        self.desk = SpokenDesk(self.clock, ANNA, SeededRandom("desk"))

    def start(self, nameplate: int = 7, lifetime: float = 600.0, invite: Any = None) -> Deferred[Spoken]:
        """Ask for a code."""

        async def usual() -> str:
            return INVITATION

        self.link.answers[OpenMailbox] = MailboxOpened(nameplate, lifetime)
        link = cast(ControlLink, self.link)
        return Deferred.fromCoroutine(self.desk.offer(link, PARTY, invite or usual))

    def offer(self, nameplate: int = 7, lifetime: float = 600.0) -> SpokenCode:
        """A code."""
        spoken = self.successResultOf(self.start(nameplate, lifetime))
        self.assertEqual((INVITATION, min(600.0, lifetime)), (spoken.invitation, spoken.lifetime))
        return SpokenCode.decode(spoken.code)

    def joiner(self, code: SpokenCode) -> Joiner:
        """Bert, who heard the code."""
        context = Context(PARTY, ANNA, BERT, self.link.client.server_key, code.nameplate)
        return Joiner(context, code.password, SeededRandom("joiner"))

    def send(self, payload: bytes, sender: bytes = BERT, nameplate: int = 7) -> None:
        """A letter comes."""
        self.desk.heard(LetterCame(nameplate, sender, payload))

    def answer(self) -> bytes:
        """The desk's last letter."""
        letter = self.link.asked[-1]
        assert isinstance(letter, SendLetter)
        return letter.payload

    def void(self, trouble: str) -> None:
        """No code waits, nothing is timed, and the user is told this."""
        self.assertEqual((0, [], trouble), (len(self.desk), self.clock.getDelayedCalls(), self.desk.trouble))

    def test_exchange(self) -> None:
        """The joiner gets the invitation, and the code is gone without trouble."""
        code = self.offer()
        joiner = self.joiner(code)
        self.send(joiner.start())
        self.send(joiner.receive(self.answer()))
        joiner.receive(self.answer())
        self.assertEqual(INVITATION, joiner.code)
        self.void("")

    def test_expiry(self) -> None:
        """After ten minutes, or sooner if the server says so, the code is of no use; nobody is alarmed."""
        for lifetime, passed in ((600.0, 599.9), (9e9, 599.9), (30.0, 29.9)):
            code = self.offer(lifetime=lifetime)
            self.clock.advance(passed)
            self.assertEqual(1, len(self.desk))
            self.clock.advance(0.2)
            self.void("")
            asked = len(self.link.asked)
            self.send(self.joiner(code).start())
            self.assertEqual(asked, len(self.link.asked))

    def test_every_failure_burns(self) -> None:
        """Garbage, another joiner in the middle, a false MAC, the mailbox gone: the code is void, and the user told."""

        def garbage(_: Joiner) -> None:
            self.send(b"x")

        def other_joiner(joiner: Joiner) -> None:
            self.send(joiner.start())
            self.send(joiner.receive(self.answer()), CARL)

        def false_mac(joiner: Joiner) -> None:
            self.send(joiner.start())
            self.send(bytes(32))

        def gone(joiner: Joiner) -> None:
            self.send(joiner.start())
            self.desk.heard(MailboxGone(7, "code_burnt"))

        def gone_before(_: Joiner) -> None:
            self.desk.heard(MailboxGone(7, "whatever"))

        for bad in (garbage, other_joiner, false_mac, gone, gone_before):
            joiner = self.joiner(self.offer())
            self.assertEqual("", self.desk.trouble)
            bad(joiner)
            self.void(BURNT)
            self.assertEqual(CloseMailbox(7), self.link.asked[-1])
            self.assertIsNone(joiner.code)
            self.send(joiner.start())
            self.assertEqual(CloseMailbox(7), self.link.asked[-1])

    def test_trouble_passes(self) -> None:
        """It is told for ten minutes, or until the next code."""
        self.offer()
        self.desk.heard(MailboxGone(7, "code_burnt"))
        self.clock.advance(599)
        self.assertEqual(BURNT, self.desk.trouble)
        self.clock.advance(1)
        self.assertEqual("", self.desk.trouble)

    def test_link_lost(self) -> None:
        """All codes are void, and the user told; without codes there is nothing to tell."""
        self.desk.lost()
        self.void("")
        self.offer(7)
        self.offer(8)
        self.desk.lost()
        self.void(LOST)

    def test_leaving(self) -> None:
        """The party is left on purpose: all is void and nothing is trouble."""
        self.offer()
        self.desk.forget()
        self.void("")

    def test_other_mailboxes(self) -> None:
        """Letters and endings of mailboxes that are not ours do nothing."""
        self.offer()
        self.send(b"x", nameplate=8)
        self.desk.heard(MailboxGone(8, "code_burnt"))
        self.assertEqual((1, ""), (len(self.desk), self.desk.trouble))

    def test_no_mailbox(self) -> None:
        """The server's refusal is passed on, and no invitation was made."""
        invited: list[str] = []

        async def invite() -> str:
            invited.append(INVITATION)
            return INVITATION

        starting = self.start(invite=invite)
        self.successResultOf(starting)
        self.link.answers[OpenMailbox] = Refused("limit", "too many")
        link = cast(ControlLink, self.link)
        work = Deferred.fromCoroutine(self.desk.offer(link, PARTY, invite))
        self.assertEqual("limit", self.failureResultOf(work, Refused).value.code)
        self.assertEqual((1, 1), (len(invited), len(self.desk)))

    def test_same_mailbox_twice(self) -> None:
        """A server that gives one nameplate twice is refused; the first code stands."""
        self.offer()
        self.failureResultOf(self.start(), DecodeError)
        self.assertEqual(1, len(self.desk))

    def test_lost_while_made(self) -> None:
        """The link goes while the invitation is made: no code is told that nobody can use."""

        async def slow() -> str:
            self.desk.lost()
            return INVITATION

        self.failureResultOf(self.start(invite=slow), Unreachable)
        self.void(LOST)

    def test_invitation_fails(self) -> None:
        """The mailbox is given up again."""

        async def refuses() -> str:
            raise Refused("not_a_member", "only the host")

        failure = self.failureResultOf(self.start(invite=refuses), Refused)
        self.assertEqual("not_a_member", failure.value.code)
        self.assertEqual([OpenMailbox(PARTY), CloseMailbox(7)], self.link.asked)
        self.void("")
