"""The rows of :mod:`lanrage.core.doctor_faults`: what each fault means, and its remedy."""

from __future__ import annotations

import attrs

from lanrage.core.diagnosis import Level


@attrs.frozen
class Fault:
    """One row.

    :param id: stable, for programs.
    :param check: stable id of the check that finds it.
    :param level: the usual one; a check may know better.
    :param means: one sentence for the page.
    :param remedy: a command or a clear step; words in braces are filled in by the check.
    """

    id: str
    check: str
    level: Level
    means: str
    remedy: str


ROWS = (
    Fault(
        "node_absent",
        "node",
        "failure",
        "No node answers this user.",
        "start it: sudo systemctl start lanrage-node; or see who may use it: lanrage rights show",
    ),
    Fault(
        "node_version",
        "node",
        "failure",
        "This command and the running node are of different versions.",
        "restart the node after an upgrade: sudo systemctl restart lanrage-node",
    ),
    Fault(
        "right_missing",
        "rights",
        "failure",
        "The node lacks a capability that devices or probes need.",
        "{commands}, or what `lanrage rights show` names",
    ),
    Fault("tun_missing", "tun", "failure", "``/dev/net/tun`` is missing, or may not be opened.", "{commands}; {trade}"),
    Fault(
        "wireguard_missing",
        "wireguard",
        "failure",
        "Neither the kernel has WireGuard nor is wireguard-go installed.",
        "sudo apt install wireguard-go",
    ),
    Fault(
        "disk_read_only",
        "disk",
        "failure",
        "The state folder cannot be written to.",
        "mount it writable: findmnt -T {folder}",
    ),
    Fault(
        "disk_full", "disk", "failure", "The state folder's disk has no room left.", "make room there: df -h {folder}"
    ),
    Fault(
        "clock_off",
        "clock",
        "failure",
        "This clock differs from the control server's: from a minute on WireGuard's handshakes and tickets suffer.",
        "set the clock: sudo timedatectl set-ntp true",
    ),
    Fault(
        "port_taken",
        "port",
        "failure",
        "Another program has WireGuard's UDP port.",
        "stop that program (ss -ulpn names it) or start the node with another --wireguard-port",
    ),
    Fault(
        "tunnel_down",
        "tunnel",
        "failure",
        "WireGuard's device is down or gone.",
        "sudo ip link set {device} up, or restart the node",
    ),
    Fault(
        "card_down",
        "card",
        "failure",
        "The LAN card is down or gone.",
        "sudo ip link set {device} up, or restart the node",
    ),
    Fault(
        "no_route",
        "route",
        "failure",
        "No default route: others are out of reach. A warning where nobody is, and games' unbound broadcasts fail.",
        "connect to a network; ip route show default must name one",
    ),
    Fault(
        "subnet_clash",
        "subnet",
        "failure",
        "Another network of this machine, often another VPN, has the party's addresses.",
        "end that VPN or remove its route: sudo ip route del {network} dev {device}",
    ),
    Fault(
        "card_no_broadcast",
        "card",
        "failure",
        "The LAN card cannot broadcast: another program made it.",
        "rename that device or ours (--card)",
    ),
    Fault(
        "card_address_lost",
        "card",
        "failure",
        "Another program took the party address off the LAN card.",
        "let NetworkManager and networkd leave {device} alone, then restart the node",
    ),
    Fault(
        "card_filter_strict",
        "card",
        "failure",
        "The reverse path filter of the LAN card is not loose: members' packets are dropped or unchecked.",
        "sudo sysctl net.ipv4.conf.{device}.rp_filter=2",
    ),
    Fault(
        "card_mtu",
        "card",
        "failure",
        "The LAN card's MTU is more than a tunnel carries.",
        "sudo ip link set {device} mtu {mtu}",
    ),
    Fault(
        "name_unresolved",
        "names",
        "failure",
        "The control server's name cannot be looked up.",
        "look at the name server: resolvectl status, or /etc/resolv.conf; getent hosts NAME must give an address",
    ),
    Fault(
        "udp_blocked",
        "udp",
        "warning",
        "No UDP gets through; members are reached over TCP, or not at all.",
        "let UDP out, at least to the relay's ports (7800-7863), or use another network",
    ),
    Fault(
        "control_unreachable",
        "control",
        "failure",
        "The control server is not connected, or does not answer.",
        "see whether it runs and its TCP port is open; who is in the party plays on, nobody can join until it is back",
    ),
    Fault(
        "member_no_route",
        "member",
        "failure",
        "A member's address does not lead into the tunnel.",
        "see what took it: ip route get ADDRESS; then restart the node",
    ),
    Fault(
        "member_clock_off",
        "member clock",
        "failure",
        "A member's clock differs from the others': from a minute on its tickets and WireGuard's handshakes suffer.",
        "set that member's clock: sudo timedatectl set-ntp true; where only two clocks are known, look at both",
    ),
    Fault(
        "member_clock",
        "member",
        "warning",
        "WireGuard's session with a member was begun anew: one of both clocks went back.",
        "set both clocks: sudo timedatectl set-ntp true",
    ),
    Fault(
        "member_no_handshake",
        "member",
        "failure",
        "There is a path to a member, but WireGuard's handshake does not come through.",
        "look at both clocks (timedatectl), then restart the node with the wrong one",
    ),
    Fault(
        "member_no_path",
        "member",
        "failure",
        "A member is online, yet no path to it works.",
        "let the doctor run there, too; a relay helps where neither side can be reached",
    ),
    Fault(
        "path_mtu",
        "mtu",
        "failure",
        "Packets as large as the tunnel's do not reach a member: a network between has a smaller MTU and hides it.",
        "raise the MTU of that network to {needed} or more (a router's PPPoE or VPN line), or let ICMP through",
    ),
    Fault(
        "broadcast_not_sent",
        "visibility",
        "failure",
        "This machine does not let a game's broadcast out by the LAN card.",
        "let UDP out by lanrage0 in this machine's firewall: sudo nft list ruleset shows who drops it",
    ),
    Fault(
        "broadcast_not_captured",
        "visibility",
        "failure",
        "A game's broadcast does not reach this machine's own LAN card.",
        "let UDP out by lanrage0, and look at the route of the party's network (ip route)",
    ),
    Fault(
        "broadcast_not_carried",
        "visibility",
        "warning",
        "A game's broadcast is not sent to a member.",
        "look at that member's path: lanrage peers show NAME",
    ),
    Fault(
        "broadcast_not_received",
        "visibility",
        "warning",
        "A member's node did not confirm a game's broadcast.",
        "look at that member's path, and let the doctor run there",
    ),
    Fault(
        "broadcast_not_injected",
        "visibility",
        "failure",
        "A member's LAN card did not take a game's broadcast.",
        "let the doctor run there",
    ),
    Fault(
        "broadcast_not_heard",
        "visibility",
        "failure",
        "A member's LAN card took a game's broadcast, but no socket there got it: its firewall or filter drops it.",
        "let the doctor run there; its firewall must let in what comes by lanrage0: sudo lanrage firewall allow",
    ),
    Fault(
        "game_bound",
        "games",
        "failure",
        "A running game listens at one address of this machine only, where members do not reach it.",
        "let it listen at all addresses (0.0.0.0) or at {party}, in its settings, or start it by: lanrage run GAME",
    ),
    Fault(
        "node_lacks",
        "node",
        "failure",
        "The node itself says that something is missing.",
        "do what the sentence says; the log has more: lanrage logs, or journalctl -u lanrage-node",
    ),
    Fault(
        "member_silent",
        "member",
        "warning",
        "WireGuard's last handshake with a member is long ago.",
        "send something there; if it stays so, look at both clocks",
    ),
    Fault(
        "relay_down",
        "relay",
        "warning",
        "No relay answers: pairs that cannot reach each other directly have no way.",
        "tell who runs the relay; here, let UDP out to its ports 7800-7863",
    ),
    Fault(
        "relay_none",
        "relay",
        "warning",
        "The control server names no relay.",
        "whoever runs the control server can start one with --relay; pairs that cannot punch will not connect",
    ),
    Fault(
        "reflexive_unknown",
        "reflexive",
        "warning",
        "No reflector told how this machine is seen from outside.",
        "let UDP out to the control server's port 3478; until then only a relay or the same LAN works",
    ),
    Fault(
        "nat_blocked",
        "nat",
        "warning",
        "The NAT or a firewall lets no UDP through.",
        "let UDP out, to the control server's port 3478 and to members; until then only a relay over TCP works",
    ),
    Fault(
        "nat_symmetric",
        "nat",
        "warning",
        "The NAT gives each destination another port: many members are reached by a relay only.",
        "forward WireGuard's UDP port on the router, or let it map ports (UPnP, NAT-PMP, PCP); a mobile or provider's "
        "NAT leaves the relay, or birthday probing",
    ),
    Fault(
        "port_unmapped",
        "port mapping",
        "warning",
        "The router does not map WireGuard's port.",
        "paths are punched or relayed instead; to help, allow UPnP or PCP in the router, or forward the port",
    ),
    Fault(
        "firewall_drops",
        "exposure",
        "warning",
        "Another firewall of this machine drops what members may reach.",
        "sudo lanrage firewall allow",
    ),
    Fault(
        "firewall_active",
        "firewall",
        "warning",
        "A firewall runs that drops by default.",
        "let the party in by its own tool: sudo lanrage firewall allow",
    ),
    Fault(
        "guard_missing",
        "exposure",
        "warning",
        "Nothing guards this machine from its party.",
        "see what the sentence says; nftables must be there: sudo apt install nftables",
    ),
    Fault(
        "guard_removed",
        "exposure",
        "warning",
        "Another program removed the party firewall; it is back.",
        "a firewall that is loaded anew should keep tables that are not its own (not: flush ruleset)",
    ),
    Fault(
        "device_managed",
        "surroundings",
        "warning",
        "NetworkManager holds one of our devices, and may take it down or give it other addresses.",
        "sudo nmcli device set {device} managed no",
    ),
    Fault(
        "kernel_old",
        "kernel",
        "warning",
        "The kernel is older than 5.12: help for games that are bound to an address does not work.",
        "upgrade the kernel",
    ),
)
"""The worst cause first."""
