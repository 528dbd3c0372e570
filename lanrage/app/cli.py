"""The command ``lanrage``: a small client of the local API (``docs/cli.rst``).

Libraries that take long to load are imported where they are used, so that ``--help`` answers at once.
"""

from __future__ import annotations

import functools
import getpass
import os
import sys
from collections.abc import Callable
from typing import Any

import attrs
import click
from click.core import ParameterSource

from lanrage import __version__
from lanrage.app import (
    cli_desktop,
    cli_doctor,
    cli_exposure,
    cli_games,
    cli_governing,
    cli_guests,
    cli_lan,
    cli_machine_room,
    cli_offers,
    cli_open_link,
    cli_paths,
    cli_probe,
    cli_qr,
    cli_relays,
    cli_servers,
    cli_uninstall,
    cli_web,
    run_cli,
)
from lanrage.app import cli_output as output
from lanrage.app.cli_call import Caller, Tools
from lanrage.app.cli_find import Wanted
from lanrage.app.cli_frame import SETTINGS, LazyGroup, guarded, json_option
from lanrage.app.operations import (
    DEFAULT_HOURS,
    DEFAULT_MEMBERS,
    HOURS_LIMIT,
    OPERATIONS,
    PARTY_LIMIT,
)
from lanrage.app.role_sockets import ROLE_SOCKETS, SYSTEM_SOCKET
from lanrage.core.settings_limits import CONTROL_PORT
from lanrage.wire.local import convert_args


@attrs.frozen
class Session:
    """What all commands of one run share.

    :param wanted: what the user says of the process to ask.
    """

    wanted: Wanted
    call: Caller
    tools: Tools = Tools()

    @property
    def path(self) -> str:
        """Of the process's socket.

        :raises LanrageError: where none is found.
        """
        return self.wanted.find()


def operation(
    group: click.Group, name: str, print_result: output.Show, called: str = ""
) -> Callable[[Callable[..., dict[str, Any]]], click.Command]:
    """Make a command of an operation: the decorated function turns options into arguments.

    :param called: the operation, where it is not called as the command is.
    """
    row = OPERATIONS[called or (name if group is main else f"{group.name}.{name}")]

    def decorate(function: Callable[..., dict[str, Any]]) -> click.Command:
        """Make the command of the function that turns its options into the operation's arguments."""

        @functools.wraps(function)
        def run(*, as_json: bool, **options: Any) -> None:
            """Check the arguments, carry the operation out, and print its result."""
            session: Session = click.get_current_context().obj
            args = function(**options)
            convert_args(args, row.request)
            stages = None if as_json or not row.long else lambda text: click.echo(f"... {output.clean(text)}", err=True)
            result = session.call(session.path, row.name, args, stages)
            if as_json:
                output.print_json(result)
            else:
                print_result(output.Screen(), result)

        made = group.command(name, help=row.help, epilog=f"Example: {row.example}", context_settings=SETTINGS)
        return made(json_option(guarded(run)))

    return decorate


def load_control() -> click.Group:
    """The commands for a control server's machine."""
    from lanrage.app.control_cli import control

    return control


def load_firewall() -> click.Group:
    """The commands for firewalld and ufw."""
    from lanrage.app.cli_firewall import firewall

    return firewall


def load_service() -> click.Group:
    """The commands for services of this machine."""
    from lanrage.app.cli_service import service

    return service


def load_lab() -> click.Group:
    """The laboratory's commands."""
    from lanrage.lab.cli import lab

    return lab


@click.group(
    context_settings=SETTINGS,
    epilog="Exit status: 0 done, 1 refused or failed, 2 wrong usage. Example: lanrage party join LR1-... --as Ben",
)
@click.option(
    "--socket",
    envvar="LANRAGE_SOCKET",
    metavar="PATH",
    help=f"The socket to ask. [env LANRAGE_SOCKET; default {SYSTEM_SOCKET}, else that of your own node]",
)
@click.option(
    "--role", type=click.Choice(tuple(ROLE_SOCKETS)), help="What to ask, where a role runs alone. [default: node]"
)
@click.option("--state-dir", metavar="FOLDER", help="The state folder of the control server or relay to ask.")
@click.version_option(__version__, "--version", prog_name="lanrage", message="%(prog)s %(version)s")
@click.pass_context
def main(context: click.Context, socket: str | None, role: str | None, state_dir: str | None) -> None:
    """LAN games between friends who are not in one room."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if (role or state_dir) and socket:
        if context.get_parameter_source("socket") is ParameterSource.COMMANDLINE:
            raise click.UsageError("--socket says already what to ask: leave --role and --state-dir out")
        socket = None
    given = context.obj
    tools = given if isinstance(given, Tools) else Tools(given) if given is not None else Tools()
    context.obj = Session(Wanted(socket or "", role or "", state_dir or ""), tools.call, tools)


@main.group(context_settings=SETTINGS, epilog="Example: lanrage party create Friday --server play.example.org:7766")
def party() -> None:
    """Create, join, leave and show the party of this node."""


main.add_command(
    LazyGroup(
        "control", load=load_control, what="lanrage control", help="Back up, check and restore a control server's data."
    )
)
main.add_command(
    LazyGroup(
        "firewall", load=load_firewall, what="lanrage firewall", help="Let the party in by the firewall's own tools."
    )
)
main.add_command(
    LazyGroup("service", load=load_service, what="lanrage service", help="Run node, server and relay as services.")
)
main.add_command(LazyGroup("lab", load=load_lab, help="Build laboratories of hosts and NATs on this machine."))

as_option = click.option("--as", "member_name", metavar="NAME", help="Your name in the party. [default: your login]")
expires_option = click.option(
    "--expires",
    "expires_hours",
    type=click.FloatRange(0, HOURS_LIMIT, min_open=True),
    default=DEFAULT_HOURS,
    show_default=True,
    metavar="HOURS",
    help="Life of the invitation.",
)
uses_option = click.option(
    "--uses",
    type=click.IntRange(1, PARTY_LIMIT),
    default=DEFAULT_MEMBERS,
    show_default=True,
    help="How many can join by the code.",
)


def _login() -> str:
    return os.environ.get("SUDO_USER") or getpass.getuser()


def with_port(server: str) -> str:
    """A control server's address, with the usual port where none is given."""
    host = server.rpartition("]")[2] if server.startswith("[") else server
    return server if ":" in host else f"{server}:{CONTROL_PORT}"


