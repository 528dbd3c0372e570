"""Looks at the machine for the doctor; works without a node as well as inside one (``docs/cli.rst``).

Everything here reads files and asks the kernel; nothing is changed. The calls block for some milliseconds (nft for
tens), so a node runs :func:`collect_local` in a thread. Network files are read below ``/proc/self/net``, which is the
caller's own network namespace.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Literal

import psutil

from lanrage.core.diagnosis import DeviceFacts, LocalFacts, RouteFacts
from lanrage.core.rights import capabilities_in
from lanrage.net.firewalls import SYSTEM_PATH
from lanrage.net.rights import tun_state

PROGRAMS = ("wireguard-go", "nft", "ip", "conntrack")
"""Programs that we run, or whose output we would ask a user for."""
WATCHERS = {
    "NetworkManager": "NetworkManager",
    "systemd-network": "systemd-networkd",
    "connmand": "ConnMan",
    "firewalld": "firewalld",
}
"""Name of a process (``/proc/PID/comm``, 15 characters) and of the program."""
PROGRAM_TIMEOUT = 5.0
"""Seconds; listing chains or devices takes tens of milliseconds."""
HOST_MASK, DEFAULT_MASK = "FFFFFFFF", "00000000"


def collect_local(devices: Sequence[str], port: int | None = None, root: Path = Path("/")) -> LocalFacts:
    """The machine as this process sees it. Blocks; never raises for what it cannot read.

    :param devices: names of the card and the tunnel.
    :param port: WireGuard's UDP port when no node holds it, to see whether another program does.
    :param root: where the file system begins; a test's own folder.
    """
    table = _lines(root / "proc/self/net/route")
    routes, watchers = table[1:], _watchers(root)
    return LocalFacts(
        uid=os.geteuid(),
        capabilities=_capabilities(root),
        tun=tun_state(root / "dev/net/tun"),
        kernel_wireguard=_kernel_wireguard(root),
        programs=[name for name in PROGRAMS if find_program(name) is not None],
        default_route=any(fields[1] == "00000000" == fields[7] for fields in map(str.split, routes)) if table else None,
        port_taken=None if port is None else _port_taken(root, port),
        watchers=watchers,
        input_drop=_input_drop(),
        devices=[_device(name, root) for name in devices],
        host_routes=_host_routes(routes),
        routes=_routes(routes),
        kernel=platform.release(),
        managed=managed(_output(["nmcli", "-t", "-f", "DEVICE,STATE", "device"]), devices)
        if "NetworkManager" in watchers
        else [],
    )


def find_program(name: str) -> str | None:
    """Its path; the system's folders are searched even where a user's PATH leaves them out."""
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{SYSTEM_PATH}")


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _number(path: Path) -> int | None:
    lines = _lines(path)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def _capabilities(root: Path) -> list[str]:
    return sorted(capabilities_in("\n".join(_lines(root / "proc/self/status"))))


def _kernel_wireguard(root: Path) -> Literal["loaded", "available", "missing"]:
    if (root / "sys/module/wireguard").exists():
        return "loaded"
    folder = root / "lib/modules" / platform.release()
    names = (line for name in ("modules.dep", "modules.builtin") for line in _lines(folder / name))
    return "available" if any("/wireguard.ko" in line.partition(":")[0] for line in names) else "missing"


def _port_taken(root: Path, port: int) -> bool:
    rows = (line.split() for name in ("udp", "udp6") for line in _lines(root / "proc/self/net" / name)[1:])
    return any(row[1].endswith(f":{port:04X}") for row in rows if len(row) > 1)


def _watchers(root: Path) -> list[str]:
    found = {name for path in root.glob("proc/[0-9]*/comm") for name in _lines(path)[:1]}
    watchers = [program for comm, program in WATCHERS.items() if comm in found]
    if "ENABLED=yes" in _lines(root / "etc/ufw/ufw.conf"):
        watchers.append("ufw")
    return watchers


def _input_drop() -> list[str] | None:
    listing = _output(["nft", "-j", "list", "chains"])
    return None if listing is None else input_drop(listing)


def _output(words: Sequence[str]) -> bytes | None:
    """What a program prints; ``None`` where it is not there, fails or hangs."""
    program = find_program(words[0])
    if program is None:
        return None
    try:
        done = subprocess.run([program, *words[1:]], capture_output=True, timeout=PROGRAM_TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def input_drop(listing: bytes) -> list[str] | None:
    """The chains on the input hook that drop by default, from ``nft -j list chains``; ``None`` for other text."""
    try:
        chains = [each["chain"] for each in json.loads(listing)["nftables"] if "chain" in each]
        drop = [chain for chain in chains if chain.get("hook") == "input" and chain.get("policy") == "drop"]
        return [f"{chain['family']} {chain['table']} {chain['name']}" for chain in drop]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def managed(listing: bytes | None, devices: Sequence[str]) -> list[str]:
    """Those of our devices that NetworkManager holds, from ``nmcli -t -f DEVICE,STATE device``."""
    rows = (line.rpartition(":") for line in (listing or b"").decode("utf-8", "replace").splitlines())
    return [device for device, _, state in rows if device in devices and state not in ("unmanaged", "unavailable")]


def _device(name: str, root: Path) -> DeviceFacts:
    stats = psutil.net_if_stats().get(name)
    if stats is None:
        return DeviceFacts(name, present=False)
    addresses = [each.address for each in psutil.net_if_addrs().get(name, []) if each.family.name == "AF_INET"]
    settings = root / "proc/sys/net"
    filters = [_number(settings / "ipv4/conf" / card / "rp_filter") for card in ("all", name)]
    ipv6 = _number(settings / "ipv6/conf" / name / "disable_ipv6")
    return DeviceFacts(
        name,
        present=True,
        up="up" in stats.flags.split(","),
        broadcast="broadcast" in stats.flags.split(","),
        mtu=stats.mtu,
        addresses=addresses,
        rp_filter=max((each for each in filters if each is not None), default=None),
        ipv6_disabled=None if ipv6 is None else ipv6 != 0,
    )


def _host_routes(rows: Sequence[str]) -> dict[str, str]:
    found = {}
    for fields in map(str.split, rows):
        if len(fields) > 7 and fields[7] == HOST_MASK:
            found[str(IPv4Address(int.from_bytes(bytes.fromhex(fields[1]), "little")))] = fields[0]
    return found


def _routes(rows: Sequence[str]) -> list[RouteFacts]:
    found = []
    for fields in map(str.split, rows):
        if len(fields) > 7 and fields[7] not in (HOST_MASK, DEFAULT_MASK):
            address, mask = (IPv4Address(int.from_bytes(bytes.fromhex(fields[at]), "little")) for at in (1, 7))
            found.append(RouteFacts(str(IPv4Network(f"{address}/{mask}", strict=False)), fields[0]))
    return found
