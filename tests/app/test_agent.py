"""An agent beside a real local API: it tells what its session shows, finds the node again, and carries orders out."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import attrs
import msgspec
import pytest
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from lanrage.app.agent import AgentService
from lanrage.app.agent_desk import AgentDesk
from lanrage.app.agent_doing import Doers
from lanrage.app.agent_node import AgentNode
from lanrage.app.api import ApiService
from lanrage.app.caller import Caller
from lanrage.app.client import NodeClient
from lanrage.app.config import AgentConfig
from lanrage.app.game_mods_results import ServerModsShown
from lanrage.app.game_profiles import GameProfiles
from lanrage.app.games_plane import GamesPlane
from lanrage.app.operations import INode
from lanrage.core.game_orders import Launch
from lanrage.core.game_profile import GameProfile
from lanrage.core.game_windows import Window
from lanrage.errors import BadInput, MissingRight, Refused, Unreachable
from tests.app.test_launcher import TAG
from tests.fakes_servers import DIFFERS, UNKNOWN_HERE
from tests.x_server import NO_XVFB, show_window, start_server

reactor: Any = installed_reactor
ROOT = Path(__file__).resolve().parents[2]
WINDOW = Window("OpenTTD 13.0", "openttd", os.getpid(), "openttd")
PROGRAM = [sys.executable, "-c", "from twisted.scripts.twistd import run; run()", "--nodaemon", "--pidfile="]


class Session:
    """A session's windows in memory, as a thread asks for them."""

    def __init__(self) -> None:
        self.shown: tuple[Window, ...] = ()
        self.fails = False
        self._news = threading.Event()

    def show(self, *windows: Window) -> None:
        """The session shows these now."""
        self.shown = windows
        self._news.set()

    def end(self) -> None:
        """The session ends."""
        self.fails = True
        self._news.set()

    def read(self) -> tuple[Window, ...]:
        """See :class:`lanrage.net.window_watch.Windows`."""
        if self.fails:
            raise Unreachable("the X server is gone")
        return self.shown

    def changed(self, wake: int, timeout: float) -> bool:
        """A stop is seen within the time that this waits."""
        there = self._news.wait(0.02)
        self._news.clear()
        return there

    def settle(self, wake: int) -> None:
        """Nothing goes on."""

    def close(self) -> None:
        """Nothing is kept."""


@attrs.define
class Games:
    """The part of a node's games that agents speak to."""

    agents: AgentDesk
    profiles: Mapping[str, GameProfile]


class Node(AgentNode):
    """Has agents, and nothing else of a node; tells of the windows that it hears of."""

    role = "node"

    def __init__(self) -> None:
        self.seen: tuple[Window, ...] = ()
        self._waiting: list[tuple[tuple[Window, ...], Deferred[None]]] = []
        self.desk = AgentDesk(reactor, self._see)
        self.games = cast(GamesPlane, Games(self.desk, {"tag": TAG}))
        self.game = "tag"
        self.mods: ServerModsShown | None = None
        self.log_ins: list[bool] = []

    def join_server(self, *, server: str, caller: Caller | None = None) -> Deferred[dict[str, Any]]:
        """See :meth:`INode.join_server`."""
        mods = msgspec.to_builtins(self.mods)
        return succeed({"address": "10.66.0.2", "port": 3979, "game": self.game, "mods": mods})

    async def rejoin(self, *, login: bool, caller: Caller) -> dict[str, Any]:
        """See :meth:`INode.rejoin`."""
        del caller
        self.log_ins.append(login)
        return {"outcome": "there", "party_id": ""}

    def _see(self, windows: Sequence[Window]) -> None:
        self.seen = tuple(windows)
        for wanted, waiting in list(self._waiting):
            if wanted == self.seen:
                self._waiting.remove((wanted, waiting))
                waiting.callback(None)

    def sees(self, *windows: Window) -> Deferred[None]:
        """Fires when these are the windows."""
        waiting: Deferred[None] = Deferred()
        self._waiting.append((windows, waiting))
        self._see(self.seen)
        return waiting.addTimeout(20, reactor)


