"""Another address for a host or a router of a laboratory, as by another provider, while all goes on."""

from __future__ import annotations

import attrs

from lanrage.lab import netns, six
from lanrage.lab.plan import GATEWAY, Host, Plan, Router

FIRST_OTHER = 200
"""Site N moves to 203.0.113.(200 + N), which no laboratory gives out at first."""
OTHER_LIMIT = 50
"""Sites that have such an address, below the gateway's 203.0.113.254."""


def other_address(index: int) -> str:
    """Where a site goes.

    :raises LabError: for a site that has none.
    """
    if not 1 <= index <= OTHER_LIMIT:
        raise netns.LabError(f"site {index} has no second address, only those up to {OTHER_LIMIT} have")
    return f"203.0.113.{FIRST_OTHER + index}"


def move_site(plan: Plan, index: int) -> Plan:
    """Give an open host, or a router, another public address; the plan as it is then.

    :param index: of the host, or of the first host behind the router.
    """
    new = other_address(index)
    router = next((each for each in plan.routers if each.index == index), None)
    if router is not None:
        space, card, port, old = router.outer.netns, "wan", f"r{index}", router.public_address
    else:
        host = plan.hosts[index - 1]
        space, card, port, old = host.netns, "eth0", host.name, host.public_address
    netns.ip_batch(plan.wan, [f"route add {new}/32 dev {port} src {GATEWAY}"])
    netns.ip_batch(space, [f"addr add {new}/32 dev {card}", f"addr del {old}/32 dev {card}"])
    netns.ip_batch(plan.wan, [f"route del {old}/32 dev {port}"])
    return _moved(plan, index, new)


def _moved(plan: Plan, index: int, new: str) -> Plan:
    routers = tuple(_at(r, new) if r.index == index else r for r in plan.routers)
    hosts = []
    for host in plan.hosts:
        if host.router == index:
            hosts.append(attrs.evolve(host, public_address=new))
        elif host.index == index:
            hosts.append(attrs.evolve(host, public_address=new, address=new))
        else:
            hosts.append(host)
    return attrs.evolve(plan, hosts=tuple(hosts), routers=routers)


def _at(router: Router, new: str) -> Router:
    carrier = attrs.evolve(router.carrier, public_address=new) if router.carrier else None
    return attrs.evolve(router, public_address=new, carrier=carrier)


def lose_six(host: Host) -> None:
    """Take a host's IPv6 address away, as when a provider's prefix ends."""
    netns.ip_batch(host.netns, [six.lose_line(host.six)])


def gain_six(host: Host) -> None:
    """Give it back."""
    netns.ip_batch(host.netns, [six.gain_line(host.six)])