@operation(party, "create", output.created)
@click.argument("name")
@click.option(
    "--server",
    default="",
    envvar="LANRAGE_SERVER",
    metavar="HOST[:PORT]",
    help="The control server. [env LANRAGE_SERVER; default: the one that the node is set to]",
)
@as_option
@click.option(
    "--max-members",
    type=click.IntRange(2, PARTY_LIMIT),
    default=DEFAULT_MEMBERS,
    show_default=True,
    help="Size of the party.",
)
@click.option(
    "--takeover",
    default="72",
    show_default=True,
    metavar="RULE",
    help="When the host is away for good: never, majority (of the moderators), or HOURS in which it can object.",
)
@expires_option
@uses_option
@click.option("--token", default="", envvar="LANRAGE_TOKEN", help="For a server that asks for one. [env LANRAGE_TOKEN]")
def create(server: str, member_name: str | None, takeover: str, **rest: Any) -> dict[str, Any]:
    """Found a party."""
    rule: dict[str, Any] = {"takeover": takeover}
    if takeover.replace(".", "", 1).isdigit():
        rule = {"takeover": "delay", "takeover_hours": float(takeover)}
    return {**rule, "server": with_port(server) if server else "", "member_name": member_name or _login(), **rest}


@operation(party, "join", output.joined)
@click.argument("code", required=False)
@click.option("--server", default="", metavar="HOST[:PORT]", help="Of a spoken code. [default: the node's]")
@as_option
@click.option("--timing", is_flag=True, help="Wait up to --wait seconds and show how long each stage took.")
@click.option("--wait", type=click.FloatRange(0, 60, min_open=True), default=15.0, show_default=True, metavar="S")
def join(code: str | None, server: str, member_name: str | None, timing: bool, wait: float) -> dict[str, Any]:
    """Join; without CODE, or with ``-``, it is asked for, so that it shows in no process list."""
    if code in (None, "-"):
        asking = sys.stdin.isatty()
        code = click.prompt("Invitation code", err=True) if asking else sys.stdin.readline()
    where: dict[str, Any] = {"server": with_port(server)} if server else {}
    where |= {"timing_s": wait} if timing else {}
    return {"code": (code or "").strip(), "member_name": member_name or _login(), **where}


@operation(party, "leave", output.left)
def leave() -> dict[str, Any]:
    """Leave."""
    return {}


@operation(party, "show", output.shown)
def show() -> dict[str, Any]:
    """Show."""
    return {}


operation(party, "members", output.roster, "party.show")(dict)


@operation(party, "invite", output.invited)
@expires_option
@click.option("--uses", type=click.IntRange(1, PARTY_LIMIT), help="How many can join. [default: 16; 1 if spoken]")
@click.option("--spoken", is_flag=True, help="A short code to read out to one friend, for ten minutes.")
def invite(**options: Any) -> dict[str, Any]:
    """Invite."""
    return options


cli_governing.add(party, operation)
cli_guests.add(party, operation)
cli_offers.add(party, operation)
cli_desktop.add(party, operation)
cli_paths.add(main, operation, SETTINGS)
cli_relays.add(main, operation)
cli_exposure.add(main, operation, SETTINGS)
cli_lan.add(main, operation, SETTINGS)
run_cli.add(main, SETTINGS)
cli_probe.add(main, operation, SETTINGS)
cli_doctor.add(main, SETTINGS)
cli_qr.add(main, operation)
cli_machine_room.add(main, operation)
cli_servers.add(main, operation)
cli_games.add(main, operation)
cli_web.add(main, SETTINGS)
cli_open_link.add(main, SETTINGS)
cli_uninstall.add(main, SETTINGS)


@operation(main, "status", output.status)
def status() -> dict[str, Any]:
    """State."""
    return {}
