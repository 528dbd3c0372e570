"""What the doctor says of the node as a program, and of the machine that it runs on (:mod:`lanrage.core.judgement`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lanrage.core.diagnosis import Check, Facts, Level
from lanrage.core.doctor_faults import fine, found
from lanrage.core.rights import NEEDED, Privileges, best_commands, lacking, lacking_tun

DISK_LEAST = 16 * 1024 * 1024
"""Bytes; a party's files with a day of metrics and logs take less, and below it nothing else works either."""
KERNEL_LEAST = (5, 12)
"""The first whose nftables knows tables with an owner, by which games' answers are translated."""


def judge_node(facts: Facts) -> Iterator[Check]:
    """Whether it answers, and what it says that it lacks."""
    node = facts.node
    if node is None:
        yield found("node_absent", facts.node_error or "no node answers")
        return
    yield fine("node", f"a node of version {node.version} answers; it is {node.state}")
    for sentence in node.missing:
        yield found("node_lacks", sentence)


def judge_machine(facts: Facts) -> Iterator[Check]:
    """Rights, devices, kernel, disk and port."""
    yield _rights(facts)
    yield _tun(facts)
    yield _wireguard(facts)
    yield from _kernel(facts)
    yield from _disk(facts)
    if facts.local.port_taken:
        yield found("port_taken", "WireGuard's UDP port is taken by another program")


def judge_around(facts: Facts) -> Iterator[Check]:
    """Other programs of the machine that may stand in the way, and its way out."""
    local, node = facts.local, facts.node
    leased = node is not None and node.card is not None and node.card.routes
    if local.default_route is False:
        alone = node is not None and _cut_off(facts)
        if alone:
            yield found("no_route", "no default route: this machine reaches nobody outside of its own network")
        elif not leased:
            yield found("no_route", "no default route: a game's unbound broadcast fails", level="warning")
    if local.input_drop:
        chains = ", ".join(local.input_drop)
        yield found("firewall_active", f"incoming packets are dropped by default in {chains}")
    for watcher in local.watchers:
        if watcher in ("firewalld", "ufw"):
            yield found("firewall_active", f"{watcher} is active")
        elif not local.managed:
            yield fine("surroundings", f"{watcher} runs; lanrage0 and lanrage-wg0 must be unmanaged there")
    for device in local.managed:
        yield found("device_managed", f"NetworkManager holds {device}", device=device)


def _cut_off(facts: Facts) -> bool:
    """Somebody whom this machine should reach is out of reach."""
    node = facts.node
    if node is None:
        return False
    control = node.control
    unheard = control is not None and (not control.connected or (control.asked and control.rtt_ms is None))
    return unheard or any(member.online and member.path == "none" for member in node.members)


def _rights(facts: Facts) -> Check:
    has = Privileges(frozenset(facts.local.capabilities))
    lacks = [lacking(name, has) for name in NEEDED if name not in has.effective]
    if not lacks:
        return fine("rights", "the process has CAP_NET_ADMIN and CAP_NET_RAW")
    words = f"{' and '.join(each.name for each in lacks)} {'is' if len(lacks) == 1 else 'are'} missing"
    commands = best_commands(lacks)
    if facts.node is None:
        sentence = f"a node that this user starts cannot link: {words}"
        return found("right_missing", sentence, level="warning", commands=commands)
    return found("right_missing", f"the node cannot make links: {words}", commands=commands)


def _tun(facts: Facts) -> Check:
    tun = facts.local.tun
    lacks = lacking_tun(tun)
    if not lacks:
        return fine("tun", "/dev/net/tun can be opened")
    level: Level = "warning" if tun == "denied" and facts.node is None else "failure"
    words = "may not be opened by this user" if tun == "denied" else "is missing"
    commands, trade = best_commands(lacks), lacks[0].grants[0].trade
    return found("tun_missing", f"/dev/net/tun {words}: {lacks[0].costs}", level=level, commands=commands, trade=trade)


def _wireguard(facts: Facts) -> Check:
    local = facts.local
    if local.kernel_wireguard != "missing":
        return fine("wireguard", f"WireGuard in the kernel is {local.kernel_wireguard}")
    if "wireguard-go" in local.programs:
        return fine("wireguard", "no WireGuard in the kernel; wireguard-go stands in")
    return found("wireguard_missing", "neither the kernel has WireGuard nor is wireguard-go installed")


def _kernel(facts: Facts) -> Iterator[Check]:
    numbers = re.match(r"([0-9]{1,4})\.([0-9]{1,4})", facts.local.kernel)
    if numbers is None:
        return
    if (int(numbers[1]), int(numbers[2])) < KERNEL_LEAST:
        yield found("kernel_old", f"the kernel is Linux {facts.local.kernel}")
    else:
        yield fine("kernel", f"Linux {facts.local.kernel}")


def _disk(facts: Facts) -> Iterator[Check]:
    disk = facts.node.disk if facts.node is not None else None
    if disk is None:
        return
    if disk.trouble:
        yield found("disk_read_only", disk.trouble, folder=disk.folder)
    elif disk.free is not None and disk.free < DISK_LEAST:
        words = f"{disk.free / 1024 / 1024:.0f} MiB are left on the disk of the state folder"
        yield found("disk_full", words, folder=disk.folder)
    elif disk.free is not None:
        yield fine("disk", f"{disk.free / 1024**3:.1f} GiB are left on the disk of the state folder")
