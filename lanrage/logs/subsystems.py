"""Which subsystem a module belongs to, so that an operator filters by what the part does, not by where its file is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from lanrage.core.log_levels import LIBRARY

SUBSYSTEMS: Mapping[str, tuple[str, ...]] = {
    "config": (
        *(
            "app.config",
            "app.lan_config",
            "app.relay_config",
            "app.log_config",
            "app.service",
            "app.role",
            "app.ban_watch",
        ),
        *("app.control_door", "logs", "stdout", "stderr", "net.descriptors", "store.certificate", "store.keys"),
    ),
    "settings": ("app.setting", "core.setting", "store.setting"),
    "control": (
        *("app.control", "app.recheck", "app.spoken", "app.mailbox", "app.daily_backup", "app.reflector", "store"),
        *("net.control", "net.tls_server", "net.front", "net.login_queue", "net.stun_server", "net.outbox"),
    ),
    "control_client": ("app.control_link", "net.control_client", "net.control_connection", "net.tls_client"),
    "party": (
        "app.entering",
        *("app.party", "app.governance", "app.governing", "app.membership", "app.node", "app.arrival", "app.machinery"),
        *("app.ledger", "app.revival", "app.guest"),
        *("app.endpoint_book", "app.status_watch", "store.replica", "store.endpoints", "app.unsettled"),
    ),
    "ip_pool": ("core.ipam", "app.address_pool"),
    "network": (
        *("app.roaming", "app.address_watch", "app.guarding", "app.exposure", "app.exposed", "app.tunnel_ledger"),
        *(
            "net",
            "app.room",
            "app.run_room",
            "store.undo",
            "app.surroundings",
            "app.bound_games",
            "app.doctor",
            "app.peer_device",
            "app.rights",
        ),
    ),
    "nat": (
        *("app.nat", "app.reflexive", "app.lifetime", "app.port_mapping", "app.mapping", "app.punch", "app.keepalives"),
        *("net.punch", "net.igd", "net.pcp", "net.natpmp", "net.ssdp", "net.soap", "net.gateway"),
    ),
    "connection": (
        *("app.links", "app.link_", "app.peer_link", "app.path", "app.offer", "app.signal", "app.action_queue"),
        *("app.collector", "net.rawport", "net.plain_port", "net.tunnel", "net.userspace", "net.daemon", "net.gro"),
    ),
    "relay": ("app.relay", "net.relay", "net.kernel_relay", "core.relay"),
    "broadcast": (
        *("app.lan", "app.bridge", "app.probe", "net.capture", "net.card", "net.lan", "net.multicast", "net.openings"),
        *("net.bridge", "net.neighbour", "net.probe", "net.room_card", "store.bridges"),
    ),
    "games": ("app.agent", "app.launcher", "app.game", "core.game", "store.game", "net.game"),
    "server_browser": ("app.browser", "core.browser", "app.server_", "core.server_browser"),
    "metrics": ("app.metric", "app.metering", "core.metric", "core.series", "store.metric", "app.alert", "timing"),
    "profiler": ("app.profile", "app.stall", "core.profile", "core.stack"),
    "tasks": ("app.task", "core.task", "app.role_tasks"),
    "discord": (
        *("app.discord", "net.discord", "core.discord", "app.notice", "core.notice", "net.notice", "app.notify"),
        *("app.link_offers", "app.desktop", "app.recent", "app.ready", "app.rejoin", "net.session_bus", "store.recent"),
    ),
    "api": (
        *("app.api", "app.caller", "app.operation", "app.client", "app.cli", "app.watching", "app.logs"),
        *("app.trace", "app.web_", "net.web_port", "net.shared_places"),
    ),
}
"""Subsystem: the beginnings of its modules' names below the package; the longest that fits counts."""

NAMES = tuple(SUBSYSTEMS)

OTHER = LIBRARY
"""What is not of the package: Twisted, Autobahn, asyncio, what is printed."""

_PLACES = sorted(
    ((start, name) for name, starts in SUBSYSTEMS.items() for start in starts), key=lambda place: -len(place[0])
)


@lru_cache(maxsize=2048)
def subsystem_of(namespace: str) -> str:
    """The subsystem of a logger's namespace (``lanrage.app.links.PeerLinks``, say)."""
    package, _, module = namespace.partition(".")
    if package != "lanrage":
        return OTHER
    return next((name for start, name in _PLACES if module.startswith(start)), OTHER)
