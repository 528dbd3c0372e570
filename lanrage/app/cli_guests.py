"""Commands of ``lanrage party guest``: devices that take part through a member (``docs/cli.rst``)."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Protocol

import click

from lanrage.app.cli_call import Caller
from lanrage.app.cli_frame import SETTINGS, guarded, json_option
from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen, print_json
from lanrage.app.operations_guests import GUEST_HOURS, GUEST_HOURS_LIMIT, AddGuest
from lanrage.errors import BadInput, StoreError
from lanrage.store.files import write_atomic
from lanrage.wire.local import convert_args


class Asking(Protocol):
    """How the command line asks its node (:class:`lanrage.app.cli.Session`)."""

    call: Caller

    @property
    def path(self) -> str:
        """Of the process's socket."""


def added(screen: Screen, result: dict[str, Any], shows: bool) -> None:
    """After ``guest add``.

    :param shows: the configuration, by QR code and text; it stands in no file then.
    """
    from lanrage.app.qr import qr_terminal

    guest = result["guest"]
    if shows:
        for line in (qr_terminal(result["config"]) + "\n" + result["config"]).splitlines():
            screen.line(line)
    screen.line(
        f"The guest {guest['name']} is {guest['address']}, served by {guest['server']} at {result['endpoint']}."
    )
    if shows:
        screen.line("Scan the code with the WireGuard application, or import the text: it is shown this once.")
    if result["doubt"]:
        screen.line(f"It may not get through: {result['doubt']}.")
    for name in result["others"]:
        screen.line(f"A second way: lanrage party guest add {guest['name']} --via {name}")


def listed(screen: Screen, result: dict[str, Any]) -> None:
    """After ``guest list``."""
    if result["trouble"]:
        screen.line(f"This node serves no guests: {result['trouble']}")
    rows = [
        (row["name"], row["address"], row["server"], _seen(row), time.strftime("%Y-%m-%d %H:%M", _local(row)))
        for row in result["guests"]
    ]
    if rows:
        screen.table(("guest", "address", "served by", "seen", "until"), rows)
        for row in filter(lambda row: row["resting"], result["guests"]):
            screen.line(f"{row['name']}, served by {row['server']}, takes no part now: {row['resting']}")
    else:
        screen.line("No guests.")


def removed(screen: Screen, result: dict[str, Any]) -> None:
    """After ``guest remove``."""
    if result["pending"]:
        screen.line(f"{result['name']}: {result['pending']}")
    else:
        screen.line(f"{result['name']} is no guest of the party any more.")


def _local(row: dict[str, Any]) -> time.struct_time:
    return time.localtime(row["expires"])


def _seen(row: dict[str, Any]) -> str:
    if not row["served_here"]:
        return ""
    return "never" if row["seen_s"] is None else f"{row['seen_s']:.0f} s ago"


def check_folder(option: str, path: str) -> None:
    """Find out before a key is drawn whether its file can be written: it is shown once.

    :raises BadInput: names the option.
    """
    if path and not os.access(Path(path).absolute().parent, os.W_OK):
        raise BadInput(option, f"{path} cannot be written")


def write_private(option: str, path: str, text: str) -> None:
    """Write a file that its owner alone reads.

    :raises BadInput: names the option.
    """
    try:
        write_atomic(Path(path), text.encode())
    except StoreError as error:
        raise BadInput(option, str(error)) from error


def _add(config: str, qr_svg: str, as_json: bool, **args: Any) -> None:
    from lanrage.app.qr import qr_svg as draw

    session: Asking = click.get_current_context().obj
    convert_args(args, AddGuest)
    for option, path in (("--config", config), ("--qr-svg", qr_svg)):
        check_folder(option, path)
    result = session.call(session.path, "party.guest_add", args, None)
    if config:
        write_private("--config", config, result["config"])
    if qr_svg:
        write_private("--qr-svg", qr_svg, draw(result["config"]))
    if as_json:
        print_json(result)
        return
    screen = Screen()
    added(screen, result, shows=not (config or qr_svg))
    for path in filter(None, (config, qr_svg)):
        screen.line(f"Written: {path}; whoever has it is the guest.")


def add(party: click.Group, operation: Operate) -> None:
    """Add the commands to ``lanrage party``.

    :param operation: :func:`lanrage.app.cli.operation`.
    """
    group = click.Group(
        "guest",
        help="Let devices with the stock WireGuard application take part through a member.",
        epilog="Example: lanrage party guest add phone",
        context_settings=SETTINGS,
    )
    party.add_command(group)
    name = click.argument("name")
    via = click.option("--via", metavar="MEMBER", default="", help="The member that serves it. [default: you]")
    run: Any = json_option(guarded(_add))
    run = click.option("--qr-svg", metavar="FILE", default="", help="Write the QR code there, readable by you alone.")(
        run
    )
    run = click.option("--config", metavar="FILE", default="", help="Write the configuration there (mode 0600).")(run)
    run = click.option(
        "--plain", is_flag=True, help="Leave 255.255.255.255 and multicast to the device's other networks."
    )(run)
    run = click.option(
        "--address", metavar="HOST[:PORT]", default="", help="Where the serving member is reached. [default: as known]"
    )(run)
    hours = click.FloatRange(0, GUEST_HOURS_LIMIT, min_open=True)
    run = click.option(
        "--expires", "expires_hours", type=hours, default=GUEST_HOURS, show_default=True, metavar="HOURS"
    )(run)
    group.command(
        "add",
        help="Let a device with the stock WireGuard application take part, through this node or another member's.",
        epilog="Example: lanrage party guest add phone --expires 12",
        context_settings=SETTINGS,
    )(name(via(run)))
    operation(group, "list", listed, "party.guest_list")(dict)
    only = click.option("--via", metavar="MEMBER", default="", help="Only the way in through this member.")
    operation(group, "remove", removed, "party.guest_remove")(name(only(_given)))


def _given(**options: Any) -> dict[str, Any]:
    return options
