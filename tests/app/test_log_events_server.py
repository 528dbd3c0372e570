"""What the parts of a control server and a relay log, as data: life at INFO, operations at DEBUG, trouble, failure."""

from __future__ import annotations

import contextlib
import errno
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.app.ban_watch import INTERVAL, BanWatch
from lanrage.app.log_config import LoggedService
from lanrage.app.relay import KERNEL_AGAIN, RelayPlan, RelayService
from lanrage.app.role_service import RoleService
from lanrage.core.identity import fingerprint
from lanrage.core.relay import TRANSACTION_BYTES, BindRequest
from lanrage.core.relay_bindings import RelayLimits
from lanrage.core.relay_table import RelayTable
from lanrage.core.world_state import Caller
from lanrage.errors import MissingRight, Refused, StoreError
from lanrage.log_context import context
from lanrage.wire.control import FollowParty, JoinParty, LeaveParty, ReserveAddress
from lanrage.wire.relay import encode
from tests.app.test_control_desk import GUEST, HOST, INVITATION, KIT, SECRET, DeskCase
from tests.app.test_relay import LOOPBACK, End, free_ports
from tests.app.test_role_service import Part
from tests.core.relay_world import SERVER, WALL
from tests.fakes_control import node_keys
from tests.log_tape import start_tape
from tests.net.test_control_client import ClientCase

ME = fingerprint(HOST.identity.public).hex()
THEY = fingerprint(GUEST.identity.public).hex()
ASKED = "session {session} asked {kind}, answered {answer}"


class ConfigTests(SynchronousTestCase):
    """Subsystem ``config``."""

    def test_life_and_trouble(self) -> None:
        """A role that starts and stops, a file that is read again, one that cannot be, a part that does not stop."""
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        path, clock = folder / "bans", Clock()
        path.write_text("192.0.2.0/24\n", encoding="utf-8")
        tape = start_tape(self)
        service = LoggedService(BanWatchService(BanWatch(clock, path, lambda bans: None)), tape.stream, "control")
        service.startService()
        for text in ("192.0.2.0/25 # fewer\n", "nonsense\n"):
            path.write_text(text, encoding="utf-8")
            clock.advance(INTERVAL)
        service.stopService()
        expected = [
            ("info", "LANrage {version} starts as {role}", "control"),
            ("debug", "log lines are written from {least} on", None),
            ("info", "the bans were read again from {path}", None),
            ("warning", "the bans stay as they were: {error}", None),
            ("info", "LANrage stops as {role}", "control"),
        ]
        self.assertEqual(expected, tape.of("config", "role_"))

    def test_failure(self) -> None:
        """A part that fails to stop is an error with its traceback; the others stop all the same."""
        happened: Any = Happened()
        parts = [Part(happened, "a"), Part(happened, "b")]
        service = RoleService(Clock(), list(parts), lambda: ["it runs"])
        service.startService()
        parts[1].stopService = lambda: 1 // 0  # type: ignore[method-assign,assignment,return-value]
        tape = start_tape(self)
        self.successResultOf(service.stopService())
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        self.assertEqual([("error", "{part} did not stop well", "Part")], tape.of("config", "part"))
        self.assertEqual("stop a", happened.events[-1])


@attrs.define
class Happened:
    """What happened to parts."""

    events: list[str] = attrs.Factory(list)


class BanWatchService(Part):
    """A part that watches a file."""

    def __init__(self, watch: BanWatch) -> None:
        super().__init__(self, "bans")  # type: ignore[arg-type]
        self.watch = watch
        self.events: list[str] = []

    def startService(self) -> None:
        """Begin."""
        self.watch.start()

    def stopService(self) -> Any:
        """End."""
        self.watch.stop()


