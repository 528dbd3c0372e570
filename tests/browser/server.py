"""A process with a node in memory and the real gateway for its page: ``python -m tests.browser.server SCENE [PORT]``.

It prints where it listens. The line ``login`` on its standard input is answered by an address that signs in, the line
``reset`` makes the node as it was in the beginning, any other is for the node (:meth:`KeepingNode.do`). It ends with
its standard input.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.internet.stdio import StandardIO
from twisted.protocols.basic import LineOnlyReceiver

from lanrage.app.api_calls import Calls
from lanrage.app.operations import OPERATIONS
from lanrage.app.web_service import WebService
from lanrage.core.settings_web import WebListen
from tests.browser.scenes import SCENES, UsualNode

reactor: Any = installed_reactor
USER = 1000
"""Whose page it is."""


class Lines(LineOnlyReceiver):
    """The standard input."""

    delimiter = b"\n"

    def __init__(self, web: WebService, node: UsualNode) -> None:
        self._web, self._node = web, node

    def lineReceived(self, line: bytes) -> None:
        """Twisted: a line."""
        if line == b"reset":
            self._node.reset()
        else:
            self._node.do(line.decode())
        print(self._web.open_for(USER).url if line == b"login" else "done", flush=True)

    def connectionLost(self, reason: Any = None) -> None:
        """Twisted: it ended."""
        if reactor.running:
            reactor.stop()


async def serve(scene: str, port: int) -> None:
    """Listen, and answer until the standard input ends."""
    node = SCENES[scene](reactor)
    rows = [row for row in OPERATIONS.values() if node.role in row.roles]
    web = WebService(reactor, WebListen("127.0.0.1", port), Calls(reactor, node), rows)
    reactor.addSystemEventTrigger("before", "shutdown", web.stopService)
    reactor.addSystemEventTrigger("after", "shutdown", node.close)
    web.startService()
    await web.started
    print(web.url, flush=True)
    StandardIO(Lines(web, node))


if __name__ == "__main__":
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(serve(sys.argv[1], wanted)))
    reactor.run()
