"""``twistd lanrage``: the roles, their options, and the service that each becomes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import Any, ClassVar

from twisted.application.service import IService
from twisted.python import usage

from lanrage import __version__
from lanrage.app.config import CONFIGS, folders
from lanrage.app.games_config import DETECTION
from lanrage.app.lan_config import LAN
from lanrage.app.log_config import LOG, LogSettings, logged
from lanrage.app.metering_config import METERING, MeteringSettings
from lanrage.app.settings_options import parameters
from lanrage.app.settings_start import begin
from lanrage.core.settings_desktop import DESKTOP_SETTINGS
from lanrage.core.settings_games import GAMES_SETTINGS
from lanrage.core.settings_node import MAPPING, NODE_SETTINGS
from lanrage.core.settings_notify import DISCORD_SETTINGS
from lanrage.core.settings_server import CONTROL_SETTINGS, RELAY_PORTS_SETTING, RELAY_SETTINGS, STOPPING_SETTINGS
from lanrage.core.settings_web import WEB_SETTINGS
from lanrage.errors import BadInput, LanrageError
from lanrage.logs.carry import carry_timers
from lanrage.net.supervisor import Supervisor
from lanrage.timing import timing_decorator

EXIT_USAGE = 64
"""Exit status where the command line itself is wrong (EX_USAGE, sysexits.h): another try is of no use."""
STATE = ["state-dir", "d", None, "Folder of keys and state (default: /var/lib/lanrage as root, else in your home)."]
SOCKET = ["socket", None, None, "Socket of the node (default: the system service's, else your own node's)."]
RUN = ["run-dir", None, None, "Folder of the socket that the lanrage command talks to (default: /run/lanrage as root)."]
PORT_MAPPING = parameters([MAPPING])[0]
NODE = [*parameters([*NODE_SETTINGS, *GAMES_SETTINGS, *DISCORD_SETTINGS, *DESKTOP_SETTINGS, *WEB_SETTINGS]), *DETECTION]
CONTROL = parameters(CONTROL_SETTINGS)
STOPPING = parameters(STOPPING_SETTINGS)
RELAY = parameters([RELAY_PORTS_SETTING, *RELAY_SETTINGS, *STOPPING_SETTINGS])


class ControlOptions(usage.Options):
    """Control server: parties, members, invitations, a reflector."""

    optParameters: ClassVar[list[list[Any]]] = [STATE, *CONTROL, *parameters([MAPPING], "control"), *METERING, *LOG]


class RelayOptions(usage.Options):
    """Relay: forwards between the two members that a ticket names."""

    optParameters: ClassVar[list[list[Any]]] = [STATE, *RELAY, *METERING, *LOG]


class NodeOptions(usage.Options):
    """Node: the player's machine."""

    optParameters: ClassVar[list[list[Any]]] = [STATE, RUN, *NODE, *LAN, PORT_MAPPING, *METERING, *LOG]


class AllOptions(usage.Options):
    """All roles on one machine: the default."""

    optParameters: ClassVar[list[list[Any]]] = [
        *(STATE, RUN, *CONTROL, RELAY[0], *STOPPING, *NODE, *LAN, PORT_MAPPING, *METERING, *LOG)
    ]


class AgentOptions(usage.Options):
    """Agent: a player's session, beside the node."""

    optParameters: ClassVar[list[list[Any]]] = [STATE, SOCKET, *LOG]


class Options(usage.Options):
    """``twistd lanrage [ROLE] [OPTIONS]``."""

    synopsis = "[control | relay | node | agent | all] [options]"
    longdesc = "LAN games between friends. Without a role, all of them run on this machine."
    subCommands: ClassVar[list[list[Any]]] = [
        ["control", None, ControlOptions, "Control server: parties, members, invitations, a reflector."],
        ["relay", None, RelayOptions, "Relay: forwards between the two members that a ticket names."],
        ["node", None, NodeOptions, "Node: the player's machine."],
        ["agent", None, AgentOptions, "Agent: what belongs to a player's session, without any right."],
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
            sys.stderr.write(f"lanrage: {error} (twistd lanrage --help lists roles and options)\n")
            sys.exit(1 if _may_change(error) else EXIT_USAGE)

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
        """Bring the options together with environment and stored settings, and check them.

        :raises usage.UsageError: one sentence that names the option and the rule.
        """
        role = self.subCommand or "all"
        try:
            self["settings"] = start = begin(role, self.subOptions, folders(self.subOptions)[0])
            self["config"] = CONFIGS[role].parse(start.options)
            self["log"] = LogSettings.parse(start.options)
            self["metering"] = MeteringSettings.parse(start.options)
        except LanrageError as error:
            raise usage.UsageError(str(error)) from error


def _may_change(error: usage.UsageError) -> bool:
    """Whether the same command line may do later: a file could not be read, or the store."""
    cause = error.__cause__
    if not isinstance(cause, BadInput):
        return cause is not None
    return cause.field == "log-file" or isinstance(cause.__cause__, OSError)


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
    carry_timers(reactor)
    supervisor = Supervisor.take(os.environ, os.getpid())
    service: IService = roles.make(reactor, options["config"], options["metering"], options["settings"], supervisor)
    try:
        return logged(service, options["log"], options.parent or {}, reactor, options.subCommand or "all")
    except LanrageError as error:
        sys.exit(f"lanrage: {error}")
