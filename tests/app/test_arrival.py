"""The joiner's side of a spoken code with time in the test's hand: silence, endings, and a false inviter."""

from __future__ import annotations

from typing import Any, cast

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.arrival import ANSWER_TIMEOUT, Arrival
from lanrage.app.control_link import ControlLink
from lanrage.core.code import InvitationCode
from lanrage.core.identity import fingerprint
from lanrage.core.pairing import Context, Inviter
from lanrage.core.spoken import SpokenCode
from lanrage.errors import BadInput, LanrageError, Refused, Unreachable
from lanrage.wire.control import Done
from lanrage.wire.control_mailbox import ClaimMailbox, LetterCame, MailboxClaimed, MailboxGone, SendLetter
from tests.fakes_control import SeededRandom, seeded
from tests.fakes_mailbox import FakeLink

PARTY, ANNA, BERT = "ab" * 16, seeded("anna"), seeded("bert")
SPOKEN = SpokenCode(7, b"K7QM2F")
SERVER = "play.example:7766"
GOOD = InvitationCode(bytes(16), PARTY, fingerprint(seeded("server")), ("10.0.0.1:7766", "10.0.0.2:7766"))


class ArrivalTests(SynchronousTestCase):
    """Bert's node, with an inviter in memory."""

    def setUp(self) -> None:
        """A link, and an inviter at its other end."""
        self.clock = Clock()
        self.link = FakeLink({ClaimMailbox: MailboxClaimed(PARTY, ANNA), SendLetter: Done()})
        self.dialled: list[tuple[tuple[str, ...], bytes | None]] = []
        self.stages: list[str] = []
        self.invite(GOOD.encode())

    def invite(self, text: str) -> None:
        """The inviter gives this text."""
        context = Context(PARTY, ANNA, BERT, self.link.client.server_key, 7)
        inviter = Inviter(context, SPOKEN.password, text, SeededRandom("inviter"))

        def answer(body: Any) -> None:
            if isinstance(body, SendLetter):
                self.hear(LetterCame(7, ANNA, inviter.receive(body.payload)))

        self.link.on_ask = answer

    def hear(self, body: Any) -> None:
        """A notice comes."""
        assert self.link.mailbox_user is not None
        self.link.mailbox_user.heard(body)

    def start(self, given: Any = SPOKEN, server: str = SERVER, usual: str = "") -> Deferred[Any]:
        """Arrive."""

        def make(addresses: tuple[str, ...], pin: bytes | None) -> ControlLink:
            self.dialled.append((addresses, pin))
            return cast(ControlLink, self.link)

        arrival = Arrival(self.clock, BERT, make, SeededRandom("joiner"))
        return Deferred.fromCoroutine(arrival.arrive(given, server, usual, self.stages.append))

    def refused(self, word: str, work: Deferred[Any], kind: type[LanrageError] = Refused) -> str:
        """Refused with this word, the link closed, no timer left; the sentence."""
        error = self.failureResultOf(work, kind).value
        self.assertEqual((word, True, None), (error.code, self.link.closed, self.link.mailbox_user))
        self.assertEqual([], self.clock.getDelayedCalls())
        return str(error)

    def test_good(self) -> None:
        """The invitation comes with the address that is known to work in front, over the same open link."""
        link, invitation = self.successResultOf(self.start())
        self.assertEqual(attrs.evolve(GOOD, addresses=(SERVER, *GOOD.addresses)), invitation)
        self.assertEqual((self.link, False, None), (link, self.link.closed, self.link.mailbox_user))
        self.assertEqual([((SERVER,), None)], self.dialled)
        self.assertEqual(3, len(self.stages))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_usual_server(self) -> None:
        """Without a server of the user's the node's own is asked; without that too nothing is dialled."""
        self.successResultOf(self.start(server="", usual="usual.example:1"))
        self.assertEqual([(("usual.example:1",), None)], self.dialled)
        error = self.failureResultOf(self.start(server=""), BadInput).value
        self.assertEqual(("server", 1), (error.field, len(self.dialled)))

    def test_invitation_code(self) -> None:
        """Is dialled as it stands, the server pinned; an address that the user gives comes first, and once."""
        for server, addresses in (
            ("", GOOD.addresses),
            (SERVER, (SERVER, *GOOD.addresses)),
            ("10.0.0.2:7766", ("10.0.0.2:7766", "10.0.0.1:7766")),
        ):
            _, invitation = self.successResultOf(self.start(GOOD, server))
            self.assertEqual((addresses, GOOD.server), self.dialled[-1])
            self.assertEqual((addresses, GOOD.secret), (invitation.addresses, invitation.secret))
        self.assertEqual([], self.link.asked)
        self.assertEqual("server", self.failureResultOf(self.start(GOOD, "nonsense"), BadInput).value.field)

    def test_silence(self) -> None:
        """An inviter whose node does not answer is given up."""
        self.link.on_ask = lambda _: None
        work = self.start()
        self.clock.advance(ANSWER_TIMEOUT - 0.1)
        self.assertNoResult(work)
        self.clock.advance(0.2)
        self.refused("inviter_offline", work)

    def test_endings(self) -> None:
        """What the server says of the mailbox's end is told; a word that nobody knows is not repeated."""
        for reason, word in (
            ("inviter_offline", "inviter_offline"),
            ("code_burnt", "code_burnt"),
            ("code_expired", "code_expired"),
            ("\x1b[2J", "code_burnt"),
        ):
            self.link.on_ask = lambda _: None
            work = self.start()
            self.hear(MailboxGone(8, "code_expired"))
            self.assertNoResult(work)
            self.hear(MailboxGone(7, reason))
            self.assertTrue(self.refused(word, work).isprintable())

    def test_link_lost(self) -> None:
        """In the middle of the exchange."""
        self.link.on_ask = lambda _: None
        work = self.start()
        assert self.link.mailbox_user is not None
        self.link.mailbox_user.lost()
        self.assertIn("ask for a new one", self.refused("unreachable", work, Unreachable))

    def test_cancelled(self) -> None:
        """A user who gives up leaves nothing open."""
        self.link.on_ask = lambda _: None
        work = self.start()
        work.cancel()
        self.failureResultOf(work, CancelledError)
        self.assertEqual((True, None, []), (self.link.closed, self.link.mailbox_user, self.clock.getDelayedCalls()))

    def test_refused_by_the_server(self) -> None:
        """Its word is passed on."""
        self.link.answers[ClaimMailbox] = Refused("no_such_code", "none")
        self.refused("no_such_code", self.start())

    def test_flood(self) -> None:
        """A server that sends letters without end fills no memory; the exchange fails."""

        def flood(body: Any) -> None:
            if isinstance(body, SendLetter):
                for _ in range(1000):
                    self.hear(LetterCame(7, ANNA, b"x"))

        self.link.on_ask = flood
        self.refused("wrong_code", self.start())

    def test_false_inviter(self) -> None:
        """Who knows the code but gives no invitation, or one to somewhere else, is refused."""
        for text in (
            "hello",
            SPOKEN.encode(),
            attrs.evolve(GOOD, party_id="cd" * 16).encode(),
            attrs.evolve(GOOD, server=bytes(16)).encode(),
        ):
            self.invite(text)
            self.refused("bad_certificate", self.start())
