"""``lanrage uninstall`` (``docs/cli.rst``)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from lanrage.app.cli_frame import guarded, json_option
from lanrage.app.cli_output import Screen, print_json
from lanrage.errors import Refused

WORD = "remove"
"""What the user types before keys and parties go."""


def add(main: click.Group, settings: dict[str, Any]) -> None:
    """Add the command."""

    @main.command("uninstall", context_settings=settings, epilog="Example: sudo lanrage uninstall --dry-run")
    @click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
    @click.option("--keep-data", is_flag=True, help="Keep keys, parties and settings.")
    @click.option("--yes", is_flag=True, help="Do not ask before keys and parties go.")
    @json_option
    def uninstall(dry_run: bool, keep_data: bool, yes: bool, as_json: bool) -> None:
        """Take back all that LANrage did to this machine, and nothing else."""
        guarded(_uninstall)(dry_run=dry_run, keep_data=keep_data, yes=yes, as_json=as_json)


def _uninstall(*, dry_run: bool, keep_data: bool, yes: bool, as_json: bool) -> None:
    from lanrage.app import uninstall as work  # here, so that --help need not load it

    machine = this_machine()
    if not run(work, machine, dry_run, keep_data, yes, as_json):
        sys.exit(1)


def this_machine() -> Any:
    """The real one, as this user."""
    from lanrage.app.config import default_folder
    from lanrage.app.role_sockets import SYSTEM_SOCKET, own_socket
    from lanrage.app.service_place import Place
    from lanrage.app.uninstall import Machine
    from lanrage.net.firewalls import Tools

    environment, root = dict(os.environ), os.geteuid() == 0
    state = Path(default_folder(environment, root))
    sockets = [Path(SYSTEM_SOCKET)] if root else [Path(own_socket())]
    return Machine(Place(), Path.home(), state, sockets, Tools())


def run(work: Any, machine: Any, dry_run: bool, keep_data: bool, yes: bool, as_json: bool) -> bool:
    """Find, ask, remove, tell; whether all of it is gone.

    :param work: :mod:`lanrage.app.uninstall`.
    :raises Refused: ``not_confirmed``, ``node_runs``.
    """
    found = work.steps(machine, keep_data)
    screen, rows = Screen(), []

    def tell(step: Any, why: str) -> None:
        rows.append({"what": step.what, "removed": not dry_run and not why, "why": why})
        if not as_json:
            state = "would remove" if dry_run else f"NOT removed ({why})" if why else "removed"
            screen.line(f"{state}: {step.what}")

    if dry_run:
        for step in found:
            tell(step, "")
        failed = 0
    else:
        _confirm(found, yes)
        failed = _carry_out(work, machine, found, keep_data, tell)
    if as_json:
        print_json({"ran": not dry_run, "steps": rows})
    elif not found:
        screen.line("There is nothing of LANrage here but the program itself.")
    return failed == 0


def _carry_out(work: Any, machine: Any, found: Sequence[Any], keep_data: bool, tell: Callable[[Any, str], None]) -> int:
    """Services first; then what is there without them; keys and parties last, and only if all else is gone.

    :raises Refused: ``node_runs``.
    """
    stops = [step for step in found if step.stops]
    if not stops:
        work.check_stopped(machine)
    failed: int = work.carry_out(stops, tell)
    work.check_stopped(machine)
    left = [step for step in work.steps(machine, keep_data) if not step.stops]
    failed += work.carry_out([step for step in left if not step.secret], tell)
    secret = [step for step in left if step.secret]
    if failed:
        for step in secret:
            tell(step, "kept, since something before it failed: mend that, and run this again")
        return failed + len(secret)
    return int(work.carry_out(secret, tell))


def _confirm(found: Sequence[Any], yes: bool, ask: Callable[..., str] = click.prompt) -> None:
    """The user's word before what cannot come back goes.

    :raises Refused: ``not_confirmed``.
    """
    secret = [step.what for step in found if step.secret]
    if not secret or yes:
        return
    for what in secret:
        click.echo(f"This removes for good: {what}", err=True)
    try:
        given = ask(f"Type {WORD} to go on", default="", show_default=False, err=True)
    except click.Abort:
        given = ""
    if given.strip().lower() != WORD:
        raise Refused("not_confirmed", f"nothing was removed: it takes the word {WORD}, --yes, or --keep-data")
