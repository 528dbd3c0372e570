"""``lanrage firewall``: lets the party in by the firewall's own tools, and takes that back (``docs/cli.rst``)."""

from __future__ import annotations

import functools
import os
import shlex
from collections.abc import Callable
from typing import Any, Literal

import attrs
import click

from lanrage.app.cli_frame import SETTINGS, agree, guarded, json_option
from lanrage.app.cli_output import Screen, print_json
from lanrage.core.firewall_commands import DEVICES, Firewall, Step, steps
from lanrage.errors import MissingRight
from lanrage.net.elevation import Elevation, at_terminal, run_elevated
from lanrage.net.firewalls import Tools

Verb = Literal["allow", "remove"]


@attrs.frozen
class Work:
    """What is done to one firewall.

    :param commands: as lines to type.
    """

    firewall: Firewall
    commands: list[tuple[str, ...]]

    @property
    def lines(self) -> list[str]:
        """The commands as lines."""
        return [shlex.join(each) for each in self.commands]


def plan(tools: Tools, verb: Verb, devices: tuple[str, ...], ask: bool) -> list[Work]:
    """The commands that are still to be run, for each firewall that is active.

    :param ask: leave out what is so already; it takes the tools' own rights to find out.
    :raises BadInput: for what is no device's name.
    """
    return [Work(each, _commands(tools, verb, steps(each, devices), ask)) for each in tools.active()]


def _commands(tools: Tools, verb: Verb, wanted: list[Step], ask: bool) -> list[tuple[str, ...]]:
    let_in = verb == "allow"
    due = [step for step in wanted if not ask or tools.holds(step) is not let_in]
    return [step.allow if let_in else step.remove for step in due]


def change(tools: Tools, verb: Verb, devices: tuple[str, ...], dry_run: bool, root: bool) -> dict[str, Any]:
    """Carry a verb out; the result names every command.

    :raises MissingRight: without root, unless nothing is to be run.
    """
    if not dry_run and not root and tools.active():
        raise MissingRight(f"the firewall's own tools need root: sudo lanrage firewall {verb}")
    works = plan(tools, verb, devices, ask=root)
    for work in works if not dry_run else []:
        for words in work.commands:
            tools.run(words)
    rows = [{"firewall": work.firewall.title, "commands": work.lines} for work in works]
    return {"ran": not dry_run, "firewalls": rows}


def change_elevated(
    tools: Tools, verb: Verb, devices: tuple[str, ...], way: Elevation, confirm: Callable[[tuple[str, ...]], None]
) -> dict[str, Any]:
    """Carry a verb out by sudo or pkexec, each command after the user's word.

    :param confirm: shows a command, and raises :class:`lanrage.errors.Refused` without the word.
    """
    works = plan(tools, verb, devices, ask=False)
    for work in works:
        for words in work.commands:
            confirm(way.command(words))
            run_elevated(words, way)
    return {"ran": True, "firewalls": [{"firewall": work.firewall.title, "commands": work.lines} for work in works]}


def standing(tools: Tools, devices: tuple[str, ...], root: bool) -> dict[str, Any]:
    """Which firewalls are active, and whether they let each device in (``None``: only root may ask)."""
    rows = []
    for each in tools.active():
        let_in: dict[str, bool | None] = {}
        for step in steps(each, devices):
            held = tools.holds(step) if root else None
            let_in[step.device] = held and let_in.get(step.device, True)
        rows.append({"firewall": each.title, "devices": let_in})
    return {"firewalls": rows}


def changed(screen: Screen, result: dict[str, Any]) -> None:
    """After ``allow`` and ``remove``."""
    if not result["firewalls"]:
        screen.line("Neither firewalld nor ufw is active here: there is nothing to do.")
    words = "ran" if result["ran"] else "would run"
    for row in result["firewalls"]:
        screen.line(f"{row['firewall']}: {words if row['commands'] else 'it is so already'}", "bold")
        for line in row["commands"]:
            screen.line(f"  {line}")


def shown(screen: Screen, result: dict[str, Any]) -> None:
    """After ``status``."""
    words = {True: "is let in", False: "is not let in: sudo lanrage firewall allow", None: "may be let in: ask as root"}
    if not result["firewalls"]:
        screen.line("Neither firewalld nor ufw is active here.")
    for row in result["firewalls"]:
        for device, held in row["devices"].items():
            screen.line(f"{row['firewall']}: {device} {words[held]}")


def _carry_out(verb: Verb, devices: tuple[str, ...], dry_run: bool, yes: bool) -> dict[str, Any]:
    """As root at once, with ``--yes`` or on a terminal by sudo or pkexec."""
    root = os.geteuid() == 0
    if root or dry_run or not (yes or at_terminal()):
        return change(Tools(), verb, devices or DEVICES, dry_run, root)
    return change_elevated(Tools(), verb, devices or DEVICES, Elevation(), functools.partial(agree, yes=yes))


def _print(show: Callable[[Screen, dict[str, Any]], None], as_json: bool, result: dict[str, Any]) -> None:
    if as_json:
        print_json(result)
    else:
        show(Screen(), result)


@click.group(context_settings=SETTINGS, epilog="Example: sudo lanrage firewall allow --dry-run")
def firewall() -> None:
    """Let the party in where firewalld or ufw is active; what members reach is then the party firewall's to say."""


device_option = click.option(
    "--device", "devices", multiple=True, metavar="NAME", help=f"Tunnel and card. [default: {' and '.join(DEVICES)}]"
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask before a command is run by sudo or pkexec.")
dry_option = click.option("--dry-run", is_flag=True, help="Only say what would be run.")


@firewall.command(context_settings=SETTINGS, epilog="Example: sudo lanrage firewall allow")
@device_option
@dry_option
@yes_option
@json_option
@guarded
def allow(devices: tuple[str, ...], dry_run: bool, yes: bool, as_json: bool) -> None:
    """Let tunnel and card in, now and after a restart."""
    _print(changed, as_json, _carry_out("allow", devices, dry_run, yes))


@firewall.command(context_settings=SETTINGS, epilog="Example: sudo lanrage firewall remove")
@device_option
@dry_option
@yes_option
@json_option
@guarded
def remove(devices: tuple[str, ...], dry_run: bool, yes: bool, as_json: bool) -> None:
    """Take back what `allow` did."""
    _print(changed, as_json, _carry_out("remove", devices, dry_run, yes))


@firewall.command(context_settings=SETTINGS, epilog="Example: sudo lanrage firewall status --json")
@device_option
@json_option
@guarded
def status(devices: tuple[str, ...], as_json: bool) -> None:
    """Show which firewalls are active, and whether they let the party in."""
    _print(shown, as_json, standing(Tools(), devices or DEVICES, os.geteuid() == 0))
