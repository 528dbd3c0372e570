"""A relay in a process of its own, for tests and benches: told by lines on its input, answers with lines of JSON.

``python -m tests.relay_process CONFIG``; CONFIG is JSON: mode, folder, ports, host, limits (of
:class:`lanrage.core.relay_table.RelayLimits`), loads. It works for the tests' control server, whose clock begins at
:data:`tests.core.relay_world.WALL`. Any line is answered with the counters, ``stop`` and the end of the input end it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from twisted.internet import reactor as the_reactor
from twisted.internet.defer import Deferred
from twisted.internet.stdio import StandardIO
from twisted.protocols.basic import LineReceiver

from lanrage.app.relay import RelayPlan, RelayService
from lanrage.app.service import keep_steady
from lanrage.core.relay_bindings import RelayLimits
from lanrage.errors import LanrageError
from tests.core.relay_world import SERVER, WALL

reactor: Any = the_reactor


class Desk(LineReceiver):
    """Answers the lines on our input."""

    delimiter = b"\n"

    def __init__(self, config: dict[str, Any]) -> None:
        began = time.time()
        self.relay = RelayService(
            reactor,
            SERVER.public,
            tuple(config.get("ports", (7800, 7803))),
            config.get("host", ""),
            plan=RelayPlan(mode=config["mode"]),
            folder=Path(config["folder"]),
            limits=RelayLimits(**config.get("limits", {})),
            now=lambda: WALL + time.time() - began,
        )

    async def start(self) -> None:
        """Open the ports, and tell."""
        try:
            self.relay.startService()
            await self.relay.started
        except LanrageError as error:
            self.say(error=str(error))
            reactor.callLater(0, reactor.stop)
            return
        await self.tell()

    async def tell(self) -> None:
        """The state now."""
        await self.relay.look()
        table = self.relay._table  # pylint: disable=protected-access
        passed = table.counters.forwarded_packets if table is not None else 0
        self.say(in_kernel=self.relay.in_kernel, python_packets=passed, **self.relay.counters())

    def say(self, **words: Any) -> None:
        """One line."""
        sys.stdout.write(json.dumps(words) + "\n")
        sys.stdout.flush()

    def lineReceived(self, line: bytes) -> None:
        """One line came."""
        if line == b"stop":
            self.relay.stopService().addBoth(lambda _: reactor.stop())
        else:
            Deferred.fromCoroutine(self.tell())

    def connectionLost(self, reason: Any = None) -> None:
        """Who started us is gone."""
        del reason
        if reactor.running:
            self.relay.stopService().addBoth(lambda _: reactor.running and reactor.stop())


def main() -> None:
    """Run until told to stop."""
    keep_steady(reactor)
    desk = Desk(json.loads(sys.argv[1]))
    StandardIO(desk)
    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(desk.start()))
    reactor.run()


if __name__ == "__main__":
    main()
