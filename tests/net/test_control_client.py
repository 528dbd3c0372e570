"""The control client's life: dialling, redialling, waiting, asking; the network in memory, time by a clock."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.identity import SigningKey, fingerprint
from lanrage.errors import CryptoError, Refused, Unreachable, VersionMismatch
from lanrage.log_context import context
from lanrage.net.control_client import (
    COME_BACK_JITTER,
    FIRST_DELAY,
    LAST_DELAY,
    LOGIN_TIMEOUT,
    REPLACED_DELAY,
    STEADY,
    ControlClient,
    Dialling,
)
from lanrage.net.websocket import PING_INTERVAL, PING_TIMEOUT
from lanrage.wire.control import Done, FollowParty, Notice, NoticeBody, RefusedReply, Reply
from lanrage.wire.control_codec import JSON
from lanrage.wire.control_party import Presence
from tests.fakes_channel import SERVER_KEY, MemoryNetwork, RecordingDesk
from tests.fakes_control import SeededRandom, node_keys, seeded

ONE, TWO = "one.example:7766", "two.example:7766"
BODY = FollowParty("0" * 32, 0)
PRESENCE = Presence("0" * 32, bytes(32), True)


class ClientCase(SynchronousTestCase):
    """One client, a network in memory."""

    def setUp(self) -> None:
        """A network without servers."""
        self.net = MemoryNetwork()
        self.desk = RecordingDesk()
        self.heard: list[NoticeBody] = []
        self.ended: list[str] = []

    def client(self, *addresses: str, pin: bytes | None = None, jitter: float = 1.0, **options: Any) -> ControlClient:
        """A client that runs."""
        client = ControlClient(
            self.net.clock,
            node_keys("node"),
            addresses or (ONE,),
            pin,
            on_notice=lambda body, _: self.heard.append(body),
            on_disconnected=self.ended.append,
            dialling=Dialling(self.net.endpoint, lambda: jitter, SeededRandom("client")),
            **options,
        )
        client.startService()
        self.addCleanup(self._stop, client)
        return client

    def _stop(self, client: ControlClient) -> None:
        """After the stop nothing is left."""
        stopped = client.stopService()
        self.net.settle()
        self.net.settle(10.0)
        self.successResultOf(stopped)
        self.assertEqual([], self.net.clock.getDelayedCalls())

    def connected(self, *addresses: str, **options: Any) -> ControlClient:
        """A client that is logged in."""
        self.net.serve(ONE, self.desk)
        client = self.client(*addresses, **options)
        self.net.settle()
        self.assertTrue(client.connected)
        return client

    def ask(self, client: ControlClient, **options: Any) -> Deferred[Any]:
        """A request."""
        return Deferred.fromCoroutine(client.request(BODY, **options))


class ControlClientTests(ClientCase):
    """Its life."""

    def test_redial_delays_double_to_a_limit(self) -> None:
        """A server that is away is tried after 0.2, 0.4, ... 10, 10 s when the dice fall highest."""
        self.client()
        for _ in range(600):
            self.net.settle(0.1)
        times = [at for at, _ in self.net.dialled]
        pauses = [later - sooner for sooner, later in pairwise(times)]
        expected = [min(LAST_DELAY, FIRST_DELAY * 2**n) for n in range(len(pauses))]
        for pause, wanted in zip(pauses, expected, strict=True):
            self.assertLess(abs(wanted - pause), 0.11)

    def test_jitter_is_full(self) -> None:
        """The delay is drawn from all of the range: the luckiest dial again at once."""
        self.client(jitter=0.01)
        self.net.settle()
        self.net.settle(0.01 * FIRST_DELAY)
        self.assertEqual(2, len(self.net.dialled))

    def test_next_address_is_tried(self) -> None:
        """Addresses are tried in their order; the first that answers serves."""
        self.net.serve(TWO, self.desk)
        client = self.client(ONE, TWO)
        self.net.settle()
        self.assertEqual([ONE, TWO], [address for _, address in self.net.dialled])
        self.assertEqual((TWO, "", True), (client.address, client.failure, client.connected))

    def test_hosts_left_empty_are_filled_in(self) -> None:
        """The reflector is where the server is."""
        client = self.connected()
        assert client.server_info is not None
        self.assertEqual(("203.0.113.5:3478",), client.server_info.reflectors)
        self.assertEqual(SERVER_KEY.public, client.server_key)

    def test_who_waits_is_told(self) -> None:
        """The impatient hear the reason after one round, the patient wait on."""
        client = self.client(ONE, TWO)
        patient, impatient = client.when_connected(patient=True), client.when_connected()
        self.net.settle(FIRST_DELAY)
        error = self.failureResultOf(impatient, Unreachable).value
        self.assertIn(f"the control server at {TWO} cannot be reached: connection refused", str(error))
        self.assertEqual(str(error), client.failure)
        self.assertNoResult(patient)
        self.net.serve(ONE, self.desk)
        self.net.settle(LAST_DELAY)
        self.assertEqual(client.server_info, self.successResultOf(patient))
        self.assertEqual(client.server_info, self.successResultOf(client.when_connected()))

    def test_impatience_ends_the_pause(self) -> None:
        """Who asks now does not wait out a pause of 10 s."""
        client = self.client()
        for _ in range(8):
            self.net.settle(LAST_DELAY)
        tries = len(self.net.dialled)
        self.net.serve(ONE, self.desk)
        waiting = client.when_connected()
        self.net.settle()
        self.successResultOf(waiting)
        self.assertEqual(tries + 1, len(self.net.dialled))

    def test_silent_server(self) -> None:
        """One that accepts and says nothing is given up."""
        self.net.silent.add(ONE)
        client = self.client()
        waiting = client.when_connected()
        self.net.settle(LOGIN_TIMEOUT)
        self.failureResultOf(waiting, Unreachable)
        self.assertFalse(client.connected)

    def test_request_and_answer(self) -> None:
        """A request is answered; a refusal is raised with its word."""
        client = self.connected()
        answer = self.ask(client, correlation_id="c1")
        self.net.settle()
        self.assertEqual(Done(), self.successResultOf(answer))
        self.assertEqual("c1", self.desk.requests[0].correlation_id)
        with context(correlation_id="c2"):
            answer = self.ask(client)
        self.net.settle()
        self.assertEqual("c2", self.desk.requests[1].correlation_id)
        self.successResultOf(answer)
        self.desk.silent = True
        answer = self.ask(client)
        self.net.settle()
        self.desk.opened_[0].send(Reply(self.desk.requests[-1].id, RefusedReply("limit", "no more")))
        self.net.settle()
        error = self.failureResultOf(answer, Refused).value
        self.assertEqual(("limit", "no more"), (error.code, error.message))

    def test_request_times_out(self) -> None:
        """Without an answer there is an error, and a late answer does no harm."""
        client = self.connected()
        self.desk.silent = True
        answer = self.ask(client, timeout=3.0)
        self.net.settle(3.0)
        self.assertIn("did not answer in 3 s", str(self.failureResultOf(answer, Unreachable).value))
        self.desk.opened_[0].send(Reply(self.desk.requests[-1].id, Done()))
        self.net.settle()
        self.assertTrue(client.connected)

    def test_request_waits_for_a_connection(self) -> None:
        """Asked too early, a request goes out once there is a connection, or says why there is none."""
        client = self.client()
        early, vain = self.ask(client), self.ask(client, timeout=0.1)
        self.net.settle(0.1)
        self.assertIn("connection refused", str(self.failureResultOf(vain, Unreachable).value))
        self.net.serve(ONE, self.desk)
        self.net.settle(1.0)
        self.assertEqual(Done(), self.successResultOf(early))

    def test_lost_connection(self) -> None:
        """Who waits for an answer is told; the link comes back by itself, its delay starts anew after a steady time."""
        client = self.connected()
        self.net.settle(STEADY)
        self.desk.silent = True
        answer = self.ask(client)
        self.net.settle()
        self.desk.opened_[0].cut()
        self.net.settle()
        self.failureResultOf(answer, Unreachable)
        self.assertEqual([f"the control server at {ONE} closed the connection"], self.ended)
        self.net.settle(FIRST_DELAY)
        self.assertTrue(client.connected)
        self.assertEqual(2, len(self.desk.opened_))

    def test_dead_network_is_noticed(self) -> None:
        """A peer that answers no ping is taken for lost."""
        client = self.connected()
        self.net.pumps.clear()
        for _ in range(int(PING_INTERVAL + PING_TIMEOUT) + 2):
            self.net.clock.advance(1.0)
        transport = client._connection.transport if client._connection is not None else None
        self.assertTrue(transport is None or transport.disconnecting)
        if transport is not None:
            transport.reportDisconnect()
        self.assertEqual(1, len(self.ended))

    def test_replaced_node_waits_long(self) -> None:
        """When another node took this identity's place, both must not throw each other out for ever."""
        self.connected()
        self.desk.opened_[0].deny("replaced", "another node with this identity has logged in")
        self.net.settle()
        self.assertEqual(["another node with this identity has logged in"], self.ended)
        self.net.settle(REPLACED_DELAY - 1)
        self.assertEqual(1, len(self.net.dialled))
        self.net.settle(1)
        self.assertEqual(2, len(self.net.dialled))

    def test_restart(self) -> None:
        """A server that restarts names a time; the node dials then, and in the usual way when nobody is there."""
        self.connected(jitter=0.5)
        self.desk.opened_[0].deny("restarting", "it restarts", 2500)
        self.net.settle()
        self.assertEqual(["it restarts"], self.ended)
        del self.net.servers[ONE]
        self.net.settle(2.5 + COME_BACK_JITTER / 2 - 0.01)
        self.assertEqual(1, len(self.net.dialled))
        self.net.settle(0.02)
        self.assertEqual(2, len(self.net.dialled))
        self.net.settle(FIRST_DELAY)
        self.assertEqual(3, len(self.net.dialled))

    def test_another_version(self) -> None:
        """A server that speaks nothing of what is offered says what it speaks, and the user is told both."""
        self.net.serve(ONE, self.desk)
        offers = ("lanrage.control.v7.msgpack", "lanrage.control.v8.json")
        client = ControlClient(
            self.net.clock, node_keys("node"), (ONE,), dialling=Dialling(self.net.endpoint, lambda: 1.0, offers=offers)
        )
        client.startService()
        self.addCleanup(self._stop, client)
        waiting = client.when_connected()
        self.net.settle()
        error = self.failureResultOf(waiting, VersionMismatch).value
        self.assertEqual(
            f"the control server at {ONE} speaks control protocol 2, this node speaks 7, 8: update the control server",
            str(error),
        )

    def test_readable_bytes(self) -> None:
        """Who offers JSON alone is answered in JSON."""
        self.net.serve(ONE, self.desk)
        how = Dialling(self.net.endpoint, lambda: 1.0, SeededRandom("json"), (JSON.subprotocol,))
        client = ControlClient(self.net.clock, node_keys("node"), (ONE,), dialling=how)
        client.startService()
        self.addCleanup(self._stop, client)
        self.net.settle()
        self.assertEqual(JSON.subprotocol, self.desk.opened_[0].login.subprotocol)
        asked = self.ask(client)
        self.net.settle()
        self.assertEqual(Done(), self.successResultOf(asked))

    def test_first_key_is_pinned(self) -> None:
        """Without a pin the first key is trusted, and no other one after it."""
        client = self.connected()
        self.assertEqual(fingerprint(SERVER_KEY.public), client.pin)
        self.net.serve(ONE, self.desk, SigningKey(seeded("impostor")))
        self.desk.opened_[0].cut()
        self.net.settle()
        waiting = client.when_connected()
        self.net.settle(1.0)
        self.failureResultOf(waiting, CryptoError)

    def test_notices_and_broken_observers(self) -> None:
        """Notices arrive in order; an observer that fails ends nothing."""
        client = self.connected()

        def broken(*_: object) -> None:
            raise ValueError("an observer's own fault")

        self.desk.opened_[0].send(Notice(PRESENCE))
        self.net.settle()
        self.assertEqual([PRESENCE], self.heard)
        assert client._connection is not None
        client._connection.factory._notice = broken
        self.desk.opened_[0].send(Notice(PRESENCE))
        self.net.settle()
        self.assertTrue(client.connected)
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_forged_record_ends_the_connection(self) -> None:
        """Bytes put into the channel by somebody else end it."""
        self.connected()
        self.desk.opened_[0].sendMessage(b"\x00" * 40, True)
        self.net.settle()
        self.assertEqual(["a record is forged, damaged or out of order"], self.ended)

    def test_stop_in_the_middle_of_a_login(self) -> None:
        """Stopping ends a login that hangs, and nothing is left."""
        self.net.silent.add(ONE)
        client = self.client()
        self.net.settle(1.0)
        self.successResultOf(client.stopService())
        self.assertEqual("stopped", client.failure)

    def test_stop_tells_those_who_wait(self) -> None:
        """Stopping ends the waiting."""
        client = self.client()
        waiting = client.when_connected(patient=True)
        self.net.settle()
        self.successResultOf(client.stopService())
        self.failureResultOf(waiting, Unreachable)
