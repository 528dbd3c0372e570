"""Hearing members' probes at WireGuard's port: verified, within the limits, given to their link."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network, ip_address

import attrs

from lanrage.app.link_counters import LinkCounters
from lanrage.app.peer_link import PeerLink
from lanrage.core.links import Endpoint
from lanrage.errors import CryptoError, DecodeError
from lanrage.wire import knocks, probes


@attrs.define
class ProbeEar:
    """Finds the link of each probe.

    :param network: the party's subnet.
    :param by_tag: the links, as they are, by the members' tags.
    :param knocked: takes a knock and its source.
    """

    network: IPv4Network
    counters: LinkCounters
    by_tag: dict[bytes, PeerLink]
    is_relay: Callable[[Endpoint], bool]
    knocked: Callable[[bytes, Endpoint], None]

    def hear(self, payload: bytes, source: Endpoint) -> None:
        """Bytes with the probes' magic came in at WireGuard's port.

        One that came through the tunnel itself is refused: a path to its source would lead WireGuard into itself.
        """
        if ip_address(source.host) in self.network:
            self.counters.probes_inside += 1
            return
        if knocks.is_knock(payload):
            self.knocked(payload, source)
            return
        try:
            link = self.by_tag.get(probes.peek_tag(payload))
            if link is None:
                self.counters.probes_unknown += 1
                return
            probe = probes.decode(payload, link.keys.probe, link.plan.session)
        except CryptoError:
            self.counters.probes_forged += 1
            return
        except DecodeError:
            self.counters.probes_malformed += 1
            return
        if not link.plan.is_news(probe, source):  # before the limits: copies must not use up what the member may say
            self.counters.probes_repeated += 1
            return
        if not link.hears_probe(probe):
            self.counters.probes_too_many += 1
            return
        link.probed(probe, source, relayed=self.is_relay(source))
