"""Debian's miniupnpd on a laboratory's router: PCP, NAT-PMP and UPnP IGD as home routers have them (``docs/lab.rst``).

It forwards with rules of its own in tables of its own, beside the router's NAT; the router's forward chain must accept
what was translated by destination (``ct state dnat``), as :mod:`lanrage.lab.nat` does.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from shutil import which

from lanrage.errors import MissingRight
from lanrage.lab.netns import LabError, nft
from lanrage.lab.process import GRACE_S, Started, end, spawn, start_ticks, wait_for

PROGRAM = "miniupnpd"
PATH = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where Debian keeps it; a user's PATH may leave these out."""
TABLE = "miniupnpd"
LOG, CONFIG, LEASES, PID = "miniupnpd.log", "miniupnpd.conf", "miniupnpd.leases", "miniupnpd.pid"
START_TIMEOUT_S = 10.0
"""It listens within 50 ms."""
LISTENS = b"Listening for NAT-PMP/PCP traffic"
"""What it says last, once HTTP and SSDP are open too."""
IMPOSSIBLE = b"Port forwarding is impossible"
MIN_LIFETIME_S, MAX_LIFETIME_S = 2, 86400
"""Seconds; the least is low so that an expiry can be seen in a test."""
FIRST_PUBLIC = 10


def public_address(index: int) -> str:
    """A WAN address for the router of an index: miniupnpd maps nothing while its WAN card has a reserved address.

    All networks for documentation are reserved, so this one is of a block that was never announced on the internet.
    """
    return f"11.0.113.{FIRST_PUBLIC + index}"


def program() -> str | None:
    """The path of miniupnpd; None where it is not installed."""
    return which(PROGRAM, path=f"{os.environ.get('PATH', os.defpath)}:{PATH}")


def configuration(folder: Path, wan: str, lan: str) -> str:
    """The text of its configuration file.

    :param wan: name of the card to the WAN.
    :param lan: name of the card to the hosts; its address is private.
    """
    return "\n".join(
        (
            f"ext_ifname={wan}",
            f"listening_ip={lan}",
            "http_port=0",
            "ipv6_disable=yes",
            "enable_upnp=yes",
            "enable_natpmp=yes",
            "secure_mode=yes",
            f"min_lifetime={MIN_LIFETIME_S}",
            f"max_lifetime={MAX_LIFETIME_S}",
            f"upnp_table_name={TABLE}",
            f"upnp_nat_table_name={TABLE}",
            f"lease_file={folder / LEASES}",
            f"uuid={uuid.uuid5(uuid.NAMESPACE_URL, str(folder))}",
            "friendly_name=laboratory router",
            "allow 1024-65535 0.0.0.0/0 1024-65535",
            "deny 0-65535 0.0.0.0/0 0-65535",
            "",
        )
    )


def ruleset() -> str:
    """The chains that miniupnpd fills; loaded again, they are empty again."""
    return f"""
table inet {TABLE} {{ }}
delete table inet {TABLE}
table inet {TABLE} {{
 chain {TABLE} {{ }}
 chain prerouting_{TABLE} {{ }}
 chain postrouting_{TABLE} {{ }}
 chain forward {{ type filter hook forward priority 0; policy accept; jump {TABLE}; }}
 chain prerouting {{ type nat hook prerouting priority -100; policy accept; jump prerouting_{TABLE}; }}
 chain postrouting {{ type nat hook postrouting priority 100; policy accept; jump postrouting_{TABLE}; }}
}}
"""


def start(netns: str, folder: Path, wan: str, lan: str) -> int:
    """Run miniupnpd in a router's namespace; returns when it answers.

    :param folder: for its configuration, leases and log; it exists.
    :param wan: name of the card to the WAN, which has an address of :func:`public_address`.
    :param lan: name of the card (or bridge) to the hosts, up, with a private address.
    :return: its process id.
    :raises MissingRight: when it is not installed.
    :raises LabError: when it does not start, with what it said.
    """
    path = program()
    if path is None:
        raise MissingRight(f"the laboratory needs the program {PROGRAM}: apt-get install {PROGRAM}")
    config, log = folder / CONFIG, folder / LOG
    config.write_text(configuration(folder, wan, lan), encoding="ascii")
    (folder / LEASES).touch()
    log.write_bytes(b"")
    nft(netns, ruleset())
    argv = [path, "-d", "-f", str(config), "-P", str(folder / PID)]
    process = spawn(PROGRAM, netns, argv, log, dict(os.environ), folder)
    try:
        wait_for("miniupnpd listens", lambda: LISTENS in log.read_bytes() or _gone(process), START_TIMEOUT_S)
        said = log.read_bytes()
        if LISTENS not in said or IMPOSSIBLE in said:
            raise LabError(f"miniupnpd does not start: {said[-1000:].decode('utf-8', 'replace')}")
    except BaseException:
        end([process])
        raise
    return process.pid


def stop(pid: int, grace: float = GRACE_S) -> None:
    """End the miniupnpd of this process id; one that is gone is no error. Its rules stay, as after a power cut."""
    ticks = start_ticks(pid)
    if ticks is not None:
        end([Started(PROGRAM, pid, ticks)], grace)


def _gone(process: Started) -> bool:
    return start_ticks(process.pid) is None
