"""nftables rules of the NAT kinds (RFC 4787), each proven by ``tests/lab/test_nat.py``.

The router's card to the WAN is ``wan``, the one to the hosts ``lan``. All kinds drop what the WAN sends to the router
itself: where it were accepted, an early probe would take the tuple that the hosts' answer needs.
"""

from __future__ import annotations

from lanrage.errors import BadInput
from lanrage.lab import six
from lanrage.lab.plan import SIX

UDP_TIMEOUT_S = 120
"""How long a mapping without traffic lives: Linux's own value for a stream (``nf_conntrack_udp_timeout_stream``)."""

_FIREWALL = """
 chain input { type filter hook input priority 0; policy drop;
  iifname lo accept; iifname lan accept; ct state established,related accept; }
 chain forward { type filter hook forward priority 0; policy drop;
  iifname lan accept; ct state established,related accept; ct status dnat accept; }"""

_KEEP_PORT = """
 chain post { type nat hook postrouting priority 100; oifname wan counter name nat masquerade; }"""

_RANDOM_PORT = """
 chain post { type nat hook postrouting priority 100;
  oifname wan counter name nat masquerade random,fully-random; }"""

# Mapping by port alone, learnt from each packet that leaves; Linux itself would filter by the whole tuple.
_CONE = """
 map eim { type inet_service : ipv4_addr; flags dynamic,timeout; timeout TIMEOUT; }
 chain pre { type nat hook prerouting priority -100; iifname wan meta l4proto udp dnat to udp dport map @eim; }
 chain learn { type filter hook forward priority -5;
  iifname lan oifname wan meta l4proto udp update @eim { udp sport : ip saddr }; }"""

_ADDRESS_RESTRICTED = """
 map eim { type inet_service : ipv4_addr; flags dynamic,timeout; timeout TIMEOUT; }
 set asked { type ipv4_addr . inet_service; flags dynamic,timeout; timeout TIMEOUT; }
 chain pre { type nat hook prerouting priority -100;
  iifname wan meta l4proto udp ip saddr . udp dport @asked dnat to udp dport map @eim; }
 chain learn { type filter hook forward priority -5;
  iifname lan oifname wan meta l4proto udp update @eim { udp sport : ip saddr };
  iifname lan oifname wan meta l4proto udp update @asked { ip daddr . udp sport }; }"""

# What passes the bridge between two hosts may come by here, too (br_netfilter).
_BLOCKED = """
 chain noudp { type filter hook forward priority -10;
  iifname wan meta l4proto udp drop; oifname wan meta l4proto udp drop; }"""

_BODIES = {
    "cone": _CONE + _KEEP_PORT,
    "address-restricted": _ADDRESS_RESTRICTED + _KEEP_PORT,
    "restricted": _KEEP_PORT,
    "symmetric": _RANDOM_PORT,
    "mapped": _KEEP_PORT,
    "blocked": _BLOCKED + _KEEP_PORT,
    SIX: _RANDOM_PORT,
}


def ruleset(kind: str, udp_timeout: int = UDP_TIMEOUT_S) -> str:
    """The whole table of a router.

    :param kind: ``cone``: endpoint-independent mapping and filtering; ``address-restricted``: filtering by address;
        ``restricted``: filtering by address and port (Linux's own way); ``symmetric``: a new port for each endpoint;
        ``mapped``: as ``restricted``, and miniupnpd beside it adds ports; ``blocked``: no UDP at all;
        ``six``: as ``symmetric``, and IPv6 passes without translation.
    :param udp_timeout: seconds after which a mapping without traffic is forgotten.
    :raises BadInput: for another kind.
    """
    if kind not in _BODIES:
        raise BadInput("nat", f"{kind!r} is none of {', '.join(_BODIES)}")
    body = _BODIES[kind].replace("TIMEOUT", f"{udp_timeout}s")
    return f"table ip lab {{\n counter nat {{ }}{body}{_FIREWALL}\n}}\n" + (six.FIREWALL if kind == SIX else "")


def sysctls(udp_timeout: int | None, kind: str = "") -> dict[str, int]:
    """Kernel settings of the namespace of a router of a kind; the kernel's own timeouts with None."""
    values = {"net.ipv4.ip_forward": 1, "net.ipv6.conf.all.disable_ipv6": 1}
    if kind == SIX:
        values |= six.sysctls(routes=True)
    if udp_timeout is not None:
        values["net.netfilter.nf_conntrack_udp_timeout"] = udp_timeout
        values["net.netfilter.nf_conntrack_udp_timeout_stream"] = udp_timeout
    return values
