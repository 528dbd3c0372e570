"""What a session keeps for the next start: written seldom, on stop, and of those who are still members."""

from __future__ import annotations

import tempfile
from pathlib import Path
from shutil import rmtree

from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.endpoint_book import EndpointBook
from lanrage.core import path as core_path
from lanrage.core.candidates import Candidate, CandidateKind
from lanrage.core.doors import HEARD, KNOCK_GAPS, PATIENCE, REMEMBERED, Doors, to_remember
from lanrage.core.identity import SigningKey
from lanrage.core.links import Endpoint
from lanrage.core.tickets import Ticket, issue
from lanrage.errors import Unreachable
from lanrage.store.endpoints import EndpointsFile
from lanrage.wire.control import RelayInfo
from tests.fakes_control import NOW, seeded
from tests.fakes_threads import ThreadClock

PARTY = "ab" * 16
ANNA, BERT = b"a" * 32, b"b" * 32
RELAY = RelayInfo("203.0.113.250", 7800, 7803)


def at(number: int) -> Endpoint:
    """An address."""
    return Endpoint(f"198.51.100.{number}", 51820)


def path(number: int, *, rtt: float | None = None, kind: CandidateKind = CandidateKind.PEER) -> core_path.Path:
    """A path, open where it has a length."""
    made = core_path.Path(Candidate(kind, at(number)), 0.0)
    if rtt is not None:
        made.sent(b"ping", 0.0)
        made.pong(b"ping", rtt)
    return made


def ticket(expires: float) -> bytes:
    """A relay ticket."""
    key = SigningKey(seeded("server"))
    return issue(Ticket(bytes(16), bytes(32), (bytes(32), b"b" * 32), int(expires)), key)