class ControlTests(DeskCase):
    """Subsystems ``control`` and ``ip_pool``."""

    def test_requests(self) -> None:
        """Sessions and what changes a party at INFO, other requests at DEBUG; whose they are is on each line."""
        tape = start_tape(self)
        self.ask(self.guest, FollowParty(KIT.party_id, 0))
        self.ask(self.guest, LeaveParty(KIT.party_id))
        self.guest.stopService()
        self.net.settle()
        self.node("again", GUEST)
        p = KIT.party_id
        expected = [
            ("debug", ASKED, p, THEY, "FollowParty"),
            ("info", ASKED, p, THEY, "LeaveParty"),
            ("info", "session {session} ended", "", THEY, None),
            ("info", "session {session} is node {identity} at {peer}", "", THEY, None),
        ]
        self.assertEqual(expected, tape.of("control", "party_id", "peer_id", "kind"))
        sessions = {line["session_id"] for line in tape.lines if line["subsystem"] == "control"}
        self.assertEqual((2, False), (len(sessions), "" in sessions))

    def test_trouble_and_failure(self) -> None:
        """A store that fails is a warning until it writes again; a bug in an operation is an error."""
        tape = start_tape(self)
        self.store.failing = 1
        self.start(self.guest, LeaveParty(KIT.party_id))
        self.net.settle(5.0)
        del self.world.parties[KIT.party_id].memberships
        self.failureResultOf(self.start(self.host, FollowParty(KIT.party_id, 0)), Refused)
        self.assertEqual(1, len(self.flushLoggedErrors(AttributeError)))
        expected = [
            ("warning", "changes wait in memory, the store failed: {reason}", ""),
            ("info", "the journal writes again after {failures} failed tries", ""),
            ("info", ASKED, THEY),
            ("error", "request {kind} of session {session} failed", ME),
        ]
        self.assertEqual(expected, tape.of("control", "peer_id"))

    def test_addresses(self) -> None:
        """An address is kept, then taken; a full party is a warning."""
        tape, third = start_tape(self), node_keys("third")
        self.ask(self.guest, LeaveParty(KIT.party_id))
        self.ask(self.guest, ReserveAddress(KIT.party_id, INVITATION, "guest", KIT.proof(GUEST, SECRET)))
        self.ask(self.guest, JoinParty(KIT.party_id, self.certificate, INVITATION))
        client = self.node("again", third)
        self._fill()
        asked = ReserveAddress(KIT.party_id, INVITATION, "third", KIT.proof(third, SECRET))
        self.failureResultOf(self.start(client, asked), Refused)
        they = fingerprint(third.identity.public).hex()
        expected = [
            ("debug", "{address} is kept for {peer_id}", KIT.party_id, THEY, "10.66.0.2"),
            ("debug", "the address that was kept is {peer_id}'s", KIT.party_id, THEY, None),
            ("warning", "no address is left for {peer_id}: {reason}", KIT.party_id, they, None),
        ]
        self.assertEqual(expected, tape.of("ip_pool", "party_id", "peer_id", "address"))

    def test_no_address_by_a_bug(self) -> None:
        """A request for an address that fails is an error of the pool's, too, with whose it was and in what party."""
        tape, third = start_tape(self), node_keys("third")
        client = self.node("again", third)
        del self.world.parties[KIT.party_id].memberships
        asked = ReserveAddress(KIT.party_id, INVITATION, "third", KIT.proof(third, SECRET))
        self.failureResultOf(self.start(client, asked), Refused)
        self.failureResultOf(self.start(self.host, FollowParty(KIT.party_id, 0)), Refused)
        self.assertEqual(2, len(self.flushLoggedErrors(AttributeError)))
        they = fingerprint(third.identity.public).hex()
        event = "no address was given to {peer_id}: {kind} failed: {error}"
        expected = [("error", event, KIT.party_id, they, "ReserveAddress")]
        self.assertEqual(expected, tape.of("ip_pool", "party_id", "peer_id", "kind"))

    def _fill(self) -> None:
        """As many members as the party may have."""
        party = self.world.parties[KIT.party_id]
        for number in range(party.charter.max_members):
            keys = node_keys(f"member {number}")
            proof = KIT.proof(keys, SECRET)
            self.world_answer(keys, ReserveAddress(KIT.party_id, INVITATION, f"member {number}", proof))

    def world_answer(self, keys: Any, body: Any) -> None:
        """Ask the world itself, past the log."""
        self.desk._requests.answer(Caller(keys.identity.public, keys.wireguard.public), body, self.desk._now())


