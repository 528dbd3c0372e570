"""The visibility probe between whole planes in memory, and on the command line."""

from __future__ import annotations

from collections.abc import Callable, Collection
from ipaddress import IPv4Address
from typing import Any

import attrs
import msgspec
from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app import visibility_view
from lanrage.app.lan_probe import ANSWER_BURST, ASK_BURST, HEARD_SECONDS, TURNS, LanProbe
from lanrage.app.lan_stages import LanPart, Plane
from lanrage.app.visibility_results import VisibilityShown
from lanrage.core.exposure import PROBE_PORT
from lanrage.core.lan_frames import Drop
from lanrage.core.visibility import Sighting, Stage, best, first_missing
from lanrage.errors import Refused, Unreachable
from lanrage.wire.frames import Kind, decode_part
from lanrage.wire.visibility import Tagged, decode_report, decode_tagged, encode_tagged
from tests.app.test_cli import CommandCase
from tests.joined_planes import Guest, Room, Sockets


@attrs.define
class MemorySocket:
    """The game's stand-in.

    :ivar send_to: its machine's card.
    :ivar taken: another program has the port.
    """

    hear: Callable[[bytes, str], None] = lambda payload, source: None
    send_to: Callable[[bytes], None] = lambda payload: None
    taken: bool = False
    opened: bool = False

    def open(self, hear: Callable[[bytes, str], None]) -> bool:
        """See :class:`lanrage.net.probe_socket.ProbeSocket`."""
        self.hear, self.opened = hear, not self.taken
        return self.opened

    def send(self, payload: bytes, to: IPv4Address) -> None:
        """See :class:`lanrage.net.probe_socket.ProbeSocket`."""
        if self.taken:
            raise Unreachable(f"{to}: taken")
        self.send_to(payload)

    def close(self) -> object:
        """See :class:`lanrage.net.probe_socket.ProbeSocket`."""
        self.opened = False
        return None


