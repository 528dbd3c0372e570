"""The gateway as a part of a node: where it listens, what it does without a port, and the link to it."""

from __future__ import annotations

import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from lanrage.app import roles
from lanrage.app.api_calls import Calls
from lanrage.app.caller import Caller
from lanrage.app.config import NodeConfig
from lanrage.app.machinery import Devices
from lanrage.app.operations import OPERATIONS, perform
from lanrage.app.results import WebShown
from lanrage.app.web_service import AGAIN_SECONDS, WebService
from lanrage.core.settings_web import WebListen
from lanrage.errors import Refused
from tests.fakes_node import FakeNode
from tests.web_case import ANYWHERE, USER, WebCase, reactor


class Later:
    """A reactor whose delayed calls of one length come when the test says so."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(reactor, name)

    def callLater(self, delay: float, call: Any, *args: Any, **more: Any) -> Any:
        """Note it, where it is the one that is waited for."""
        if delay != AGAIN_SECONDS:
            return reactor.callLater(delay, call, *args, **more)
        made = reactor.callLater(3600, lambda: None)
        self.calls.append((delay, call))
        self.addCleanup(lambda: made.active() and made.cancel())
        return made

    addCleanup: Any = None


class ServiceTests(WebCase):
    """:class:`WebService`."""

    def test_where(self) -> None:
        """On loopback alone; the link has the code behind the hash, which browsers send nobody."""
        opened = self.service.open_for(USER)
        self.assertEqual(f"http://127.0.0.1:{self.port}/", opened.page)
        page, _, code = opened.url.partition("#login=")
        self.assertEqual((opened.page, 43), (page, len(code)))
        self.assertNotEqual(opened.url, self.service.open_for(USER).url)
        self.assertEqual(WebShown(opened.page), self.service.shown())
        self.assertEqual("127.0.0.1", self.service._port.address.host)

    def test_off(self) -> Deferred[None]:
        """Nothing listens; a link is refused, with what to do."""

        async def life() -> None:
            service = self.serve(None)
            await service.started
            self.assertEqual((None, ""), (service.shown(), service.url))
            refused = self.assertRaises(Refused, service.open_for, USER)
            self.assertEqual("web_off", refused.code)

        return self.run_async(life())

    def test_taken(self) -> Deferred[None]:
        """A second one on the same port runs on without, says why, and serves when the port is free."""

        async def life() -> None:
            later = Later()
            later.addCleanup = self.addCleanup
            calls = Calls(reactor, FakeNode())
            second = WebService(later, WebListen("127.0.0.1", self.port), calls, tuple(OPERATIONS.values()))
            second.startService()
            self.addCleanup(second.stopService)
            await second.started
            shown = second.shown()
            assert shown is not None
            self.assertEqual(("", True), (shown.url, "already in use" in shown.trouble))
            self.assertIn("already in use", str(self.assertRaises(Refused, second.open_for, USER)))
            url = self.service.url
            await self.service.stopService()
            later.calls.pop()[1]()
            await second.started
            self.assertEqual(WebShown(url), second.shown())

        return self.run_async(life())

    def test_six(self) -> Deferred[None]:
        """On IPv6's loopback address, too."""

        async def life() -> None:
            if not socket.has_ipv6:
                return
            service = self.serve(WebListen("::1", 0))
            await service.started
            shown = service.shown()
            assert shown is not None
            if not shown.trouble:  # a machine may have no IPv6 at all
                self.assertTrue(shown.url.startswith("http://[::1]:"))

        return self.run_async(life())


class RoleTests(WebCase):
    """In a node's process."""

    def test_in_a_node(self) -> Deferred[None]:
        """It starts and stops with the node, whose status tells the address; a link is for programs of its socket."""
        folder = Path(tempfile.mkdtemp(prefix="lanrage-web-"))
        self.addCleanup(shutil.rmtree, folder)
        config = NodeConfig(folder, folder / "run", Devices("lrt-none0", "auto", "lrt-none1", 0), web=ANYWHERE)

        async def life() -> None:
            role = roles.make(reactor, config)
            role.startService()
            self.addCleanup(lambda: role.stopService() if role.running else None)
            assert role.starting is not None
            await role.starting.settled
            (service,) = [part for part in role._names if isinstance(part, WebService)]
            (node,) = [part for part in role._names if hasattr(part, "open_web")]
            status = await perform(node, "status", {})  # type: ignore[arg-type]
            self.assertEqual({"url": service.url, "trouble": ""}, status["web"])
            opened = await perform(node, "web.open", {}, None, Caller(USER, lambda: None))  # type: ignore[arg-type]
            self.assertTrue(opened["url"].startswith(service.url))
            for caller in (None, Caller(USER, lambda: None, by_web=True)):
                with self.assertRaises(Refused) as caught:
                    await perform(node, "web.open", {}, None, caller)  # type: ignore[arg-type]
                self.assertEqual("not_allowed", caught.exception.code)
            port = int(service.url.rpartition(":")[2].rstrip("/"))
            await role.stopService()
            with socket.create_server(("127.0.0.1", port)):
                self.assertEqual("", service.url)

        return self.run_async(life())