class ClientTests(ClientCase):
    """Subsystem ``control_client``."""

    def test_life(self) -> None:
        """Login and the end at INFO, requests at DEBUG, what does not work as WARNING, an observer's bug as ERROR."""
        tape = start_tape(self)
        client = self.client(on_connected=lambda info: 1 // 0)
        self.net.settle()
        self.net.serve("one.example:7766", self.desk)
        self.net.settle(1.0)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        with context(party_id="p", correlation_id="c"):
            self.ask(client)
        self.net.settle()
        self.desk.opened_[-1].cut()
        self.net.settle()
        address = {"one.example:7766": "here", None: ""}
        told = tape.of("control_client", "correlation_id", "address")
        expected = [
            ("warning", "no connection to {address}: {reason}", "", "here"),
            ("info", "logged in at {address}, session {session}", "", "here"),
            ("error", "an observer of the control link failed", "", ""),
            ("debug", "request {number} asks {kind}", "c", ""),
            ("debug", "request {number} ends with {kind}", "c", ""),
            ("warning", "the connection to {address} ended: {reason}", "", "here"),
        ]
        self.assertEqual(expected, [(*line[:3], address[line[3]]) for line in told])

    def test_stop(self) -> None:
        """The user's own end of a connection is part of its life, and no trouble."""
        client, tape = self.connected(), start_tape(self)
        client.stopService()
        self.net.settle()
        self.assertEqual([("info", "the connection to {address} is closed")], tape.of("control_client"))


class RelayTests(TestCase):
    """Subsystem ``relay``, on loopback."""

    def test_events(self) -> Deferred[None]:
        """Ports and bindings of a relay, from its start to its stop."""
        return Deferred.fromCoroutine(self._events())

    async def _events(self) -> None:
        from twisted.internet import reactor

        tape, first = start_tape(self), free_ports(2)
        plan, ports = RelayPlan(drain=0.0), (first, first + 1)
        relay = RelayService(reactor, SERVER.public, ports, LOOPBACK, plan=plan, now=lambda: WALL)
        relay.startService()
        ends = [End(reactor, "anna", "ben", first), End(reactor, "ben", "anna", first + 1)]
        for end in ends:
            port = reactor.listenUDP(0, end, LOOPBACK)  # type: ignore[attr-defined]
            self.addCleanup(port.stopListening)
            self.addCleanup(end.stop_timer)
        while not all(end.binding.usable for end in ends):
            await deferLater(reactor, 0.005, lambda: None)
        assert relay._table is not None
        relay._look(relay._table)
        await relay.stopService()
        expected = [
            ("info", "the relay listens on UDP {first} to {last}", None),
            ("debug", "the relay holds {bindings} bindings", 2),
            ("info", "the relay has stopped; {bindings} bindings ended with it", 2),
        ]
        self.assertEqual(expected, tape.of("relay", "bindings"))

    def test_waits_for_its_disk(self) -> None:
        """Without its folder it forwards in userspace, warns of that once, and tries the kernel again after a while."""
        clock = Clock()
        tries: list[RelayTable] = []

        async def use_kernel(table: RelayTable) -> None:
            tries.append(table)

        relay = RelayService(clock, SERVER.public, (1, 1), plan=RelayPlan(mode="auto"))
        relay._use_kernel = use_kernel  # type: ignore[method-assign]
        tape, table = start_tape(self), RelayTable(SERVER.public, bytes, RelayLimits())
        trouble = StoreError("/x cannot be made: Read-only file system")
        trouble.__cause__ = OSError(errno.EROFS, "Read-only file system")
        for error in (trouble, trouble, MissingRight("no CAP_NET_ADMIN")):
            relay._in_userspace(error)
            clock.advance(KERNEL_AGAIN)
            relay._look(table)
        self.assertEqual([table, table], tries)
        event = "the relay forwards in userspace: {reason}"
        expected = [("warning", event, str(trouble)), ("info", event, "no CAP_NET_ADMIN")]
        self.assertEqual(expected, tape.of("relay", "reason"))

    def test_failures(self) -> Deferred[None]:
        """A datagram or a look that meets a bug is an error with its traceback; the relay carries on."""
        return Deferred.fromCoroutine(self._failures())

    async def _failures(self) -> None:
        from twisted.internet import reactor

        first = free_ports(1)
        relay = RelayService(reactor, SERVER.public, (first, first), LOOPBACK, plan=RelayPlan(drain=0.0))
        relay.startService()
        assert relay._table is not None
        assert relay._shared is not None
        tape, table, shared = start_tape(self), relay._table, relay._shared
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
            shared.table = None  # type: ignore[assignment]
            sender.sendto(encode(BindRequest(bytes(TRANSACTION_BYTES))), (LOOPBACK, first))
            while not tape.of("relay"):
                await deferLater(reactor, 0.005, lambda: None)
            shared.table = table
            relay._look(None)  # type: ignore[arg-type]
            relay._look(table)
        await relay.stopService()
        self.assertEqual(2, len(self.flushLoggedErrors(AttributeError)))
        expected = [
            ("error", "datagrams at the relay's port {port} were not dealt with", first, "AttributeError"),
            ("error", "the relay did not look for bindings that ended", None, "AttributeError"),
            ("info", "the relay has stopped; {bindings} bindings ended with it", None, None),
        ]
        self.assertEqual(expected, tape.of("relay", "port", "error_type"))
