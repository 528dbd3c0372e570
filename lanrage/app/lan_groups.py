"""The ways by which members' multicast reaches sockets of this machine, started and ended as one."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from lanrage.net.multicast import MulticastWays, RawWay
from lanrage.net.multicast6 import CardGroups6


class Groups:
    """The ways for multicast with the raw socket that they use, ended together.

    :param six: the LAN card's IPv6 groups; ``None`` without IPv6.
    """

    def __init__(self, ways: MulticastWays, raw: RawWay, six: CardGroups6 | None = None) -> None:
        self._raw = raw
        self._ways = ways
        self._six = six
        self.deliver = ways.deliver

    def start(self) -> None:
        """Look at what games joined, from now on."""
        self._ways.start()
        if self._six is not None:
            self._six.start()

    def stop(self) -> Deferred[None]:
        """Stop the ways, then close the socket."""
        if self._six is not None:
            self._six.stop()
        return self._ways.stop().addBoth(self._close)

    def _close(self, result: Any) -> Any:
        self._raw.close()
        return result
