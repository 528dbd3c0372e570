"""The test of how long the NAT keeps a mapping that nobody uses, slowly and in the background, on ports of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from lanrage.core.links import Endpoint
from lanrage.core.nat_lifetime import SILENCES, LifetimeProbe, PortAsk
from lanrage.errors import DecodeError
from lanrage.interfaces import IProbePort
from lanrage.wire import stun

DELAY = 30.0
"""Seconds that it waits: a party that comes together has more urgent packets."""


class LifetimeTest:
    """At most one test at a time, one for each network.

    :param port: makes a UDP port with a number of the system's choice, not open yet.
    :param silences: see :class:`lanrage.core.nat_lifetime.LifetimeProbe`.
    :ivar lifetime: seconds, by the last test that told it; None = not known.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        port: Callable[[], IProbePort],
        random: Callable[[int], bytes],
        silences: Sequence[float] = SILENCES,
        delay: float = DELAY,
    ) -> None:
        self._reactor = reactor
        self._make_port = port
        self._random = random
        self._silences = silences
        self._delay = delay
        self._host = ""
        self._ports: dict[bool, IProbePort] = {}
        self._probe: LifetimeProbe | None = None
        self._timer: IDelayedCall | None = None
        self.lifetime: float | None = None

    def use(self, reflector: Endpoint, host: str) -> None:
        """Test by this reflector, unless it was done in this network already.

        :param host: our address outside, by which networks are told apart.
        """
        if host == self._host:
            return
        self.stop()
        self._host = host
        self._timer = self._reactor.callLater(self._delay, self._begin, reflector)

    def stop(self) -> None:
        """End a test that is under way, and forget what was found: the network is another one, or none."""
        self._host, self.lifetime = "", None
        self._end()

    # --- within -------------------------------------------------------------------------------------------------------

    def _begin(self, reflector: Endpoint) -> None:
        try:
            for quiet in (True, False):
                self._ports[quiet] = port = self._make_port()
                port.open(0, self._receiver(quiet))
        except OSError as error:
            self.log.warn("the lifetime of mappings cannot be tested: {error}", error=str(error))
            self._end()
            return
        self._probe = LifetimeProbe(reflector, self._random, self._silences)
        self._go_on(self._probe, self._probe.start(self._reactor.seconds()))

    def _receiver(self, quiet: bool) -> Callable[[bytes, Endpoint, str], None]:
        return lambda payload, source, local: self._received(quiet, payload, source)

    def _received(self, quiet: bool, payload: bytes, source: Endpoint) -> None:
        if self._probe is None:
            return
        try:
            message = stun.decode(payload)
        except DecodeError:
            return
        asks = self._probe.heard(quiet, message.transaction, stun.reply(message, source), self._reactor.seconds())
        self._go_on(self._probe, asks)

    def _go_on(self, probe: LifetimeProbe, asks: list[PortAsk]) -> None:
        for each in asks:
            self._ports[each.quiet].send(stun.request(each.ask), each.ask.to)
        self.lifetime = probe.lifetime
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        deadline = probe.deadline()
        if deadline is not None:
            self._timer = self._reactor.callLater(max(0.001, deadline - self._reactor.seconds()), self._tick)
            return
        self.log.info(
            "a mapping outlives {survived:.0f} s of silence; gone after: {expired}",
            survived=probe.survived,
            expired=probe.expired,
        )
        self._end()

    def _tick(self) -> None:
        if self._probe is not None:
            self._go_on(self._probe, self._probe.tick(self._reactor.seconds()))

    def _end(self) -> None:
        self._probe = None
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        ports, self._ports = self._ports, {}
        for port in ports.values():
            port.close()
