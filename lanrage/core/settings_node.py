"""The settings of a node: its links, the LAN plane, and its choice among relays."""

from __future__ import annotations

from lanrage.core.broadcast_dedup import WINDOW_SECONDS
from lanrage.core.exposure import Exposure
from lanrage.core.lan_choices import CaptureFrom, Replicator
from lanrage.core.links import WIREGUARD_PORT
from lanrage.core.relay_choice import Weights
from lanrage.core.route_leases import RouteLeases
from lanrage.core.setting import ALL, CONTROL, NODE, PLAYER, Setting
from lanrage.core.settings_limits import DEDUP_WINDOWS, PORT_MAPPING, SERVING, TUNNEL_KINDS
from lanrage.core.settings_rules import Number, OneOf, OneWord, OnOff, Port, Text
from lanrage.core.settings_texts import (
    parse_device,
    parse_play_ports,
    parse_region,
    parse_server,
    parse_services,
    parse_weights,
)

_DEVICE = Text("a network device's name, 1 to 15 characters", parse_device)

NODE_SETTINGS = (
    Setting(
        "links.device",
        "tunnel-device",
        _DEVICE,
        "lanrage-wg0",
        "Name of the WireGuard device; unique on the machine.",
        PLAYER,
    ),
    Setting("lan.card", "card", _DEVICE, "lanrage0", "Name of the LAN card that games see.", PLAYER),
    Setting("links.port", "wireguard-port", Port(True), str(WIREGUARD_PORT), "UDP port of WireGuard; 0 = any.", PLAYER),
    Setting(
        "links.wireguard",
        "wireguard",
        OneWord(TUNNEL_KINDS),
        "auto",
        "How WireGuard runs: auto, kernel or userspace (wireguard-go).",
        PLAYER,
    ),
    Setting(
        "links.birthday",
        "birthday",
        OnOff(),
        "on",
        "Whether pairs of hard NATs may be joined by birthday probing: on or off.",
        PLAYER,
    ),
    Setting(
        "node.server",
        "server",
        Text("HOST:PORT, or empty", parse_server),
        "",
        "HOST:PORT of the control server for new parties, where a user names none.",
        PLAYER,
        live=True,
    ),
    Setting(
        "node.relay_region",
        "relay-region",
        Text("at most 32 letters, digits, dots, underscores and hyphens", parse_region),
        "",
        "Region of relays to prefer.",
        PLAYER,
        live=True,
    ),
    Setting(
        "node.relay_weights",
        "relay-weights",
        Text(f"NAME=NUMBER with commas between; names are {', '.join(Weights.names())}", parse_weights),
        "",
        "What counts how much in the choice of a relay: NAME=NUMBER, comma between.",
        PLAYER,
        live=True,
    ),
    Setting(
        "guests.serve",
        "guests-serve",
        OneWord(SERVING),
        "allow",
        "Whether this node serves guests of the party, devices without LANrage: allow or deny.",
        PLAYER,
        live=True,
    ),
)

LAN_SETTINGS = (
    Setting(
        "lan.capture",
        "lan-capture",
        OneOf(CaptureFrom),
        CaptureFrom.BOTH.value,
        "Whose broadcasts are carried: both (LAN card, real cards), party or off.",
        PLAYER,
    ),
    Setting(
        "lan.interest",
        "lan-interest",
        OnOff(),
        "on",
        "Tell the members which ports are open here, to get only what is heard: on or off.",
        PLAYER,
    ),
    Setting(
        "lan.replicator",
        "lan-replicator",
        OneOf(Replicator),
        Replicator.OFF.value,
        "Whether the party's host passes frames on to all: off or host.",
        PLAYER,
    ),
    Setting(
        "lan.dedup_window",
        "lan-dedup-window",
        Number(*DEDUP_WINDOWS, "seconds"),
        f"{WINDOW_SECONDS:g}",
        "Seconds in which one datagram seen on two cards is one.",
        PLAYER,
        live=True,
    ),
    Setting(
        "lan.exposure",
        "lan-exposure",
        OneOf(Exposure),
        Exposure.GUARDED.value,
        "What of this machine a party reaches: guarded, games (ports in play) or all.",
        PLAYER,
        live=True,
    ),
    Setting(
        "lan.ports",
        "lan-ports",
        Text("ports as in 4445,27960-27963/udp, or empty", parse_play_ports),
        "",
        "More ports in play, as in 4445,27960-27963/udp; open whatever --lan-exposure says.",
        PLAYER,
        live=True,
    ),
    Setting(
        "lan.services",
        "lan-services",
        Text("mdns, ssdp, both with a comma between, or empty", parse_services),
        "",
        "Discovery services of the LAN card that are carried: a list of mdns, ssdp.",
        PLAYER,
    ),
    Setting(
        "lan.routes",
        "lan-routes",
        OneOf(RouteLeases),
        RouteLeases.AUTO.value,
        "Unbound broadcasts go to the party: auto (without a default route), always or off.",
        PLAYER,
    ),
    Setting(
        "lan.leases",
        "lan-leases",
        OnOff(),
        "on",
        "Let members repeat periodic announcements by themselves: on or off.",
        PLAYER,
    ),
)

MAPPING = Setting(
    "net.port_mapping",
    "port-mapping",
    OneWord(PORT_MAPPING),
    "auto",
    "Let the router map ports by PCP, NAT-PMP or UPnP: auto or off.",
    (CONTROL, NODE, ALL),
    elsewhere={CONTROL: "off"},
)