class ProbeTests(SynchronousTestCase):
    """Three members."""

    def setUp(self) -> None:
        self.ears: list[MemorySocket] = []
        self.room = Room(self, 3, self.parts)
        self.one, self.two, self.three = self.room.guests
        for guest, ear in zip(self.room.guests, self.ears, strict=True):
            ear.send_to = self.sender(guest)

    def parts(self, room: Room, plane: Plane, sockets: Sockets) -> Collection[LanPart]:
        """The part alone; its tags are counted."""
        del sockets
        self.ears.append(MemorySocket())
        number = len(self.ears)
        return [LanProbe(plane, room.clock, self.ears[-1], lambda count: bytes([number]) * count)]

    @staticmethod
    def sender(guest: Guest) -> Callable[[bytes], None]:
        """Sends as a game there does."""
        return lambda payload: guest.send(source_port=PROBE_PORT, destination_port=PROBE_PORT, payload=payload)

    def part(self, guest: Guest) -> LanProbe:
        """Of this guest."""
        found = guest.plane.part(LanProbe)
        assert found is not None
        return found

    def begin(self, timeout: float = 2.0) -> Deferred[list[Sighting]]:
        """The first member probes."""
        return Deferred.fromCoroutine(self.part(self.one).probe(timeout))

    def run_sockets(self, *deaf: Guest) -> None:
        """Time passes; sockets get what their cards took."""
        for _ in range(60):
            self.room.run(0.05)
            for guest, ear in zip(self.room.guests, self.ears, strict=True):
                for source, port, payload in guest.heard():
                    if guest not in deaf and port == PROBE_PORT:
                        ear.hear(payload, str(source))

    def missing(self, done: Deferred[list[Sighting]]) -> list[Stage | None]:
        """The first missing stage at the second and third member."""
        sightings = self.successResultOf(done)
        return [first_missing(best(sightings, guest.address)) for guest in (self.two, self.three)]

    def test_all_hear(self) -> None:
        """Every stage at each member; one datagram was enough."""
        done = self.begin()
        self.run_sockets()
        self.assertEqual(self.missing(done), [None, None])
        counters = self.one.plane.counters()
        self.assertEqual((counters["probes_sent"], self.two.plane.counters()["probes_answered"]), (1, 1))

    def test_deaf(self) -> None:
        """A socket that a firewall keeps from hearing, a card that takes nothing, a path that loses all."""
        for broken, stage in (("socket", Stage.HEARD), ("card", Stage.INJECTED), ("path", Stage.RECEIVED)):
            self.room.clock.advance(60.0)
            receive = self.two.port.receive
            if broken == "card":
                self.two.card.full = True
            if broken == "path":
                self.two.port.receive = None
            done = self.begin()
            self.run_sockets(*([self.two] if broken == "socket" else []))
            self.assertEqual(self.missing(done), [stage, None], broken)
            self.two.card.full, self.two.port.receive = False, receive
        self.assertEqual(self.one.plane.counters()["probes_sent"], 3 * TURNS)

    def test_not_wanted_not_captured(self) -> None:
        """Nothing is listening there; nothing leaves here."""
        self.one.plane.outgoing.wanted = lambda member, frame, now: member != self.two.address
        done = self.begin()
        self.run_sockets()
        self.assertEqual(self.missing(done), [Stage.CARRIED, None])
        self.ears[0].send_to = lambda payload: None
        done = self.begin()
        self.run_sockets()
        self.assertEqual(self.missing(done), [Stage.CAPTURED, Stage.CAPTURED])

    def test_one_lost(self) -> None:
        """A datagram that the path loses is no firewall: the next one counts."""
        done = self.begin()
        self.room.collect()
        self.room.wire.clear()
        self.run_sockets()
        self.assertEqual(self.missing(done), [None, None])

    def test_ends(self) -> None:
        """A short deadline ends it, a stop fails it, a cancel leaves nothing behind."""
        done = self.begin(0.01)
        self.room.clock.advance(0.02)
        self.assertEqual(len(self.successResultOf(done)), 1)
        done = self.begin()
        done.cancel()
        self.failureResultOf(done, CancelledError)
        self.assertEqual(self.room.clock.getDelayedCalls(), [])
        done = self.begin()
        self.one.plane.stopService()
        self.failureResultOf(done, Unreachable)

    def test_port_taken(self) -> None:
        """Another program has the port: said, and nothing else breaks."""
        self.ears[0].taken = True
        self.failureResultOf(self.begin(), Unreachable)

    def test_too_often(self) -> None:
        """This machine asks no more often than others answer."""
        for _ in range(int(ASK_BURST)):
            self.begin(0.01)
        self.assertEqual(self.failureResultOf(self.begin(), Refused).value.code, "too_early")
        self.room.clock.advance(1.0)

    def test_hostile(self) -> None:
        """A member that asks without end gets few answers, each shorter than its question, and nobody else one."""
        before = 0
        for number in range(100):
            self.two.send(
                source_port=PROBE_PORT,
                destination_port=PROBE_PORT,
                payload=encode_tagged(Tagged(number.to_bytes(8, "big"), 0)),
            )
        self.room.collect()
        asked = sum(len(each.data) for each in self.room.wire if each.to == self.one.address)
        for each in list(self.room.wire):
            self.room.give(each)
        self.room.clock.advance(HEARD_SECONDS)
        answers = self.one.port.sent
        self.assertEqual({to for to, _ in answers}, {str(self.two.address)})
        self.assertEqual(len(answers), ANSWER_BURST)
        self.assertLess(before + sum(len(data) for _, data in answers), asked)
        self.assertEqual(self.one.plane.counters()["probes_refused"], 100 - ANSWER_BURST)

    def test_junk(self) -> None:
        """Reports of nothing, of nobody's probe; datagrams of a program at the port that are none of ours."""
        self.two.plane.say(Kind.PROBE, b"?", [self.one.address])
        self.two.plane.say(Kind.PROBE, bytes(22), [self.one.address])
        self.room.deliver()
        self.assertEqual(self.one.plane.counters()[f"dropped_{Drop.HEADER.value}"], 1)
        self.ears[0].hear(b"hello", "10.66.0.2")
        self.ears[0].hear(encode_tagged(Tagged(bytes(8), 0)), "10.66.0.2")
        self.two.send(source_port=PROBE_PORT, destination_port=PROBE_PORT, payload=b"hello")
        self.room.deliver()
        self.assertEqual(self.one.plane.counters()["probes_answered"], 0)

    def test_heard_by_another_way(self) -> None:
        """A socket that got the datagram, though the card did not take it, proves nothing of the card."""
        asked = encode_tagged(Tagged(b"by a lan", 0))
        self.one.card.full = True
        self.two.send(source_port=PROBE_PORT, destination_port=PROBE_PORT, payload=asked)
        self.room.deliver()
        self.ears[0].hear(asked, str(self.two.address))
        self.room.clock.advance(HEARD_SECONDS)
        report = decode_report(decode_part(self.one.port.sent[-1][1]).body)
        self.assertEqual((report.tag, report.injected, report.heard), (b"by a lan", None, None))

    def test_leaves(self) -> None:
        """Who left meanwhile gets no report."""
        self.two.send(source_port=PROBE_PORT, destination_port=PROBE_PORT, payload=encode_tagged(Tagged(bytes(8), 0)))
        self.room.deliver()
        self.one.plane.set_members([self.three.address])
        self.room.clock.advance(HEARD_SECONDS)
        self.assertEqual(self.one.plane.counters()["probes_answered"], 0)
        self.assertEqual(decode_tagged(encode_tagged(Tagged(bytes(8), 0))).turn, 0)

    def test_comes_after_the_stop(self) -> None:
        """A datagram that comes while the plane stops is not answered."""
        self.part(self.one).stop()
        self.two.send(source_port=PROBE_PORT, destination_port=PROBE_PORT, payload=encode_tagged(Tagged(bytes(8), 0)))
        self.room.deliver()
        self.assertEqual(self.part(self.one)._answers, {})
        self.room.clock.advance(HEARD_SECONDS)
        self.assertEqual(self.part(self.one).counters()["probes_answered"], 0)

    def test_view(self) -> None:
        """Members in the order of their addresses, with words for what is missing; the doctor gets the same."""
        done = self.begin()
        self.run_sockets(self.three)
        sightings = self.successResultOf(done)
        shown = visibility_view.visibility("ab" * 16, sightings, {self.two.address: "Ben"})
        self.assertEqual([(each.name, each.missing) for each in shown.members], [("Ben", ""), ("10.66.0.3", "heard")])
        self.assertIsNotNone(shown.members[0].heard_ms)
        self.assertIn("no socket got it", shown.members[1].meaning)
        self.assertEqual(shown, msgspec.convert(msgspec.to_builtins(shown), VisibilityShown))
        facts = visibility_view.facts(shown)
        self.assertEqual([(each.name, each.missing) for each in facts], [("Ben", ""), ("10.66.0.3", "heard")])


class CommandTests(CommandCase):
    """``lanrage lan probe``."""

    def setUp(self) -> None:
        """In a party with Ben and Cara."""
        super().setUp()
        self.done("party", "create", "Friday", "--as", "Ann", "--server", "127.0.0.1:7766")

    def test_table(self) -> None:
        """A row a member, a sentence for each that does not hear."""
        out = self.done("lan", "probe", "--timeout", "3")
        self.assertEqual(self.node.calls[-1], ("probe_lan", 3.0))
        self.assertIn("10.8 ms", out)
        self.assertIn("Cara: not heard: the member's LAN card took it, but no socket got it", out)
        self.node.seen = []
        self.assertIn("no other members", self.done("lan", "probe"))

    def test_json(self) -> None:
        """As the operation's shape says."""
        value: Any = msgspec.json.decode(self.done("lan", "probe", "--json"), type=VisibilityShown)
        self.assertEqual((value.port, len(value.members)), (PROBE_PORT, 2))
        self.assertEqual(self.run_command("lan", "probe", "--timeout", "0").exit_code, 2)
