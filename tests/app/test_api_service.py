"""The local API's service: who may speak, one node at a socket, and nothing left after it."""

from __future__ import annotations

import os
import socket
import stat
from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import implementer

from lanrage.app.api import ApiService, kernel_credentials
from lanrage.app.client import NodeClient
from lanrage.app.client_protocol import NodeFault
from lanrage.errors import BadInput, Refused, StoreError
from lanrage.net.local_socket import PeerCredentials
from tests.api_case import ApiCase
from tests.fakes_node import CODE

reactor: Any = installed_reactor


class WhoTests(ApiCase):
    """Who may speak."""

    async def refusal(self, headers: dict[str, str] | None = None) -> str:
        """Why the handshake failed."""
        client = await self.connect(headers)
        await client.lost
        self.assertFalse(client.opened.called)
        return str(client.wasNotCleanReason)

    async def test_modes(self) -> None:
        """Others reach neither socket nor folder."""
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o660)
        self.assertEqual(stat.S_IMODE(self.path.parent.stat().st_mode), 0o750)

    async def test_a_browser_is_refused(self) -> None:
        """Any Origin is one too many, the socket's own host included."""
        for origin in ("http://localhost", "https://evil.example", "null"):
            self.assertIn(
                "browsers may not speak to this socket" if origin != "null" else "",
                await self.refusal({"Origin": origin}),
            )

    async def test_a_stranger_is_refused_and_a_group_member_not(self) -> None:
        """The kernel's word decides: root, own user, member of the socket's group."""
        await self.service.stopService()
        group, owner = os.getegid() + 1, os.geteuid()
        asking = [PeerCredentials(1, owner + 1, frozenset((group,)))]
        self.serve(credentials=lambda _: asking[0])
        self.assertIn("403", await self.refusal())
        for friend in (
            PeerCredentials(1, 0, frozenset()),
            PeerCredentials(1, owner, frozenset()),
            PeerCredentials(1, owner + 1, frozenset((self.path.stat().st_gid,))),
        ):
            asking[0] = friend
            await self.opened()

    async def test_the_kernel_tells_who_we_are(self) -> None:
        """The credentials of a connection from this process are its own."""
        seen: list[PeerCredentials] = []

        def look(transport: Any) -> PeerCredentials:
            seen.append(kernel_credentials(transport))
            return seen[-1]

        await self.service.stopService()
        self.serve(credentials=look)
        await self.opened()
        self.assertEqual(seen, [PeerCredentials(os.getpid(), os.geteuid(), frozenset((os.getegid(), *os.getgroups())))])


class PrivateTests(ApiCase):
    """A socket in a state folder, as control servers and relays have it."""

    async def begin(self, **more: Any) -> ApiService:
        """In place of the node's, in a folder that is made for it."""
        await self.service.stopService()
        self.path = self.folder / "state" / "relay.sock"
        return self.serve(private=True, **more)

    async def test_modes(self) -> None:
        """Its owner alone reaches socket and folder."""
        await self.begin()
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.path.parent.stat().st_mode), 0o700)
        self.assertIn(b'"state"', await (await self.opened()).ask(b'{"id":1,"op":"status"}'))

    async def test_no_group(self) -> None:
        """Root and its own user may speak; who is in the socket's group may not."""
        owner = os.geteuid()
        asking = [PeerCredentials(1, owner + 1, frozenset((os.getegid(),)))]
        await self.begin(credentials=lambda _: asking[0])
        client = await self.connect()
        await client.lost
        self.assertIn("403", str(client.wasNotCleanReason))
        for uid in (0, owner):
            asking[0] = PeerCredentials(1, uid, frozenset())
            await self.opened()

    async def test_two_in_one_folder(self) -> None:
        """Another role's socket may be beside it; a second one of its own name may not, and the first one goes on."""
        await self.begin()
        with self.assertRaises(Refused) as caught:
            self.serve(private=True)
        self.assertEqual(caught.exception.code, "node_running")
        first, self.path = self.path, self.path.with_name("control.sock")
        beside = self.serve(private=True)
        self.assertIn(b'"state"', await (await self.opened()).ask(b'{"id":1,"op":"status"}'))
        await beside.stopService()
        self.assertEqual(list(self.path.parent.iterdir()), [first])

    async def test_after_a_crash(self) -> None:
        """The socket of a dead process is replaced."""
        service = await self.begin()
        await service.stopService()
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(self.path))
        self.serve(private=True)
        self.assertIn(b'"state"', await (await self.opened()).ask(b'{"id":1,"op":"status"}'))


