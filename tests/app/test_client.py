"""The client: errors come back as they were raised, and a node that is not there is one helpful sentence."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import TestCase

from lanrage import errors
from lanrage.app import role_sockets
from lanrage.app.api import ApiService
from lanrage.app.client import NodeClient
from lanrage.app.client_protocol import NodeFault, Watched
from lanrage.app.operations import JoinParty
from lanrage.app.role_sockets import default_socket
from lanrage.errors import BadInput, LanrageError, MissingRight, Refused, Unreachable
from lanrage.log_context import context
from lanrage.net.local_socket import PeerCredentials
from lanrage.wire.local import CALL_BACKLOG, CALL_LIMIT
from tests.fakes_node import FakeNode
from tests.log_tape import start_tape

reactor: Any = installed_reactor
NOBODY = 65534


class ClientCase(TestCase):
    """A service with a fake node."""

    def setUp(self) -> None:
        """Listen."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-client-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = self.folder / "node.sock"
        self.node = FakeNode()

    def serve(self, **more: Any) -> ApiService:
        """Start the service."""
        service = ApiService(reactor, self.path, self.node, **more)
        service.startService()
        self.addCleanup(service.stopService)
        return service

    async def ask(self, op: str, args: Any = None, **more: Any) -> Any:
        """One call on a connection of its own."""
        async with NodeClient(reactor, self.path) as node:
            return await node.call(op, args, **more)

    async def refused(self, op: str = "status", args: Any = None, **more: Any) -> LanrageError:
        """The error of one call."""
        try:
            result = await self.ask(op, args, **more)
        except LanrageError as error:
            return error
        raise AssertionError(result)


