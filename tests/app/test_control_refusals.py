"""Bad input to a real control server over real sockets: one clear word and sentence each."""

from __future__ import annotations

import time
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from lanrage.app.control import ControlService, ControlSettings
from lanrage.errors import BadInput, CryptoError, LanrageError, Unreachable, VersionMismatch
from lanrage.wire.control import (
    CreateParty,
    FollowParty,
    LeaveParty,
    PublishInvitation,
    SendSignal,
)
from tests.app.control_node import ControlCase, Node
from tests.fakes_control import PartyKit, node_keys

reactor: Any = _reactor


class ControlRefusals(ControlCase):
    """What is refused, and how it is said."""

    def test_bad_input_is_refused_in_one_sentence(self) -> Deferred[None]:
        """Wrong code, taken name, strangers, unknown peers."""

        async def life() -> None:
            service, host = await self.founded()
            guest = await self.node("guest", service)
            await self.refused("unknown_invitation", guest.join(self.kit, "guest", b"x" * 16))
            await self.refused("unknown_invitation", guest.join(PartyKit.make("another"), "guest"))
            await self.refused("name_taken", guest.join(self.kit, "HOST"))
            await self.refused("not_a_member", guest.link.request(FollowParty(self.kit.party_id, 0)))
            await self.refused("unknown_party", guest.link.request(FollowParty("0" * 32, 0)))
            signal = SendSignal(self.kit.party_id, guest.keys.identity.public, b"x")
            await self.refused("unknown_peer", host.link.request(signal))
            await self.refused("bad_certificate", host.link.request(CreateParty(self.kit.charter_blob, b"nonsense")))

        return self.run_async(life())

    def test_full_party(self) -> Deferred[None]:
        """The third of two is refused."""

        async def life() -> None:
            self.kit = PartyKit.make(max_members=2, now=time.time() - 10)
            service, _ = await self.founded()
            await (await self.node("guest", service)).join(self.kit, "guest")
            third = await self.node("third", service)
            self.assertIn("2", await self.refused("party_full", third.join(self.kit, "third")))

        return self.run_async(life())

    def test_used_up_and_expired_invitations(self) -> Deferred[None]:
        """Uses are counted by identity; an expired invitation is told from an unknown one."""

        async def life() -> None:
            service, host = await self.founded(uses=1)
            guest = await self.node("guest", service)
            await guest.join(self.kit, "guest")
            third = await self.node("third", service)
            await self.refused("invitation_used_up", third.join(self.kit, "third"))
            await guest.link.request(LeaveParty(self.kit.party_id))
            self.assertEqual("10.66.0.2", await guest.join(self.kit, "guest"))
            late = b"l" * 16
            blob = self.kit.invitation(late, now=time.time() - 5, lasts=8)
            await host.link.request(PublishInvitation(self.kit.party_id, blob))
            await deferLater(reactor, 4.1, lambda: None)
            await self.refused("invitation_expired", third.join(self.kit, "third", late))

        return self.run_async(life())

    def test_wrong_server_version_and_absence(self) -> Deferred[None]:
        """Another key, another version and no server are three different errors that name the address."""

        async def life() -> None:
            service = await self.serve()
            port, future = service.address.port, "lanrage.control.v7.msgpack"
            await self._dial_fails(CryptoError, "another key", port, pin=b"x" * 16)
            await self._dial_fails(VersionMismatch, "control protocol 2, this node speaks 7", port, offers=(future,))
            await self._stop(service)
            await self._dial_fails(Unreachable, "refused", port)

        return self.run_async(life())

    async def _dial_fails(self, kind: type[LanrageError], text: str, port: int, **options: Any) -> None:
        node = Node(node_keys("guest"), port, **options)
        node.link.startService()
        try:
            with self.assertRaises(kind) as caught:
                await node.link.when_connected()
            self.assertIn(text, str(caught.exception))
            self.assertIn(f"127.0.0.1:{port}", str(caught.exception))
            self.assertEqual(str(caught.exception), node.link.failure)
        finally:
            await node.link.stopService()

    def test_port_taken(self) -> Deferred[None]:
        """A second server on the port is told which port is taken."""

        async def life() -> None:
            service = await self.serve()
            port = service.address.port
            other = ControlService(reactor, ControlSettings(self.folder / "b", f"tcp:{port}:interface=127.0.0.1"))
            with self.assertRaises(BadInput) as caught:
                await other.start()
            self.assertIn(f"port {port} cannot be used: address already in use", str(caught.exception))
            bad = ControlService(reactor, ControlSettings(self.folder / "c", "nonsense:1"))
            with self.assertRaises(BadInput):
                await bad.start()

        return self.run_async(life())
