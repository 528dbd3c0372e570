"""A control server's policy over real sockets: who may found parties, who is banned, and how it takes its leave."""

from __future__ import annotations

import time
from typing import Any

import attrs
import msgspec
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from lanrage.app.control import ControlService, ControlSettings
from lanrage.core.admission import CREATIONS_PER_IDENTITY, Registration
from lanrage.core.restart import RESTART_TIME
from lanrage.errors import BadInput, Refused
from lanrage.wire.control import (
    CreateParty,
    FollowParty,
    LeaveParty,
    Notice,
    Resync,
    Signalled,
)
from lanrage.wire.control_codec import JSON
from lanrage.wire.control_party import PartyState, Presence
from tests.app.control_node import ControlCase, Node
from tests.fakes_control import PartyKit, node_keys

reactor: Any = _reactor
TOKEN = "the token of the club"


class PolicyTests(ControlCase):
    """One server."""

    async def serve_by(self, **rules: Any) -> ControlService:
        """A server with these rules."""
        settings = ControlSettings(self.folder, "tcp:0:interface=127.0.0.1")
        service = ControlService(reactor, attrs.evolve(settings, **rules))
        await service.start()
        self.services.append(service)
        return service

    def founding(self, node: Node, number: int = 0, token: str = "") -> CreateParty:
        """A request for a party of one's own."""
        kit = PartyKit.make(f"party {number}", now=time.time() - 10)
        return CreateParty(kit.charter_blob, kit.certificate(node.keys, "host", "10.66.0.1", now=time.time()), token)

    def test_registration(self) -> Deferred[None]:
        """By token: without it, or with another, no party; a party that is there may be asked for again without."""

        async def life() -> None:
            service = await self.serve_by(registration=Registration("token", TOKEN))
            node = await self.node("host", service)
            founding = self.founding(node)  # once: another second's certificate would be another party's
            await self.refused("bad_token", node.link.request(founding))
            await self.refused("bad_token", node.link.request(msgspec.structs.replace(founding, token=TOKEN.upper())))
            state = await node.link.request(msgspec.structs.replace(founding, token=TOKEN))
            assert isinstance(state, PartyState)
            self.assertEqual(state, await node.link.request(founding))
            await self._stop(node.link)
            await self._stop(service)
            closed = await self.serve_by(registration=Registration("closed"))
            node = await self.node("host", closed)
            await self.refused("registration_closed", node.link.request(self.founding(node, 1, TOKEN)))
            self.assertIsInstance(await node.link.request(FollowParty(state.party_id, 0)), PartyState)

        return self.run_async(life())

    def test_founded_in_an_hour(self) -> Deferred[None]:
        """One identity founds so many parties and no more, also when it leaves them; repeating one is no founding."""

        async def life() -> None:
            service = await self.serve()
            node = await self.node("host", service)
            for number in range(CREATIONS_PER_IDENTITY):
                founding = self.founding(node, number)
                for _ in range(2):
                    state = await node.link.request(founding)
                assert isinstance(state, PartyState)
                await node.link.request(LeaveParty(state.party_id))
            sentence = await self.refused("limit", node.link.request(self.founding(node, 99)))
            self.assertIn("parties an hour", sentence)

        return self.run_async(life())

    def test_banned(self) -> Deferred[None]:
        """Who is put on the list goes at once and is told so; who is on it is not let in; who is taken off is."""

        async def life() -> None:
            path = self.folder / "bans"
            path.write_text("", encoding="utf-8")
            service = await self.serve_by(ban_file=path)
            bad, good = await self.node("bad", service), await self.node("good", service)
            path.write_text(f"{node_keys('bad').identity.public.hex()} # has earned it\n", encoding="utf-8")
            await self.until(lambda: not bad.link.connected)
            self.assertIn("banned", bad.link.failure)
            self.assertTrue(good.link.connected)
            with self.assertRaises(Refused) as caught:
                await bad.link.when_connected()
            self.assertEqual("server_ban", caught.exception.code)
            self.assertLessEqual(1, service.status()["refused"]["server_ban"])
            path.write_text("", encoding="utf-8")
            await self.until(lambda: bad.link.connected)

        return self.run_async(life())

    def test_ban_file_that_is_not_there(self) -> Deferred[None]:
        """The server does not start, and leaves nothing open."""

        async def life() -> None:
            with self.assertRaises(BadInput):
                await self.serve_by(ban_file=self.folder / "none")
            await self.serve()

        return self.run_async(life())

    def test_restart(self) -> Deferred[None]:
        """Each client is told when to dial, and is back at that time without a try in vain."""

        async def life() -> None:
            service = await self.serve()
            port, nodes = service.address.port, [await self.node(number, service) for number in range(5)]
            began = time.monotonic()
            await self._stop(service)
            for node in nodes:
                self.assertIn("restarts", node.link.failure)
            await self.serve(port)
            await self.until(lambda: all(node.link.connected for node in nodes))
            self.assertLessEqual(RESTART_TIME, time.monotonic() - began)

        return self.run_async(life())

    def test_resync_over_a_real_socket(self) -> Deferred[None]:
        """A node whose kernel takes no more is marked once its queue is full; what it then reads is in order."""

        async def life() -> None:
            service, host = await self.founded()
            guest = await self.node("guest", service)
            await guest.join(self.kit, "guest")
            desk, revision = service._desk, guest.replica.revision if guest.replica else 0
            assert desk is not None
            session, here = desk.sessions[guest.keys.identity.public], guest.link._connection
            assert here is not None
            here.transport.pauseProducing()
            signal = Notice(Signalled(self.kit.party_id, bytes(32), bytes(8000)))
            while not session.factory.dropped:
                for _ in range(100):
                    session.send(signal)
                await deferLater(reactor, 0.0, lambda: None)
            third = await self.node("third", service)
            await third.join(self.kit, "third")
            while not session._outbox.marked:
                session.send(Notice(Presence(self.kit.party_id, bytes(32), True)))
            here.transport.resumeProducing()
            await self.until(lambda: Resync(self.kit.party_id) in guest.notices)
            await guest.follow()
            assert guest.replica is not None
            self.assertEqual(revision + 1, guest.replica.revision)
            await self.until(lambda: host.names() == guest.names())

        return self.run_async(life())

    def test_resume_in_readable_bytes(self) -> Deferred[None]:
        """A node that asks for JSON and one that does not see the same party."""

        async def life() -> None:
            service, host = await self.founded()
            reader = await self.node("reader", service, offers=(JSON.subprotocol,))
            await reader.join(self.kit, "reader")
            await self.until(lambda: host.names() == reader.names())
            self.assertEqual({"host", "reader"}, set(host.names()))

        return self.run_async(life())
