"""Starts a game as an agent does and ends at once: ``python -m tests.agent_that_ends PROGRAM``."""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred

from lanrage.app.launcher import Launcher
from lanrage.core.game_orders import Launch
from lanrage.core.game_profile import Executable, GameProfile, Join, JoinMethod, Platform

reactor: Any = installed_reactor


def main(program: str) -> None:
    """Start it, and stop."""
    join = Join(JoinMethod.COMMAND, ("{address}:{port}",), (program,))
    tag = GameProfile("tag", "Tag", "high", (), executables=(Executable(Platform.LINUX, program),), join=join)
    launch = Launcher(reactor, {"tag": tag}.get, lambda: 1000)

    def once() -> None:
        Deferred.fromCoroutine(launch(Launch(game="tag", address="10.66.0.2", port=7)))
        reactor.stop()

    reactor.callWhenRunning(once)
    reactor.run()


if __name__ == "__main__":
    main(sys.argv[1])