class AgentTests(TestCase):
    """One agent, one node after the other."""

    timeout = 60

    def setUp(self) -> None:
        """A node in memory behind a real socket, a session in memory."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-agent-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = self.folder / "run" / "node.sock"
        self.node, self.session = Node(), Session()
        self.orders: list[Launch] = []
        self.missing = False

    def serve(self) -> ApiService:
        """The node's API."""
        service = ApiService(reactor, self.path, cast(INode, self.node))
        service.startService()
        self.addCleanup(lambda: service.stopService() if service.running else None)
        return service

    def attend(self, **environment: str) -> AgentService:
        """The agent of a session with this environment."""
        profiles = GameProfiles(reactor, self.folder / "games", lambda: ())
        doers: Doers = {Launch: self.launch}
        agent = AgentService(reactor, self.path, profiles, doers, environment, lambda: self.session)
        agent.startService()
        self.addCleanup(lambda: agent.stopService() if agent.running else None)
        return agent

    async def launch(self, order: Launch) -> tuple[()]:
        """Note it; where the game is missing, say so."""
        self.orders.append(order)
        if self.missing:
            raise MissingRight("Tag is not installed here")
        return ()

    async def test_windows_are_told_as_they_change(self) -> None:
        """The node knows them, by the operation too, until the agent is gone."""
        self.serve()
        agent = self.attend(DISPLAY=":0")
        self.session.show(WINDOW)
        await self.node.sees(WINDOW)
        async with NodeClient(reactor, self.path) as asker:
            shown = await asker.call("games.agents")
        self.assertEqual(shown, {"agents": [{"user": os.geteuid(), "windows": 1, "blind": ""}]})
        self.session.show()
        await self.node.sees()
        self.session.show(WINDOW)
        await self.node.sees(WINDOW)
        gone = self.node.sees()
        await agent.stopService()
        await gone
        self.assertEqual(self.node.desk.shown(), [])

    async def test_node_comes_back(self) -> None:
        """An agent waits for its node, before it is there and after it was restarted: that is no log-in."""
        agent = self.attend(DISPLAY=":0")
        self.session.show(WINDOW)
        first = self.serve()
        await self.node.sees(WINDOW)
        while agent._login:
            await deferLater(reactor, 0.01)
        gone = self.node.sees()
        await maybeDeferred(first.stopService)
        await gone
        self.serve()
        await self.node.sees(WINDOW)
        while len(self.node.log_ins) < 2:
            await deferLater(reactor, 0.01)
        self.assertEqual((self.node.log_ins, agent.running), ([True, False], True))

    async def test_session_ends(self) -> None:
        """Its windows are windows no more."""
        self.serve()
        self.attend(DISPLAY=":0")
        self.session.show(WINDOW)
        await self.node.sees(WINDOW)
        self.session.end()
        await self.node.sees()

    async def test_orders_are_carried_out(self) -> None:
        """What the user asks of the node reaches this user's agent, whose word is the answer; one without windows says
        why."""
        self.serve()
        async with NodeClient(reactor, self.path) as asker:
            self.assertIn("no agent", await self.refused(asker))
            self.attend(WAYLAND_DISPLAY="wayland-0")
            while not self.node.desk.shown():
                turn: Deferred[None] = Deferred()
                reactor.callLater(0.01, turn.callback, None)
                await turn
            self.assertEqual((await asker.call("servers.launch", {"server": "Arena"}))["port"], 3979)
            self.assertEqual([("tag", "10.66.0.2", 3979)], [(one.game, one.address, one.port) for one in self.orders])
            self.node.game = ""
            self.assertIn("not known", await self.refused(asker))
            self.assertEqual(1, len(self.orders))
            self.node.game, self.node.mods = "tag", DIFFERS
            self.assertIn("those of Ben: missing here: a.jar", await self.refused(asker, "mods_differ"))
            self.assertEqual(1, len(self.orders))
            await asker.call("servers.launch", {"server": "Arena", "anyway": True})
            self.node.mods = UNKNOWN_HERE
            await asker.call("servers.launch", {"server": "Arena"})
            self.missing = True
            self.assertEqual("Tag is not installed here", await self.refused(asker))
        self.assertIn("Wayland", self.node.desk.shown()[0].blind)

    async def refused(self, asker: NodeClient, code: str = "not_started") -> str:
        """Why a game is not started."""
        with self.assertRaises(Refused) as caught:
            await asker.call("servers.launch", {"server": "Arena"})
        self.assertEqual(code, caught.exception.code)
        return caught.exception.message

    @pytest.mark.skipif(bool(NO_XVFB), reason=NO_XVFB)
    async def test_program_in_a_real_session(self) -> None:
        """``twistd lanrage agent`` tells a real node's socket of a real window, and ends when it is told to."""
        self.serve()
        display, _ = start_server(self.addCleanup)
        _, window = show_window(self.addCleanup, display, "Widelands 1.1", "Widelands")
        options = ["--state-dir", str(self.folder / "state"), "--socket", str(self.path)]
        environment = {**os.environ, "DISPLAY": display}
        argv = [*PROGRAM, "lanrage", "agent", *options]
        agent = subprocess.Popen(argv, cwd=ROOT, env=environment)  # pylint: disable=consider-using-with  # killed below
        self.addCleanup(agent.kill)
        program = Path(os.path.realpath(sys.executable)).name
        await self.node.sees(Window("Widelands 1.1", "Widelands", window.pid, program))
        gone = self.node.sees()
        agent.send_signal(signal.SIGTERM)
        await gone
        self.assertIn(agent.wait(20), (0, -signal.SIGTERM))


class ConfigTests(SynchronousTestCase):
    """The role's options."""

    def test_socket(self) -> None:
        """Named, or that of the service; too long a path is refused."""
        config = AgentConfig.parse({"socket": "/tmp/lr.sock", "state-dir": "/tmp/lr"})
        self.assertEqual(config, AgentConfig(Path("/tmp/lr.sock"), Path("/tmp/lr/games")))
        self.assertEqual(AgentConfig.parse({}).socket.name, "node.sock")
        self.assertEqual(self.assertRaises(BadInput, AgentConfig.parse, {"socket": "x" * 200}).field, "socket")
