"""The networks of a laboratory: namespaces, cards, addresses, routes and rules (no process of ours yet)."""

from __future__ import annotations

from lanrage.lab import nat, netns, six
from lanrage.lab.plan import GATEWAY, PUBLIC_ADDRESSES, SIX, Host, Plan, Router

LOOSE = {"net.ipv4.conf.all.rp_filter": 0, "net.ipv4.conf.default.rp_filter": 0}
"""The WAN gets packets back from the delay device, whose reverse path is another card."""

WAN_SYSCTLS = {**LOOSE, "net.ipv4.ip_forward": 1, "net.ipv6.conf.all.disable_ipv6": 1}


def build(plan: Plan, udp_timeout: int | None) -> None:
    """Make all networks of a plan.

    :param udp_timeout: seconds that NAT mappings live; None = the kernel's own.
    """
    netns.create(plan.namespaces())
    netns.sysctl(plan.wan, WAN_SYSCTLS)
    if any(host.six for host in plan.hosts):
        netns.sysctl(plan.wan, six.sysctls(routes=True))
    carriers = [router.carrier for router in plan.routers if router.carrier]
    for router in (*carriers, *plan.routers):
        netns.sysctl(router.netns, nat.sysctls(udp_timeout, router.kind))
    netns.ip_batch(plan.wan, wan_lines(plan))
    _site(plan.public, public_lines())
    for router in (*carriers, *plan.routers):
        _site(router.netns, router_lines(plan, router))
        netns.nft(router.netns, nat.ruleset(router.kind, udp_timeout or nat.UDP_TIMEOUT_S))
    for host in plan.hosts:
        if host.six:
            netns.sysctl(host.netns, six.sysctls(routes=False))
        _site(host.netns, host_lines(plan, host))


def _site(name: str, lines: list[str]) -> None:
    netns.ip_batch(name, lines)


def wan_lines(plan: Plan) -> list[str]:
    """``ip`` commands of the WAN router: one cable to each site, so that each pair has a rule of its own."""
    lines = [f"addr add {GATEWAY}/32 dev lo"]
    lines += _cable("pub", plan.public, "eth0", PUBLIC_ADDRESSES)
    for router in plan.routers:
        lines += _cable(f"r{router.index}", router.outer.netns, "wan", (router.public_address,))
        lines += six.wan_lines(router.index) if router.kind == SIX else []
    for host in plan.hosts:
        if host.router is None:
            lines += _cable(host.name, host.netns, "eth0", (host.public_address,))
    return lines


def public_lines() -> list[str]:
    """``ip`` commands of the public host."""
    addresses = [f"addr add {address}/32 dev eth0" for address in PUBLIC_ADDRESSES]
    return [*addresses, "link set eth0 up", f"route add default via {GATEWAY} dev eth0 onlink"]


def router_lines(plan: Plan, router: Router) -> list[str]:
    """``ip`` commands of a NAT router: its WAN side, and a bridge to the hosts, or the customer's router, behind it."""
    lines = [
        f"addr add {router.wan_address}/32 dev wan",
        "link set wan up",
        f"route add default via {router.carrier.lan_address if router.carrier else GATEWAY} dev wan onlink",
        "link add lan type bridge",
        f"addr add {router.lan_address}/24 brd + dev lan",
        "link set lan up",
        *(six.router_lines(router.index) if router.kind == SIX else ()),
    ]
    behind = {f"r{inner.index}": (inner.netns, "wan") for inner in plan.routers if inner.carrier == router}
    if not behind:
        behind = {host.name: (host.netns, "eth0") for host in plan.hosts if host.router == router.index}
    for port, (space, card) in behind.items():
        lines += [f"link add {port} type veth peer name {card} netns {space}", f"link set {port} master lan up"]
    return lines


def host_lines(plan: Plan, host: Host) -> list[str]:
    """``ip`` commands of a player's machine."""
    if host.router is None:
        return [
            f"addr add {host.address}/32 dev eth0",
            "link set eth0 up",
            f"route add default via {GATEWAY} dev eth0 onlink",
        ]
    gateway = plan.router(host.router).lan_address
    four = [f"addr add {host.address}/24 brd + dev eth0", "link set eth0 up", f"route add default via {gateway}"]
    return four + (six.host_lines(host.six) if host.six else [])


def _cable(port: str, peer_netns: str, peer_card: str, addresses: tuple[str, ...]) -> list[str]:
    return [
        f"link add {port} type veth peer name {peer_card} netns {peer_netns}",
        f"link set {port} up",
        *(f"route add {address}/32 dev {port} src {GATEWAY}" for address in addresses),
    ]
