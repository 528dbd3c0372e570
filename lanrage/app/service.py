"""``twistd lanrage``: the roles, their options, and the service that each becomes."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any, ClassVar

from twisted.application.service import IService
from twisted.python import usage

from lanrage import __version__
from lanrage.app.config import CONFIGS, CONTROL_PORT, RELAY_PORTS, STUN_PORT
from lanrage.app.lan_config import LAN
from lanrage.app.relay_drain import DRAIN
from lanrage.core.links import WIREGUARD_PORT
from lanrage.core.relay_report import FULL_PACKETS
from lanrage.errors import LanrageError
from lanrage.store.journal import INTERVAL
from lanrage.timing import timing_decorator

STATE = ["state-dir", "d", None, "Folder of keys and state (default: /var/lib/lanrage as root, else in your home)."]
RUN = ["run-dir", None, None, "Folder of the socket that the lanrage command talks to (default: /run/lanrage as root)."]
PORT_MAPPING = ["port-mapping", None, "auto", "Let the router map ports by PCP, NAT-PMP or UPnP: auto or off."]
NODE: list[list[Any]] = [
    ["tunnel-device", None, "lanrage-wg0", "Name of the WireGuard device; unique on the machine."],
    ["card", None, "lanrage0", "Name of the LAN card that games see."],
    ["wireguard-port", None, str(WIREGUARD_PORT), "UDP port of WireGuard; 0 = any."],
    ["wireguard", None, "auto", "How WireGuard runs: auto, kernel or userspace (wireguard-go)."],
    ["birthday", None, "on", "Whether pairs of hard NATs may be joined by birthday probing: on or off."],
    ["server", None, "", "HOST:PORT of the control server for new parties, where a user names none."],
    ["relay-region", None, "", "Region of relays to prefer."],
    ["relay-weights", None, "", "What counts how much in the choice of a relay: NAME=NUMBER, comma between."],
]
CONTROL: list[list[Any]] = [
    ["listen", None, f"tcp:{CONTROL_PORT}", "Where nodes connect: a Twisted endpoint string (tcp:, unix:, systemd:)."],
    ["tls-certificate", None, "", "A CA's certificate with its chain, PEM; without one the server makes its own."],
    ["tls-key", None, "", "The key of that certificate, PEM; both files are read anew when they change."],
    ["proxy", None, "", "Proxies whose X-Forwarded-For counts: addresses, networks or unix, comma between."],
    ["stun-port", None, str(STUN_PORT), "UDP port of the reflector."],
    ["stun-alternate", None, "", "Its second address and port, HOST[:PORT] or :PORT; none = no second port."],
    ["public-address", None, "", "HOST[:PORT] under which nodes reach this server; shown in hints."],
    ["relay", None, "", "Relays to tell nodes of: HOST:FIRST-LAST, comma between; an empty HOST is this server's."],
    ["relay-key", None, "", "Relays that may report: their keys (relay.pub), 64 hex digits or @FILE, comma between."],
    ["registration", None, "open", "Who may found parties: open (everybody), token or closed (nobody)."],
    ["registration-token-file", None, "", "With --registration=token: the file that holds the token."],
    ["ban-file", None, "", "File of whom not to serve: an identity, address or network a line; read when it changes."],
    [
        "flush-interval",
        None,
        str(round(INTERVAL * 1000)),
        "Milliseconds that a change may wait that need not be durable.",
    ],
]
STOPPING: list[list[Any]] = [
    ["region", None, "", "Where the relay stands, in a word of yours; members may prefer a region."],
    ["drain", None, f"{DRAIN:g}", "Seconds that it forwards on after it was told to stop; 0 = none."],
    ["mode", None, "auto", "How the relay forwards: auto, kernel (nftables; needs rights) or userspace."],
    ["full-load", None, f"{FULL_PACKETS:g}", "Packets a second that count as its full load."],
]
RELAY: list[list[Any]] = [
    ["server-key", None, "", "Public key of the control server whose tickets count: 64 hex digits, or @FILE."],
    ["ports", None, "{}-{}".format(*RELAY_PORTS), "UDP ports, FIRST-LAST."],
    ["host", None, "", "Address to listen on (default: all)."],
    ["control", None, "", "HOST[:PORT] of the control server to report to (default: no reports)."],
    ["public-host", None, "", "Address or name at which nodes reach it (default: as the control server sees it)."],
    *STOPPING,
]


class ControlOptions(usage.Options):
    """Control server: parties, members, invitations, a reflector."""

    optParameters: ClassVar[list[list[Any]]] = [STATE, *CONTROL, [*PORT_MAPPING[:2], "off", PORT_MAPPING[3]]]


class RelayOptions(usage.Options):
    """Relay: forwards between the two members that a ticket names."""

    optParameters: ClassVar[list[list[Any]]] = [STATE, *RELAY]


class NodeOptions(usage.Options):
    """Node: the player's machine."""

    optParameters: ClassVar[list[list[Any]]] = [STATE, RUN, *NODE, *LAN, PORT_MAPPING]