class SlowNode(FakeNode):
    """A node whose joins never end by themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.joining: list[Deferred[Any]] = []

    async def join_party(self, code: str, **wishes: Any) -> dict[str, Any]:
        """Wait until it is cancelled."""
        del code, wishes
        self.joining.append(Deferred())
        await self.joining[-1]
        raise AssertionError("nobody lets it end")


class CallTests(ClientCase):
    """With a node."""

    async def test_id(self) -> None:
        """The one that is given, else that of the context, else a new one for each call."""
        self.serve()
        tape = start_tape(self)
        with context(correlation_id="outer"):
            await self.ask("status")
            await self.ask("status", correlation_id="given")
        await self.ask("status")
        await self.ask("status")
        told = [line["correlation_id"] for line in tape.where(event="operation {op} begins")]
        self.assertEqual((["outer", "given"], 4), (told[:2], len(set(told))))
        self.assertRegex(told[-1], "^[0-9a-f]{16}$")

    async def test_result_and_progress(self) -> None:
        """A request struct is sent by its fields; stages come in order."""
        self.serve()
        stages: list[str] = []
        result = await self.ask("party.join", JoinParty("LR1-x", "Ann"), progress=stages.append)
        self.assertEqual((result["name"], result["members"]), ("Friday", 2))
        self.assertEqual(stages, ["asking the control server", "making the card"])
        self.assertEqual(self.node.calls, [("join_party", "LR1-x", "Ann")])

    async def test_every_error_comes_back_as_it_was_raised(self) -> None:
        """Type, code, field and sentence."""
        self.serve()
        raised: list[LanrageError] = [
            BadInput("name", "must be: short"),
            Refused("party_full", "the party has as many members as it allows"),
            *(
                kind(f"a sentence about {kind.code}")
                for kind in (
                    errors.DecodeError,
                    errors.CryptoError,
                    errors.MissingRight,
                    errors.Unreachable,
                    errors.VersionMismatch,
                    errors.StoreError,
                )
            ),
        ]
        for error in raised:
            self.node.failures["status"] = error
            got = await self.refused()
            self.assertEqual((type(got), got.code, str(got)), (type(error), error.code, str(error)))
            self.assertEqual(getattr(got, "field", None), getattr(error, "field", None))

    async def test_a_bug_in_the_node(self) -> None:
        """Is told apart from a refusal."""
        self.serve()
        self.node.failures["status"] = KeyError("x")
        self.assertIsInstance(await self.refused(), NodeFault)
        self.flushLoggedErrors(KeyError)

    async def test_calls_side_by_side(self) -> None:
        """A quick call is answered while a long one runs."""
        self.serve()
        self.node.held = Deferred()
        async with NodeClient(reactor, self.path) as node:
            joining = Deferred.fromCoroutine(node.call("party.join", {"code": "LR1-x", "member_name": "Ann"}))
            self.assertEqual((await node.call("status"))["state"], "idle")
            self.node.held.callback(None)
            self.assertEqual((await joining)["name"], "Friday")

    async def test_a_node_that_takes_too_long(self) -> None:
        """The wait ends, so does the operation, and the connection serves the next call."""
        self.serve()
        self.node.held = Deferred()
        async with NodeClient(reactor, self.path) as node:
            joining = node.call("party.join", {"code": "LR1-x", "member_name": "Ann"}, timeout=0.05)
            error = await self.assertFailure(Deferred.fromCoroutine(joining), Unreachable)
            self.assertIn("did not answer within", str(error))
            self.assertEqual((await node.call("status"))["state"], "idle")
            self.assertTrue(self.node.held.called, "it was cancelled")

    async def test_a_call_that_is_cancelled(self) -> None:
        """A long operation is ended at the node; one that has not had its turn is never asked for."""
        self.node = SlowNode()
        self.serve()
        async with NodeClient(reactor, self.path) as node:
            arguments = {"code": "LR1-x", "member_name": "Ann"}
            joining = [Deferred.fromCoroutine(node.call("party.join", arguments)) for _ in range(CALL_BACKLOG + 1)]
            later = Deferred.fromCoroutine(node.call("status"))
            for each in reversed(joining):
                each.cancel()
                await self.assertFailure(each, CancelledError)
                assert node._protocol is not None
                self.assertLessEqual(len(node._protocol._later), 1, "a cancelled call is kept")
            self.assertEqual((await later)["state"], "idle")
        self.assertEqual([each.called for each in self.node.joining], [True] * CALL_BACKLOG)

    async def test_many_calls_at_once(self) -> None:
        """More than the node takes from one connection: each has its turn, in order."""
        self.serve()
        async with NodeClient(reactor, self.path) as node:
            asked = [Deferred.fromCoroutine(node.call("status")) for _ in range(3 * CALL_BACKLOG)]
            answers = [await each for each in asked]
        self.assertEqual([answer["state"] for answer in answers], ["idle"] * len(asked))

    async def test_too_much_in_one_call(self) -> None:
        """It is told at once; the connection is not lost by it."""
        self.serve()
        async with NodeClient(reactor, self.path) as node:
            calling = Deferred.fromCoroutine(node.call("servers.list", {"search": "x" * CALL_LIMIT}))
            error = await self.assertFailure(calling, BadInput)
            self.assertEqual(error.field, "args")
            self.assertEqual((await node.call("status"))["state"], "idle")

    async def test_entered_twice(self) -> None:
        """A connection that is open is not opened over: the first would never be closed."""
        self.serve()
        async with NodeClient(reactor, self.path) as node:
            with self.assertRaises(Refused):
                async with node:
                    self.fail("it is open already")
            self.assertEqual((await node.call("status"))["state"], "idle")
        async with node:
            self.assertEqual((await node.call("status"))["state"], "idle")

    async def test_a_node_that_stops_in_the_middle(self) -> None:
        """Whoever waits is told."""
        service = self.serve()
        self.node.held = Deferred()
        async with NodeClient(reactor, self.path) as node:
            joining = Deferred.fromCoroutine(node.call("party.join", {"code": "LR1-x", "member_name": "Ann"}))
            await node.call("status")
            await service.stopService()
            error = await self.assertFailure(joining, LanrageError)
            self.assertEqual(str(error), "the node stops; what you asked for was not finished")
            error = await self.assertFailure(Deferred.fromCoroutine(node.call("status")), Unreachable)


class NoNodeTests(ClientCase):
    """Without a node, or with another program."""

    async def test_nothing_there(self) -> None:
        """No file, a dead socket, a file that is no socket: how to start a node."""
        self.assertIn("no node is running at", str(await self.refused()))
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(self.path))
        error = await self.refused()
        self.assertIsInstance(error, Unreachable)
        self.assertIn("start one with: sudo systemctl start lanrage-node", str(error))
        self.path.unlink()
        self.path.write_text("", encoding="ascii")
        self.assertIsInstance(await self.refused(), Unreachable)

    async def test_what_else_runs(self) -> None:
        """Who names a socket means that one; who names none is told of others that are there."""
        self.patch(role_sockets, "SYSTEM_SOCKET", str(self.folder / "system.sock"))  # a node may run on this machine
        (self.folder / "lanrage").mkdir()
        with socket.socket(socket.AF_UNIX) as beside:
            beside.bind(str(self.folder / "lanrage" / "control.sock"))
            beside.listen()
            with CliRunner().isolation(env={"XDG_DATA_HOME": str(self.folder), "XDG_RUNTIME_DIR": None}):
                named = str(await self.refused())
                self.path = Path(default_socket())
                usual = str(await self.refused())
        self.assertNotIn("is here", named)
        self.assertIn("a control server is here: lanrage --role control", usual)

    async def test_too_long_a_path(self) -> None:
        """Is a bad input, not a traceback."""
        self.path = self.folder / ("x" * 120)
        self.assertIsInstance(await self.refused(), BadInput)

    async def test_a_user_who_may_not(self) -> None:
        """The node's 403 is a missing right."""
        stranger = PeerCredentials(1, os.geteuid() + 1, frozenset())
        self.serve(credentials=lambda _: stranger)
        error = await self.refused()
        self.assertEqual((type(error), "use sudo" in str(error)), (MissingRight, True))

    @pytest.mark.needs("root")
    async def test_a_socket_that_may_not_be_opened(self) -> None:
        """The file's mode is a missing right as well."""
        self.serve()
        self.folder.chmod(0o755)
        self.path.chmod(0o600)
        self.addCleanup(os.seteuid, 0)
        os.seteuid(NOBODY)
        error = await self.refused()
        self.assertIsInstance(error, MissingRight)
        self.assertIn("may not open", str(error))

    async def test_another_program(self) -> None:
        """One that talks nonsense is no node."""

        class Stranger(Protocol):
            """Speaks something else."""

            def dataReceived(self, data: bytes) -> None:
                """Twisted: whatever it was."""
                transport: Any = self.transport
                transport.write(b"HTTP/1.1 200 OK\r\n\r\nhello")
                transport.loseConnection()

        port = reactor.listenUNIX(str(self.path), Factory.forProtocol(Stranger))
        self.addCleanup(port.stopListening)
        error = await self.refused()
        self.assertEqual(str(error), "what listens at the socket is no node of this version")

    async def test_one_that_hangs_up(self) -> None:
        """As a node that just stops: it is not taken for another program."""

        class Ending(Protocol):
            """Goes as soon as somebody comes."""

            def connectionMade(self) -> None:
                """Twisted: somebody came."""
                transport: Any = self.transport
                transport.loseConnection()

        port = reactor.listenUNIX(str(self.path), Factory.forProtocol(Ending))
        self.addCleanup(port.stopListening)
        error = await self.refused()
        self.assertEqual((type(error), "closed the connection at once" in str(error)), (Unreachable, True))


