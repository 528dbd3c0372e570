"""A real control server on a loopback port and real control clients: the whole life of a party over real sockets."""

from __future__ import annotations

import time
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from lanrage.app.control import ControlService, ControlSettings
from lanrage.core.identity import fingerprint
from lanrage.core.relay_registry import Place, relay_id
from lanrage.core.replica_changes import MemberAdded, MemberRemoved
from lanrage.core.tickets import Ticket, pair_of, verify
from lanrage.errors import Unreachable
from lanrage.net.control_client import ControlClient
from lanrage.wire.control import (
    CreateParty,
    FetchTicket,
    LeaveParty,
    PublishInvitation,
    RelayInfo,
    SendSignal,
    Signalled,
    TicketIssued,
)
from lanrage.wire.control_party import Deltas
from tests.app.control_node import SECRET, ControlCase
from tests.fakes_control import node_keys
from tests.fakes_store import MemoryStore

reactor: Any = _reactor


class ControlEndToEnd(ControlCase):
    """Over real sockets."""

    def test_life_of_a_party(self) -> Deferred[None]:
        """Create, join by code, deltas to both, signals, leave, rejoin with the same address."""

        async def life() -> None:
            service, host = await self.founded()
            assert service.key is not None
            info = host.link.server_info
            assert info is not None
            self.assertEqual(("127.0.0.1:3478",), info.reflectors)
            named = RelayInfo("127.0.0.1", 1, 9, relay_id(Place("", 1, 9)))
            self.assertEqual((named,), info.relays)
            guest = await self.node("guest", service, pin=fingerprint(service.key.public))
            self.assertEqual("10.66.0.2", await guest.join(self.kit, "guest"))
            await self.until(lambda: len(host.names()) == 2)
            self.assertEqual({"host": "10.66.0.1", "guest": "10.66.0.2"}, guest.names())
            self.assertEqual(host.names(), guest.names())
            assert host.replica is not None
            assert guest.replica is not None
            self.assertEqual(2, host.replica.revision)
            self.assertTrue(all(m.online for m in guest.replica.members.values()))
            signal = SendSignal(self.kit.party_id, host.keys.identity.public, b"sealed")
            await guest.link.request(signal, correlation_id="c1")
            await self.until(lambda: any(isinstance(n, Signalled) for n in host.notices))
            self.assertEqual(Signalled(self.kit.party_id, guest.keys.identity.public, b"sealed"), host.notices[-1])
            await guest.link.request(LeaveParty(self.kit.party_id))
            await self.until(lambda: len(host.names()) == 1)
            self.assertIsInstance(host.changes[-1], MemberRemoved)
            other = await self.node("other", service)
            self.assertEqual("10.66.0.3", await other.join(self.kit, "other"))
            self.assertEqual("10.66.0.2", await guest.join(self.kit, "guest again"))

        return self.run_async(life())

    def test_restart_of_the_server_loses_nothing(self) -> Deferred[None]:
        """After a restart the links come back, presence is told anew, and what happened since arrives."""

        async def life() -> None:
            service, host = await self.founded()
            guest = await self.node("guest", service)
            await guest.join(self.kit, "guest")
            await self.until(lambda: len(host.names()) == 2)
            port = service.address.port
            await self._stop(service)
            await self.until(lambda: not host.link.connected and not guest.link.connected)
            service = await self.serve(port)
            await host.link.when_connected(patient=True)
            await host.follow()
            self.assertEqual({"host": "10.66.0.1", "guest": "10.66.0.2"}, host.names())
            await guest.link.when_connected(patient=True)
            await guest.follow()
            await self.until(lambda: host.everybody_online() and guest.everybody_online())
            third = await self.node("third", service)
            self.assertEqual("10.66.0.3", await third.join(self.kit, "third"))
            await self.until(lambda: len(host.names()) == 3 and len(guest.names()) == 3)
            self.assertIsInstance(host.changes[-1], MemberAdded)

        return self.run_async(life())

    def test_ticket(self) -> Deferred[None]:
        """A ticket for the pair of two members, and for nobody else."""

        async def life() -> None:
            service, host = await self.founded()
            guest = await self.node("guest", service)
            wanted = FetchTicket(self.kit.party_id, host.keys.identity.public)
            await self.refused("not_a_member", guest.link.request(wanted))
            await guest.join(self.kit, "guest")
            issued = await guest.link.request(wanted)
            assert isinstance(issued, TicketIssued)
            assert service.key is not None
            ticket = verify(issued.ticket, service.key.public, time.time())
            pair = pair_of(guest.keys.wireguard.public, host.keys.wireguard.public)
            expires = ticket.expires
            self.assertEqual(
                Ticket(bytes.fromhex(self.kit.party_id), guest.keys.identity.public, pair, expires), ticket
            )
            self.assertGreater(expires, time.time() + issued.lifetime - 10)

        return self.run_async(life())

    def test_newest_connection_wins(self) -> Deferred[None]:
        """A node that starts again with the same identity takes the place of its old self."""

        async def life() -> None:
            service, host = await self.founded()
            again = await self.node("host", service)
            await self.until(lambda: not host.link.connected)
            again.replica = host.replica
            await again.follow()
            self.assertEqual(1, service.status()["sessions"])

        return self.run_async(life())

    def test_nothing_is_answered_before_it_is_on_disk(self) -> Deferred[None]:
        """While the disk is slow or full neither the answer nor the notices leave; then all do, in order."""

        async def life() -> None:
            store = MemoryStore()
            service = await self.serve(store=store)
            host, guest = await self.node("host", service), await self.node("guest", service)
            certificate = self.kit.certificate(host.keys, "host", "10.66.0.1", now=time.time())
            store.slow = True
            asked = Deferred.fromCoroutine(host.link.request(CreateParty(self.kit.charter_blob, certificate)))
            await deferLater(reactor, 0.2, lambda: None)
            self.assertFalse(asked.called)
            store.failing = 2
            store.slow = False
            store.release()
            host.take(await asked)
            self.assertEqual(2, service.status()["journal"]["failures"])
            await host.link.request(
                PublishInvitation(self.kit.party_id, self.kit.invitation(SECRET, now=time.time() - 5))
            )
            store.slow = True
            joining = Deferred.fromCoroutine(guest.join(self.kit, "guest"))
            await deferLater(reactor, 0.2, lambda: None)
            self.assertEqual(([], False), ([n for n in host.notices if isinstance(n, Deltas)], joining.called))
            store.slow = False
            store.release()
            await joining
            await self.until(lambda: len(host.names()) == 2)

        return self.run_async(life())

    def test_stop_with_a_broken_disk(self) -> Deferred[None]:
        """A server whose disk takes nothing any more stops all the same, and says what it could not write."""

        async def life() -> None:
            store = MemoryStore()
            service = await self.serve(store=store)
            host = await self.node("host", service)
            store.failing = 10**6
            certificate = self.kit.certificate(host.keys, "host", "10.66.0.1", now=time.time())
            asked = Deferred.fromCoroutine(host.link.request(CreateParty(self.kit.charter_blob, certificate)))
            await self.until(lambda: store.failing < 10**6)
            stopped = Deferred.fromCoroutine(self._stop(service))
            with self.assertRaises(Unreachable):
                await asked
            await stopped
            self.assertEqual({}, store.rows)

        return self.run_async(life())

    def test_ipv6(self) -> Deferred[None]:
        """Over IPv6 as well, and hosts that are left empty are filled in with brackets."""

        async def life() -> None:
            settings = ControlSettings(self.folder, "tcp6:0:interface=\\:\\:1", (":3478",))
            service = ControlService(reactor, settings)
            await service.start()
            self.services.append(service)
            self.assertEqual(f"[::1]:{service.address.port}", service.status()["listen"])
            link = ControlClient(reactor, node_keys("v6"), (f"[::1]:{service.address.port}",))
            self.services.append(link)
            link.startService()
            info = await link.when_connected()
            self.assertEqual(("[::1]:3478",), info.reflectors)

        return self.run_async(life())

    def test_stop_during_the_start(self) -> Deferred[None]:
        """A server that is stopped while it still loads leaves nothing open, and its folder can be used at once."""

        async def life() -> None:
            settings = ControlSettings(self.folder, "tcp:0:interface=127.0.0.1")
            service = ControlService(reactor, settings)
            service.startService()
            await service.stopService()
            await service.started
            again = ControlService(reactor, settings)
            await again.start()
            await again.stop()

        return self.run_async(life())