class BookCase(SynchronousTestCase):
    """One folder a test."""

    def setUp(self) -> None:
        """A book that is open."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-book-"))
        self.addCleanup(rmtree, self.folder)
        self.clock = ThreadClock()
        self.paths: dict[bytes, list[core_path.Path]] = {ANNA: [path(1, rtt=0.1)]}
        self.book = self.opened()
        self.book.start(lambda: dict(self.paths))

    def opened(self) -> EndpointBook:
        """A book as the next session reads it."""
        book = EndpointBook(self.clock, EndpointsFile(self.folder), PARTY, lambda: NOW + self.clock.seconds())
        self.successResultOf(Deferred.fromCoroutine(book.load()))
        return book

    def stop(self) -> None:
        """The session ends."""
        self.successResultOf(Deferred.fromCoroutine(self.book.stop()))


class BookTests(BookCase):
    """What is kept."""

    def test_next_session(self) -> None:
        """Addresses and relays are there again; what came before is kept behind what works now."""
        self.book.use_relays((RELAY,))
        self.clock.advance(5.0)
        after = self.opened()
        self.assertEqual(((at(1),), (), (RELAY,)), (after.remembered(ANNA), after.remembered(BERT), after.relays))
        self.paths = {ANNA: [path(2, rtt=0.1)], BERT: []}
        self.stop()
        self.assertEqual((at(2), at(1)), self.opened().remembered(ANNA))

    def test_who_left(self) -> None:
        """Of one who is a member no more nothing is kept."""
        self.clock.advance(5.0)
        self.paths = {BERT: [path(3, rtt=0.1)]}
        self.stop()
        after = self.opened()
        self.assertEqual(((), (at(3),)), (after.remembered(ANNA), after.remembered(BERT)))

    def test_seldom(self) -> None:
        """Ever new addresses cost a write a minute; without a change there is none, and on stop the last is written."""
        writes = 0
        stamp = b""
        for second in range(0, 1200, 5):
            self.paths[ANNA] = [path(1 + second // 5 % 200, rtt=0.1)]
            self.clock.advance(5.0)
            now = self.book._file.path.read_bytes()
            writes, stamp = writes + (now != stamp), now
        self.assertLessEqual(writes, 1200 / 60 + 2)
        self.stop()
        self.assertEqual(self.paths[ANNA][0].endpoint, self.opened().remembered(ANNA)[0])
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_disk_is_full(self) -> None:
        """A file that cannot be written is told, and nothing else fails."""
        self.book._file.path.mkdir()
        self.clock.advance(5.0)
        self.stop()
        self.assertEqual([], self.flushLoggedErrors())
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_a_session_that_never_began(self) -> None:
        """Stopping a book that was not started writes nothing."""
        book = self.opened()
        self.successResultOf(Deferred.fromCoroutine(book.stop()))
        self.assertFalse(self.book._file.path.exists())
        self.stop()


class TicketTests(BookCase):
    """Relay tickets."""

    def test_kept_to_its_end(self) -> None:
        """While none can be had the last one serves, also after a restart, until its time is over."""
        good = ticket(NOW + 3600)
        answers: list[Deferred[bytes]] = [succeed(good), fail(Unreachable("gone")), fail(Unreachable("gone"))]
        fetch = self.book.fetching(lambda identity: answers.pop(0))
        self.assertEqual(good, self.successResultOf(fetch(ANNA)))
        self.assertEqual(good, self.successResultOf(fetch(ANNA)))
        self.failureResultOf(fetch(BERT), Unreachable)
        self.stop()
        after = self.opened().fetching(lambda identity: fail(Unreachable("gone")))
        self.assertEqual(good, self.successResultOf(after(ANNA)))
        self.clock.advance(3600.0)
        self.failureResultOf(after(ANNA), Unreachable)

    def test_bugs_are_not_hidden(self) -> None:
        """Only what the network or the server did is made up for."""
        answers: list[Deferred[bytes]] = [succeed(ticket(NOW + 3600)), fail(ZeroDivisionError())]
        fetch = self.book.fetching(lambda identity: answers.pop(0))
        self.successResultOf(fetch(ANNA))
        self.failureResultOf(fetch(ANNA), ZeroDivisionError)
        self.stop()

    def test_no_ticket(self) -> None:
        """Bytes that are no ticket are not used again."""
        answers: list[Deferred[bytes]] = [succeed(b"no ticket"), fail(Unreachable("gone"))]
        fetch = self.book.fetching(lambda identity: answers.pop(0))
        self.successResultOf(fetch(ANNA))
        self.failureResultOf(fetch(ANNA), Unreachable)
        self.stop()


class DoorTests(SynchronousTestCase):
    """Where to knock."""

    def test_order_and_bounds(self) -> None:
        """The newest source first, then relays, then what worked, then what is remembered; all bounded."""
        doors = Doors((at(100), at(101)))
        for number in range(1, HEARD + 3):
            doors.heard(at(number))
            doors.heard(at(200 + number), sure=False)
        relay = path(50, kind=CandidateKind.RELAY)
        worked = [path(number, rtt=0.1) for number in range(60, 80)]
        never = path(90)
        found = doors.all([never, relay, *worked])
        heard = [at(number) for number in range(HEARD + 2, 2, -1)]
        expected = [
            *heard,
            at(200 + HEARD + 2),
            at(50),
            *(at(number) for number in range(60, 60 + REMEMBERED)),
            at(100),
            at(101),
        ]
        self.assertEqual(expected, list(found))

    def test_gaps(self) -> None:
        """Longer each time, each minute after ten, and anew after a path was open."""
        doors = Doors()
        self.assertEqual([*KNOCK_GAPS, KNOCK_GAPS[-1]], [doors.gap() for _ in range(len(KNOCK_GAPS) + 1)])
        rest = [doors.gap() for _ in range(PATIENCE)]
        self.assertEqual(60.0, rest[-1])
        self.assertEqual(600.5, sum(gap for gap in (*KNOCK_GAPS, KNOCK_GAPS[-1], *rest) if gap < 60))
        doors.reached()
        self.assertEqual(KNOCK_GAPS[0], doors.gap())

    def test_remembering(self) -> None:
        """Open ones by quality, then others, then those of before; no relays; eight in all."""
        relay = path(9, rtt=0.001, kind=CandidateKind.RELAY)
        paths = [path(1), path(2, rtt=0.2), path(3, rtt=0.1), relay]
        before = [at(3), *(at(number) for number in range(20, 40))]
        expected = [at(3), at(2), at(1), *(at(number) for number in range(20, 25))]
        self.assertEqual(expected, list(to_remember(paths, before)))
