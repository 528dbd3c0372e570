"""A relay in a process of its own, for tests and benches: told by lines on its input, answers with lines of JSON.

``python -m tests.relay_process CONFIG``; CONFIG is JSON: mode, folder, ports, host, limits (of
:class:`lanrage.core.relay_table.RelayLimits`), aged (as if it had run for long). It works for the tests' control
server, whose clock begins at :data:`tests.core.relay_world.WALL`. Any line is answered with the counters; ``load
NUMBER`` binds so many pairs first, ``stop`` and the end of the input end it.
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
from lanrage.core.relay import Bind, BindRequest, Bound, Challenge
from lanrage.core.relay_bindings import Binding, RelayLimits
from lanrage.core.relay_cookies import Line
from lanrage.core.relay_table import RelayTable
from lanrage.core.tickets import binding_statement, pair_of
from lanrage.errors import LanrageError
from tests.core.relay_world import SERVER, WALL, holder, ticket, wireguard

reactor: Any = the_reactor


class Heard:
    """What the relay logs by operation.

    :ivar operations: of the bindings that were named, in that order; of those that ended with a minus before them.
    """

    def __init__(self) -> None:
        self.operations: list[str] = []

    def named(self, binding: Binding) -> None:
        """See :class:`BindingWatcher`."""
        self.operations.append(binding.operation)

    def ended(self, binding: Binding) -> None:
        """See :class:`BindingWatcher`."""
        self.operations.append(f"-{binding.operation}")


class Desk(LineReceiver):  # pylint: disable=abstract-method
    """Answers the lines on our input."""

    delimiter = b"\n"

    def __init__(self, config: dict[str, Any]) -> None:
        began = time.time()
        self._stopping = False
        self._aged = config.get("aged", False)
        self._heard = Heard()
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
            self.table().names = self._heard
            if self._aged:
                self.table().began = float("-inf")
            await self.relay.started
        except LanrageError as error:
            self.say(error=str(error))
            self._stopping = True
            reactor.callLater(0, reactor.stop)
            return
        await self.tell()

    async def tell(self) -> None:
        """The state now."""
        await self.relay.look()
        passed = self.table().counters.forwarded_packets
        counters, named = self.relay.counters(), self._heard.operations
        self.say(in_kernel=self.relay.in_kernel, python_packets=passed, named=named, **counters)

    def table(self) -> RelayTable:
        """The relay's own."""
        table = self.relay._table  # pylint: disable=protected-access
        assert table is not None
        return table

    def say(self, **words: Any) -> None:
        """One line."""
        sys.stdout.write(json.dumps(words) + "\n")
        sys.stdout.flush()

    def lineReceived(self, line: bytes) -> None:
        """One line came."""
        word, _, rest = line.partition(b" ")
        if word == b"stop":
            self.stop()
        elif word == b"load":
            load(self.table(), int(rest), reactor.seconds())
            Deferred.fromCoroutine(self.tell())
        else:
            Deferred.fromCoroutine(self.tell())

    def connectionLost(self, reason: Any = None) -> None:
        """Who started us is gone."""
        del reason
        self.stop()

    def stop(self) -> None:
        """End, once."""
        if not self._stopping:
            self._stopping = True
            self.relay.stopService().addBoth(lambda _: reactor.stop())


def load(table: RelayTable, number: int, now: float) -> None:
    """Bind so many pairs of hosts that do not exist, as their messages would, but for the network."""
    for index in range(number):
        for side, local in ((1, 7800), (2, 7801)):
            line = Line(f"10.20{side}.{index >> 8}.{index & 255}", 51820, local)
            names = (f"one{index}", f"two{index}")[:: 1 if side == 1 else -1]
            [(_, answer)] = table.control(BindRequest(b"transact"), line, now, WALL)
            assert isinstance(answer, Challenge)
            pair = pair_of(wireguard(names[0]), wireguard(names[1]))
            signature = holder(names[0]).sign(binding_statement(answer.cookie, b"transact", pair))
            blob = ticket(*names)
            [(_, bound), *_] = table.control(Bind(b"transact", answer.cookie, signature, blob), line, now, WALL)
            assert isinstance(bound, Bound), bound


def main() -> None:
    """Run until told to stop."""
    keep_steady(reactor)
    desk = Desk(json.loads(sys.argv[1]))
    StandardIO(desk)
    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(desk.start()))
    reactor.run()


if __name__ == "__main__":
    main()
