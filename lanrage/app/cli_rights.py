"""``lanrage rights``: what this user may not do, what that costs, and how it is granted (``docs/rights.rst``)."""

from __future__ import annotations

import os
import shlex
from typing import Any

import click

from lanrage.app.cli_frame import SETTINGS, agree, guarded, json_option
from lanrage.app.cli_output import Screen, print_json
from lanrage.core.elevation import FIXED, grant_command
from lanrage.core.rights import Lack
from lanrage.net.elevation import Elevation, run_elevated
from lanrage.net.rights import check_admin_rights, read_privileges

GRANTS = ("group", *FIXED)


def as_rows(lacks: list[Lack]) -> dict[str, Any]:
    """For ``--json``; ``ok`` where a node that this user starts can do its work."""
    rows = []
    for lack in lacks:
        grants = [{"command": list(each.command), "line": each.line, "trade": each.trade} for each in lack.grants]
        rows.append({"name": lack.name, "needed": lack.needed, "costs": lack.costs, "grants": grants})
    return {"ok": not any(lack.needed for lack in lacks), "missing": rows}


def shown(screen: Screen, lacks: list[Lack]) -> None:
    """After ``rights show``."""
    if not lacks:
        screen.line("Nothing is missing.")
    for lack in lacks:
        screen.line(f"{lack.name} is missing{'' if lack.needed else ' (a node works without it)'}", "bold")
        screen.line(f"  {lack.costs}")
        for way in lack.grants:
            screen.line(f"  {way.line}")
            screen.line(f"    {way.trade}", "dim")


def grant_right(name: str, user: str, way: Elevation, dry_run: bool, yes: bool) -> dict[str, Any]:
    """Carry ``rights grant`` out; the result names the command."""
    words = grant_command(name, user)
    command = way.command(words)
    if not dry_run:
        agree(command, yes)
    said = "" if dry_run else run_elevated(words, way)
    return {"ran": not dry_run, "command": list(command), "said": said}


@click.group(context_settings=SETTINGS, epilog="Example: lanrage rights show")
def rights() -> None:
    """Say which right is missing here, what that costs, and grant it."""


@rights.command(context_settings=SETTINGS, epilog="Example: lanrage rights show --port 443")
@click.option("--port", "ports", multiple=True, type=click.IntRange(1, 65535), help="That shall be listened on.")
@json_option
@guarded
def show(ports: tuple[int, ...], as_json: bool) -> None:
    """Show what a node that you start here could not do."""
    lacks = check_admin_rights(ports)
    if as_json:
        print_json(as_rows(lacks))
    else:
        shown(Screen(), lacks)


@rights.command(context_settings=SETTINGS, epilog="Example: lanrage rights grant group")
@click.argument("name", metavar="GRANT", type=click.Choice(GRANTS))
@click.option("--user", default="", metavar="NAME", help="For group: who is put into it. [default: you]")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only say what would be run.")
@json_option
@guarded
def grant(  # pylint: disable=too-many-arguments,too-many-positional-arguments  # one option each
    name: str, user: str, yes: bool, dry_run: bool, as_json: bool
) -> None:
    """Grant, by sudo or pkexec: the group of the system's node, the node itself, or a module of the kernel's."""
    result = grant_right(name, user or os.environ.get("SUDO_USER") or read_privileges().user, Elevation(), dry_run, yes)
    if as_json:
        print_json(result)
        return
    screen = Screen()
    screen.line(f"{'ran' if result['ran'] else 'would run'}: {shlex.join(result['command'])}")
    if name == "group" and result["ran"]:
        screen.line("It holds from your next login.")
