"""Mutated messages at every stage of a connection: refused by a word or by the end of it, and nothing has changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.identity import NodeKeys
from lanrage.core.world import World
from lanrage.errors import DecodeError
from lanrage.net.control_connection import Connection, ConnectionFactory
from lanrage.wire import control, control_party
from lanrage.wire.control import Notice, RefusedReply, Reply, Request
from lanrage.wire.control_codec import JSON, MSGPACK, Codec, choose
from lanrage.wire.control_opening import Confirm, Denied, Hello, Login
from lanrage.wire.login import ClientLogin
from tests.fakes_channel import MemoryNetwork
from tests.fakes_control import PartyKit, SeededRandom, caller, node_keys
from tests.fakes_server import SECRET, MemoryServer
from tests.strategies_mutation import mutated

HOST, GUEST, NEWCOMER = (node_keys(name) for name in ("host of the memory server", "guest", "newcomer"))
codecs = st.sampled_from([MSGPACK, JSON])
KIT = PartyKit.make("memory server", max_members=64, host=HOST)
OTHER = PartyKit.make("another party", host=NEWCOMER)
ID, INVITATION = KIT.party_id, KIT.invitation_id(SECRET)
CERTIFICATE = KIT.certificate(NEWCOMER, "newcomer", "10.66.0.3", secret=SECRET)
requests: list[tuple[NodeKeys, control.RequestBody]] = [
    (NEWCOMER, control.CreateParty(OTHER.charter_blob, OTHER.certificate(NEWCOMER, "n", "10.66.0.1"), "token")),
    (HOST, control.PublishInvitation(ID, KIT.invitation(b"e" * 16))),
    (NEWCOMER, control.FetchInvitation(ID, INVITATION)),
    (NEWCOMER, control.ReserveAddress(ID, INVITATION, "newcomer", KIT.proof(NEWCOMER, SECRET))),
    (NEWCOMER, control.JoinParty(ID, CERTIFICATE, INVITATION)),
    (GUEST, control.LeaveParty(ID)),
    (GUEST, control.FollowParty(ID, 1)),
    (GUEST, control.SendSignal(ID, HOST.identity.public, b"a signal")),
    (GUEST, control.FetchTicket(ID, HOST.identity.public)),
]


class Recording(Connection):
    """A client that sends what it is given and keeps what it hears after the login."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Reply | Notice] = []

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Keep what comes in records."""
        if self.login.done:
            assert self.login.channel is not None
            codec = self.login.channel.codec
            self.heard.append(control.decode_record(self.login.channel.open(bytes(payload)), codec))
        else:
            super().onMessage(payload, isBinary)

    def say(self, plain: bytes) -> None:
        """A record with these bytes in it."""
        assert self.login.channel is not None
        self.sendMessage(self.login.channel.seal_bytes(plain), True)


class Tampered(ClientLogin):
    """A client whose encoding is not honest."""

    tampering: Codec

    @property
    def _codec(self) -> Codec:
        return self.tampering


def everything(world: World) -> object:
    """The world as values."""
    return copy.deepcopy((world.parties, world.parties_of, world.empty, world.online))


def lasting(world: World) -> object:
    """What of it is on disk, and who is a member."""
    parties = [
        (p.party_id, p.revision, p.charter_blob, p.memberships, p.invitations, p.uses) for p in world.parties.values()
    ]
    return copy.deepcopy((parties, world.parties_of))


class HostileCase(SynchronousTestCase):
    """A server with a party of host and guest; the newcomer has an address reserved."""

    server: MemoryServer
    net: MemoryNetwork
    world: World

    def start(self) -> None:
        """Anew for each example."""
        self.server = MemoryServer(KIT)
        self.net, self.world = self.server.net, self.server.world
        self.server.admit(GUEST, "guest")
        now, proof = self.server.now(), KIT.proof(NEWCOMER, SECRET)
        self.world.reserve(caller(NEWCOMER), ID, INVITATION, "newcomer", proof, now)
        self.net.settle()

    def dial(self, keys: NodeKeys, codec: Codec) -> Recording:
        """A connection that is about to say hello."""
        random = SeededRandom(keys.identity.public.hex())
        return self.begin(ClientLogin(keys, None, random, offers=(codec.subprotocol,)))

    def begin(self, login: ClientLogin) -> Recording:
        """A connection with this login."""
        factory = ConnectionFactory(self.net.clock, "server:1", login, lambda body, correlation_id: None)
        factory.protocol = Recording
        factory.ready.addErrback(lambda _: None)
        connection: Recording = factory.buildProtocol(None)
        self.net.join(connection, self.server.factory)
        return connection

    def end(self) -> None:
        """No traceback, whatever happened; and all connections end without a trace."""
        for connection in list(self.server.factory.connections):
            connection.cut()
        self.net.settle()
        self.net.settle(2.0)
        self.assertEqual([], self.flushLoggedErrors())
        self.assertEqual([], self.net.clock.getDelayedCalls())


class HostileRequestTests(HostileCase):
    """After the login."""

    @settings(max_examples=250)
    @given(data=st.data(), codec=codecs, which=st.sampled_from(requests))
    def test_mutated_requests(self, data: Any, codec: Codec, which: tuple[NodeKeys, Any]) -> None:
        """Each is refused and nothing changes, or it is a request that is as good as the one that was meant."""
        keys, body = which
        plain = data.draw(mutated(codec.encode(Request(7, body, "c1")), codec))
        self.start()
        client = self.dial(keys, codec)
        self.net.settle()
        self.assertTrue(client.login.done)
        before, lasted = everything(self.world), lasting(self.world)
        client.say(plain)
        self.net.settle()
        told = [message.body for message in client.heard if not isinstance(message, Notice)]
        try:
            request = codec.decode(plain, Request)
        except DecodeError:
            self.assertEqual(["bad_input"], [m.body.code for m in client.heard if isinstance(m.body, Denied)])
            self.assertEqual(client.STATE_CLOSED, client.state)
            self.world.online.add(keys.identity.public)
            self.assertEqual((lasted, []), (lasting(self.world), told))
        else:
            (answer,) = told
            if isinstance(answer, RefusedReply):
                self.assertEqual(before, everything(self.world))
            elif not _same(request.body, body):
                self.assertEqual(lasted, lasting(self.world))
        self.end()

    @settings(max_examples=150)
    @given(data=st.binary(max_size=300), codec=codecs)
    def test_any_plain_bytes(self, data: bytes, codec: Codec) -> None:
        """Any bytes in a record that opens: a typed refusal and the end."""
        self.start()
        client = self.dial(GUEST, codec)
        self.net.settle()
        before = lasting(self.world)
        client.say(data)
        self.net.settle()
        self.assertEqual(["bad_input"], [m.body.code for m in client.heard if isinstance(m.body, Denied)])
        self.assertEqual(before, lasting(self.world))
        self.end()


class HostileOpeningTests(HostileCase):
    """Before the login is done."""

    def offer(self, codec: Codec, change: Callable[[int, bytes], bytes]) -> Recording:
        """A connection whose messages are changed before they are sealed: hello 0, login 1, confirm 2."""
        count = iter(range(9))
        tampered = Tampered(GUEST, None, SeededRandom("tampered"), offers=(codec.subprotocol,))
        tampered.tampering = Codec(codec.name, lambda said: change(next(count), codec.encode(said)), codec._decode)
        client = self.begin(tampered)
        self.net.settle()
        return client

    @settings(max_examples=100)
    @given(data=st.data(), codec=codecs, stage=st.integers(0, 2))
    def test_mutated_openings(self, data: Any, codec: Codec, stage: int) -> None:
        """Hello, login and confirmation: whoever sends them changed is not let in, and the world knows nothing."""
        honest: dict[int, bytes] = {}
        self.start()
        self.offer(codec, honest.setdefault)
        self.assertIn(GUEST.identity.public, self.server.desk.sessions)
        self.end()
        changed = data.draw(mutated(honest[stage], codec))
        self.start()
        before = everything(self.world)
        self.offer(codec, lambda number, said: changed if number == stage else said)
        if _meant(changed, stage, codec) != _meant(honest[stage], stage, codec):
            self.assertNotIn(GUEST.identity.public, self.server.desk.sessions)
            self.assertEqual(before, everything(self.world))
        self.end()

    @settings(max_examples=60)
    @given(offers=st.lists(st.text(max_size=64), min_size=1, max_size=16).map(tuple), codec=codecs)
    def test_any_offers(self, offers: tuple[str, ...], codec: Codec) -> None:
        """A hello that names other subprotocols than the handshake is told which we speak."""
        self.start()
        hello = codec.encode(Hello(offers, bytes(32), bytes(32)))
        self.offer(codec, lambda number, said: hello)
        self.assertEqual({"version_mismatch": 1}, self.server.factory.refusals)
        self.end()


def _meant(data: bytes, stage: int, codec: Codec) -> object:
    """What a login hangs on in a message of this stage; another nonce, say, makes another hello that is as good."""
    try:
        message = codec.decode(data, (Hello, Login, Confirm)[stage])
    except DecodeError:
        return None
    return (message.ephemeral, choose(message.offers)) if isinstance(message, Hello) else message


class HostileServerTests(HostileCase):
    """The other way round: what a server may say to a node."""

    @settings(max_examples=100)
    @given(data=st.data(), codec=codecs, kind=st.integers(0, 4))
    def test_mutated_notices(self, data: Any, codec: Codec, kind: int) -> None:
        """A node's replica takes in no member that is not proven, whatever it is told; there is no traceback."""
        self.start()
        node = self.server.dial(GUEST, offers=(codec.subprotocol,))
        self.net.settle()
        self.assertTrue(node.in_step)
        known = set(node.replica.members)
        row = control_party.MemberRow(CERTIFICATE, KIT.invitation(SECRET), True)
        said = (
            Reply(1, control_party.PartyState(ID, 9, KIT.charter_blob, (row,))),
            Notice(control_party.Deltas(ID, (control_party.Delta(3, control_party.MemberJoined(row)),))),
            Notice(control_party.Presence(ID, HOST.identity.public, True), "c1"),
            Notice(control.Resync(ID)),
            Notice(control.Signalled(ID, HOST.identity.public, b"x")),
        )[kind]
        plain = data.draw(mutated(codec.encode(said), codec))
        connection = self.server.connection(GUEST)
        assert connection is not None
        assert connection.login.channel is not None
        connection.sendMessage(connection.login.channel.seal_bytes(plain), True)
        self.net.settle()
        self.assertLessEqual(set(node.replica.members), known | {NEWCOMER.identity.public})
        node.close()
        self.end()


def _same(body: Any, meant: Any) -> bool:
    """The same request, but for the token of a server that asks for none."""
    if isinstance(body, control.CreateParty) and isinstance(meant, control.CreateParty):
        return (body.charter, body.certificate) == (meant.charter, meant.certificate)
    return bool(body == meant)