class LifeTests(ApiCase):
    """One node at a socket, and nothing left after it."""

    def test_a_second_node_is_refused(self) -> None:
        """The first one goes on."""
        with self.assertRaises(Refused) as caught:
            self.serve()
        self.assertEqual(caught.exception.code, "node_running")
        self.assertIn("a process of LANrage is at work in", str(caught.exception))
        self.assertTrue(self.path.is_socket())

    async def test_the_socket_of_a_dead_node_is_replaced(self) -> None:
        """As after kill -9: the file is there, nobody holds its lock."""
        await self.service.stopService()
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(self.path))
        self.serve()
        self.assertIn(b'"state"', await (await self.opened()).ask(b'{"id":1,"op":"status"}'))

    async def test_what_is_not_ours_is_left_alone(self) -> None:
        """A file of another kind, or a foreign listener, is never removed; and the folder's lock is let go."""
        await self.service.stopService()
        self.path.write_text("precious")
        for _ in range(2):
            self.assertRaises(BadInput, self.serve)
        self.assertEqual(self.path.read_text(), "precious")
        self.path.unlink()
        with socket.socket(socket.AF_UNIX) as foreign:
            foreign.bind(str(self.path))
            foreign.listen()
            self.assertRaises(Refused, self.serve)
        self.assertTrue(self.path.is_socket())

    async def test_paths_that_cannot_be(self) -> None:
        """Too long a path and a folder that cannot be made are one sentence each."""
        long = ApiService(reactor, self.folder / ("x" * 120), self.node)
        self.assertIn("has 1 to 107 bytes", str(self.assertRaises(BadInput, long.startService)))
        (self.folder / "file").write_text("")
        blocked = ApiService(reactor, self.folder / "file" / "node.sock", self.node)
        self.assertIn("cannot be made", str(self.assertRaises(StoreError, blocked.startService)))

    async def test_stopping_ends_everything(self) -> None:
        """Calls in flight are cancelled and told so, connections closed, the socket gone."""
        self.node.held = Deferred()
        client = await self.opened()
        waiting = await self.connect()
        await client.ask(b'{"id":1,"op":"party.join","args":{"code":"LR1-x","member_name":"Ann"}}')
        await self.service.stopService()
        self.assertIn(b'"code":"stopping"', await client.next())
        await client.lost
        await waiting.lost
        self.assertEqual(client.close_code, 1000)
        self.assertFalse(self.path.exists())
        self.assertEqual(list(self.path.parent.iterdir()), [])

    async def test_no_invitation_code_is_logged(self) -> None:
        """Neither of a call that works nor of one that fails, at any level."""
        events: list[str] = []

        @implementer(ILogObserver)
        def observe(event: LogEvent) -> None:
            events.append(f"{formatEvent(event)} {event}")

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        join = {"code": CODE, "member_name": "Ann"}
        async with NodeClient(reactor, self.path) as node:
            await node.call("party.create", {"name": "Friday", "member_name": "Ann"})
            await node.call("party.join", join)
            wrong = Deferred.fromCoroutine(node.call("party.join", {**join, "member_name": ""}))
            await self.assertFailure(wrong, BadInput)
            self.node.failures["join_party"] = ZeroDivisionError()
            await self.assertFailure(Deferred.fromCoroutine(node.call("party.join", join)), NodeFault)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertTrue(events)
        self.assertNotIn(CODE, "".join(events))

    async def test_an_operation_outlives_its_client(self) -> None:
        """Who goes away in the middle of a join finds it done afterwards."""
        self.node.held = Deferred()
        client = await self.opened()
        await client.ask(b'{"id":1,"op":"party.join","args":{"code":"LR1-x","member_name":"Ann"}}')
        await self.drop(client)
        self.node.held.callback(None)
        async with NodeClient(reactor, self.path) as node:
            self.assertEqual((await node.call("status"))["state"], "in-party")