class WatchTests(ClientCase):
    """States as they come."""

    async def test_states_until_it_is_left(self) -> None:
        """The first at once, the next when it changed; leaving the loop ends it at the node."""
        service = self.serve()
        seen = []
        async with NodeClient(reactor, self.path) as node:
            async for state in node.watch("status"):
                seen.append(state["state"])
                if len(seen) == 2:
                    break
                await node.call("party.join", {"code": "LR1-x", "member_name": "Ann"})
            await node.call("status")
            self.assertEqual(len(service.calls.watching), 0)
        self.assertEqual(seen, ["idle", "in-party"])

    async def test_the_newest_alone(self) -> None:
        """Who is slow finds one state, then the failure that ended it."""
        watched = Watched(lambda: None)
        taking = Deferred.fromCoroutine(watched.next())
        for state in "abc":
            watched.offer(state)
        watched.fail(Unreachable("gone"))
        self.assertEqual((await taking, await watched.next()), ("a", "c"))
        await self.assertFailure(Deferred.fromCoroutine(watched.next()), Unreachable)

    async def test_what_is_refused(self) -> None:
        """The error is that of a call."""
        self.serve()
        async with NodeClient(reactor, self.path) as node:
            error = await self.assertFailure(Deferred.fromCoroutine(anext(node.watch("party.show"))), Refused)
            self.assertEqual(error.code, "not_in_party")
            error = await self.assertFailure(Deferred.fromCoroutine(anext(node.watch("party.leave"))), BadInput)
            self.assertEqual(error.field, "watch")

    async def test_a_node_that_stops(self) -> None:
        """Whoever watches is told."""
        service = self.serve()
        async with NodeClient(reactor, self.path) as node:
            states = node.watch("status")
            await anext(states)
            waiting = Deferred.fromCoroutine(anext(states))
            await service.stopService()
            await self.assertFailure(waiting, LanrageError)