class AllOptions(usage.Options):
    """All roles on one machine: the default."""

    optParameters: ClassVar[list[list[Any]]] = [STATE, RUN, *CONTROL, RELAY[1], *STOPPING, *NODE, *LAN, PORT_MAPPING]


class Options(usage.Options):
    """``twistd lanrage [ROLE] [OPTIONS]``."""

    synopsis = "[control | relay | node | all] [options]"
    longdesc = "LAN games between friends. Without a role, all of them run on this machine."
    subCommands: ClassVar[list[list[Any]]] = [
        ["control", None, ControlOptions, "Control server: parties, members, invitations, a reflector."],
        ["relay", None, RelayOptions, "Relay: forwards between the two members that a ticket names."],
        ["node", None, NodeOptions, "Node: the player's machine."],
        ["all", None, AllOptions, "All roles on one machine (the default)."],
    ]
    defaultSubCommand = "all"

    def opt_version(self) -> None:
        """Show the version."""
        sys.stdout.write(f"LANrage {__version__}\n")
        sys.exit(0)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Read the command line; what is wrong with it ends the program with one sentence, not with all of the help."""
        try:
            super().parseOptions(options)  # type: ignore[no-untyped-call]
        except usage.UsageError as error:
            sys.exit(f"lanrage: {error} (twistd lanrage --help lists roles and options)")

    def getUsage(self, width: int | None = None) -> str:
        """The roles with the options of each; once a role is chosen, its own alone."""
        text = super().getUsage(width)
        if hasattr(self, "subOptions"):
            return text
        for role, _, maker, _ in self.subCommands:
            options = maker().getUsage(width).partition("Options:\n")[2]
            text += f"\nOptions of {role}:\n{options.rstrip()}\n"
        return text

    @timing_decorator("config.load")
    def postOptions(self) -> None:
        """Check the role's options.

        :raises usage.UsageError: one sentence that names the option and the rule.
        """
        try:
            self["config"] = CONFIGS[self.subCommand or "all"].parse(self.subOptions)
        except LanrageError as error:
            raise usage.UsageError(str(error)) from error


def boot_seconds() -> float:
    """Seconds since this machine was started, by CLOCK_BOOTTIME (clock_gettime(2))."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def keep_steady(reactor: Any) -> None:
    """Let a reactor that does not run yet count time by the clock that only moves forward, sleep included.

    Twisted counts by the time of day: setting that back by an hour would hold up every timer for an hour, setting it
    forward would end all that has a lifetime. CLOCK_MONOTONIC stands still while a laptop sleeps, so that a lifetime
    of a minute would last all night.
    """
    reactor.seconds = boot_seconds


def makeService(options: Options) -> IService:
    """Build the service of the chosen role; called by twistd.

    :param options: parsed; ``options["config"]`` is the role's configuration.
    """
    from twisted.internet import reactor  # pylint: disable=import-outside-toplevel

    from lanrage.app import roles  # pylint: disable=import-outside-toplevel

    keep_steady(reactor)
    service: IService = roles.make(reactor, options["config"])
    return service
