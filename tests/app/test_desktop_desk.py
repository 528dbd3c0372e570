"""What the desktops of a node's users are told of, and by which agents."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.desktop_desk import DesktopDesk
from lanrage.app.desktop_notes import BURST, DesktopNotes
from lanrage.core.desktop_notes import WINDOW, Note
from lanrage.core.game_orders import ShowNote, decode_order, encode_order
from lanrage.core.notices import NoticeKind
from lanrage.core.party_events import PartyEvent
from lanrage.errors import LanrageError, Refused, Unreachable
from tests.log_tape import start_tape

ANN, BEN = b"a" * 32, b"b" * 32
USER, OTHER = 1000, 1001


class MemoryAgents:
    """Agents that show, or refuse.

    :ivar orders: (user, order), as they came.
    """

    def __init__(self) -> None:
        self.users: tuple[int, ...] = (USER, OTHER)
        self.refuse = False
        self.orders: list[tuple[int, ShowNote]] = []

    def ask(self, user: int, order: Any) -> Deferred[Any]:
        """See :class:`lanrage.app.desktop_desk.Agents`."""
        decoded = decode_order(encode_order(order))
        assert isinstance(decoded, ShowNote)
        self.orders.append((user, decoded))
        return fail(Refused("agent_refused", "no desktop")) if self.refuse else succeed(())


def event(kind: NoticeKind, who: bytes = BEN, name: str = "Ben") -> PartyEvent:
    """Something that a member did."""
    return PartyEvent(kind, "Friday", name, who, "Quake")


class DeskTests(SynchronousTestCase):
    """By a clock; this machine is Ann's."""

    def setUp(self) -> None:
        """Joining and hosting are wanted."""
        self.clock, self.agents = Clock(), MemoryAgents()
        self.wanted = frozenset({NoticeKind.JOINED, NoticeKind.HOSTING, NoticeKind.HOST_CHANGED})
        self.desk = DesktopDesk(self.clock, self.agents, lambda: self.wanted, lambda: ANN)
        self.desk.startService()

    def test_told(self) -> None:
        """Every user with an agent is told in one note of what came together."""
        self.desk.happened(event(NoticeKind.JOINED))
        self.clock.advance(WINDOW / 2)
        self.desk.happened(event(NoticeKind.HOSTING))
        self.clock.advance(WINDOW / 2)
        note = ShowNote(title="LANrage", text="Friday: Ben joined the party\nFriday: Ben hosts Quake")
        self.assertEqual(self.agents.orders, [(USER, note), (OTHER, note)])
        self.assertEqual((self.desk.shown, self.clock.getDelayedCalls()), (2, []))

    def test_not_told(self) -> None:
        """What nobody wants to know, and what one has done oneself; but that one is the host now is told."""
        self.desk.happened(event(NoticeKind.LEFT))
        self.desk.happened(event(NoticeKind.HOSTING, ANN, "Ann"))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.desk.happened(event(NoticeKind.HOST_CHANGED, ANN, "Ann"))
        self.clock.advance(WINDOW)
        self.assertEqual([order.text for _, order in self.agents.orders], ["Friday: Ann is the party's host now"] * 2)

    def test_nobody(self) -> None:
        """Without an agent nothing is gathered for later; one that refuses is counted."""
        self.agents.users = ()
        self.desk.happened(event(NoticeKind.JOINED))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.agents.users, self.agents.refuse = (USER,), True
        self.desk.happened(event(NoticeKind.JOINED))
        self.clock.advance(WINDOW)
        self.assertEqual((self.desk.shown, self.desk.not_shown), (0, 1))

    def test_a_flood(self) -> None:
        """A member that comes and goes all the time makes a handful of notes in a minute."""
        for number in range(600):
            self.desk.happened(event(NoticeKind.JOINED, name=f"Ben{number}"))
            self.clock.advance(0.1)
        self.assertLessEqual(len(self.agents.orders) / 2, 8)

    def test_stop(self) -> None:
        """What waits is told to nobody, and nothing is left."""
        self.desk.happened(event(NoticeKind.JOINED))
        self.desk.stopService()
        self.desk.happened(event(NoticeKind.JOINED))
        self.clock.advance(60)
        self.assertEqual((self.agents.orders, self.clock.getDelayedCalls()), ([], []))

    def test_one_user(self) -> None:
        """What concerns one user is shown to nobody else, whatever is wanted."""
        self.wanted = frozenset()
        self.desk.show(OTHER, Note("LANrage", ("A party invites you.",)))
        self.desk.show(4711, Note("LANrage", ("A party invites you.",)))
        self.assertEqual([user for user, _ in self.agents.orders], [OTHER])


class NotesTests(SynchronousTestCase):
    """The agent's side."""

    def setUp(self) -> None:
        """A desktop that is there, until it is not."""
        self.clock = Clock()
        self.trouble: LanrageError | None = None
        self.shown: list[tuple[str, str, bool]] = []
        self.notes = DesktopNotes(self.clock, self.show)

    async def show(self, title: str, text: str, urgent: bool) -> int:
        """The desktop."""
        if self.trouble is not None:
            raise self.trouble
        self.shown.append((title, text, urgent))
        return len(self.shown)

    def ask(self) -> Deferred[Any]:
        """The node asks."""
        return Deferred.fromCoroutine(self.notes(ShowNote(title="t", text="x", urgency="critical")))

    def test_shown(self) -> None:
        """As it is asked, and no more than somebody can bear."""
        for _ in range(int(BURST)):
            self.assertEqual(self.successResultOf(self.ask()), ())
        self.assertEqual(self.shown[0], ("t", "x", True))
        self.failureResultOf(self.ask(), Refused)
        self.assertEqual(len(self.shown), BURST)

    def test_no_desktop(self) -> None:
        """It is answered each time, and logged once."""
        self.trouble = Unreachable("this session has no D-Bus")
        tape = start_tape(self)
        for _ in range(3):
            self.failureResultOf(self.ask(), Unreachable)
        told = [line["reason"] for line in tape.lines if "notifications are not shown" in line["event"]]
        self.assertEqual(told, ["this session has no D-Bus"])
