"""Discovery services that a party carries only where it was asked to: setting ``lan.services``.

A service's datagrams name programs, printers and gateways of the machine that sends them, so none is on by default
(``docs/protocol-lan.rst``).
"""

from __future__ import annotations

from enum import Enum
from ipaddress import IPv4Address, IPv6Address

import attrs


class LanService(Enum):
    """A discovery service."""

    MDNS = "mdns"  # RFC 6762: avahi, Bonjour
    SSDP = "ssdp"  # UPnP Device Architecture 2.0, 1: media servers, gateways


@attrs.frozen
class ServiceForm:
    """How a service's datagrams look.

    :param port: UDP port of the group.
    :param groups: multicast groups.
    :param ttl: time to live in which they are carried.
    """

    port: int
    groups: frozenset[IPv4Address | IPv6Address]
    ttl: int


FORMS = {
    # RFC 6762, 11: senders use 255, and some receivers take nothing else. These groups never leave a link.
    LanService.MDNS: ServiceForm(5353, frozenset({IPv4Address("224.0.0.251"), IPv6Address("ff02::fb")}), 255),
    # The group of the link and that of the site (UPnP Device Architecture 2.0, annex A).
    LanService.SSDP: ServiceForm(
        1900, frozenset({IPv4Address("239.255.255.250"), IPv6Address("ff02::c"), IPv6Address("ff05::c")}), 1
    ),
}

SERVICES = {group: service for service, form in FORMS.items() for group in form.groups}
"""The service of each of these groups."""
