"""A strict Discord and a target of notices in a process of its own, for tests with real agents and nodes.

``python -m tests.discord_process SOCKET PORT`` writes a JSON line for each activity that is shown (``shown``), each
message that a target gets (``posted``) and each connection's end (``broken``: how the protocol was broken). What is
posted to ``/invite`` is the secret of a friend whom the user joins.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.task import react
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import Site

from tests.fakes_discord import FakeDiscord


def say(**facts: Any) -> None:
    """One line."""
    print(json.dumps(facts), flush=True)


class Discord(FakeDiscord):
    """Tells what it shows."""

    def _show(self, args: dict[str, Any]) -> None:
        super()._show(args)
        say(shown=self.shown)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: it has ended."""
        super().connectionLost(reason)
        say(broken=self.broken)


class Target(Resource):
    """Takes what is posted."""

    isLeaf = True

    def __init__(self, discords: list[Discord]) -> None:
        super().__init__()
        self._discords = discords

    def render_POST(self, request: Any) -> bytes:
        """Somebody posts."""
        body = request.content.read()
        if request.path == b"/invite":
            self._discords[-1].invite(body.decode())
        else:
            say(posted=json.loads(body))
        return b"{}"


def main(reactor: Any, path: str, port: str) -> Any:
    """Listen until somebody ends it."""
    discords: list[Discord] = []

    def build(_address: Any) -> Discord:
        discords.append(Discord(reactor.seconds))
        return discords[-1]

    factory: Any = Factory()
    factory.buildProtocol = build
    reactor.listenUNIX(path, factory)
    reactor.listenTCP(int(port), Site(Target(discords), reactor=reactor), interface="127.0.0.1")
    return Deferred()


if __name__ == "__main__":
    react(main, sys.argv[1:])
