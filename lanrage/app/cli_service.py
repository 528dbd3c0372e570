"""``lanrage service``: control server, relay and node as services of this machine (``docs/operations/service.rst``)."""

from __future__ import annotations

import shlex
from typing import Any, cast

import click

from lanrage.app.cli_frame import SETTINGS, guarded, json_option
from lanrage.app.cli_output import Screen, print_json
from lanrage.app.service_install import Outcome, install, uninstall
from lanrage.app.service_place import Place
from lanrage.app.service_status import sentence, status
from lanrage.core.service_files import ROLES, ServiceRole

VERBS = {
    "new": ("wrote", "would write"),
    "changed": ("replaced", "would replace"),
    "foreign": ("replaced", "would replace"),
    "same": ("as it should be:", "as it should be:"),
    "removed": ("removed", "would remove"),
}
"""State of a file: what is said once it was done, and before."""


def told(screen: Screen, outcome: Outcome) -> None:
    """After ``install`` and ``uninstall``."""
    for row in outcome.files:
        screen.line(f"{VERBS[row['state']][not outcome.ran]} {row['path']}")
    for words in outcome.commands:
        screen.line(f"{'ran' if outcome.ran else 'would run'}: {shlex.join(words)}")
    if not outcome.files and not outcome.commands:
        screen.line("There was nothing to do.")
    for word in outcome.words:
        screen.line(f"note: {word}")


def shown(screen: Screen, result: dict[str, Any]) -> None:
    """After ``status``."""
    if result["why"]:
        screen.line(result["why"])
    for row in result["services"]:
        screen.line(sentence(row, result["systemd"]))
        if row["says"]:
            screen.line(f"  {row['says']}", "dim")


def _print(as_json: bool, outcome: Outcome) -> None:
    if as_json:
        print_json(outcome.as_dict())
    else:
        told(Screen(), outcome)


@click.group(context_settings=SETTINGS, epilog="Example: sudo lanrage service install")
def service() -> None:
    """Install node, control server, relay and agent as services of this machine."""


roles_argument = click.argument("roles", nargs=-1, metavar="[ROLE]...", type=click.Choice(ROLES))
dry_option = click.option("--dry-run", is_flag=True, help="Only say what would be written and run.")


@service.command("install", context_settings=SETTINGS, epilog="Example: sudo lanrage service install control --socket")
@roles_argument
@click.option("--socket", is_flag=True, help="systemd holds the control server's port, also while that restarts.")
@click.option("--kernel", is_flag=True, help="The relay may forward in the kernel.")
@click.option("--no-start", is_flag=True, help="Only enable, do not start now.")
@click.option("--force", is_flag=True, help="Replace files that somebody else wrote.")
@dry_option
@json_option
@guarded
def install_command(roles: tuple[str, ...], dry_run: bool, as_json: bool, **wishes: bool) -> None:
    """Install services (node, control, relay, agent; without a word a node) that run this installation."""
    outcome = install(
        Place(),
        cast(tuple[ServiceRole, ...], roles) or ("node",),
        options=[name for name in ("socket", "kernel") if wishes[name]],
        start=not wishes["no_start"],
        force=wishes["force"],
        dry_run=dry_run,
    )
    _print(as_json, outcome)


@service.command("uninstall", context_settings=SETTINGS, epilog="Example: sudo lanrage service uninstall --purge")
@roles_argument
@click.option("--purge", is_flag=True, help="Remove state, keys, /etc/lanrage and the user lanrage, too.")
@dry_option
@json_option
@guarded
def uninstall_command(roles: tuple[str, ...], purge: bool, dry_run: bool, as_json: bool) -> None:
    """Stop services (all without a word) and remove what `install` wrote."""
    _print(as_json, uninstall(Place(), cast(tuple[ServiceRole, ...], roles) or ROLES, purge=purge, dry_run=dry_run))


@service.command("status", context_settings=SETTINGS, epilog="Example: lanrage service status --json")
@json_option
@guarded
def status_command(as_json: bool) -> None:
    """Show which services are installed and whether they run, also where systemd does not."""
    result = status(Place())
    if as_json:
        print_json(result)
    else:
        shown(Screen(), result)
