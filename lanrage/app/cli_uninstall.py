"""``lanrage uninstall`` (``docs/cli.rst``)."""

from __future__ import annotations

import contextlib
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
    @click.option(
        "--state-dir", "state_dirs", metavar="FOLDER", multiple=True, help="A state folder of your own choice."
    )
    @json_option
    def uninstall(dry_run: bool, keep_data: bool, yes: bool, as_json: bool, state_dirs: tuple[str, ...]) -> None:
        """Take back all that LANrage did to this machine, and nothing else; say what stays."""
        guarded(_uninstall)(
            dry_run=dry_run, keep_data=keep_data, yes=yes, as_json=as_json, others=[Path(each) for each in state_dirs]
        )


def _uninstall(*, dry_run: bool, keep_data: bool, yes: bool, as_json: bool, others: Sequence[Path]) -> None:
    from lanrage.app import uninstall as work  # here, so that --help need not load it

    machine = this_machine([each.absolute() for each in others])
    if not run(work, machine, dry_run, keep_data, yes, as_json):
        sys.exit(1)


def this_machine(others: Sequence[Path]) -> Any:
    """The real one, as this user."""
    from lanrage.app.config import default_folder
    from lanrage.app.role_sockets import SYSTEM_SOCKET, own_socket
    from lanrage.app.service_place import Place
    from lanrage.app.uninstall import Machine
    from lanrage.net.firewalls import Tools

    environment, root = dict(os.environ), os.geteuid() == 0
    state = Path(default_folder(environment, root))
    sockets = [Path(SYSTEM_SOCKET)] if root else [Path(own_socket())]
    return Machine(Place(), Path.home(), state, sockets, Tools(), unmap, others)


def unmap(journals: Sequence[Path]) -> None:
    """Ask this network's router to end the mappings that journals tell, running the reactor until it is done.

    What the router does not end stays in its journal.
    """
    from twisted.internet.defer import Deferred
    from twisted.internet.task import react

    from lanrage.app.mapping_leases import remove_leftovers
    from lanrage.net.machine import Machine
    from lanrage.store.undo import UndoJournal

    async def work(reactor: Any) -> None:
        for path in journals:
            await remove_leftovers(reactor, Machine(reactor), UndoJournal(path))

    with contextlib.suppress(SystemExit):  # react() ends so; a failure was logged
        react(lambda reactor: Deferred.fromCoroutine(work(reactor)))


def run(work: Any, machine: Any, dry_run: bool, keep_data: bool, yes: bool, as_json: bool) -> bool:
    """Find, ask, remove, tell; whether all of it is gone.

    :param work: :mod:`lanrage.app.uninstall`.
    :raises Refused: ``not_confirmed``, ``node_runs``.
    """
    found = work.steps(machine, keep_data)
    left = work.left(machine, bool(found))
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
        failed, left = _carry_out(work, machine, found, keep_data, tell)
    if as_json:
        print_json(
            {"ran": not dry_run, "steps": rows, "stays": [{"what": each.what, "why": each.why} for each in left]}
        )
        return failed == 0
    if not found:
        screen.line("There is nothing of LANrage here but the program itself.")
    for each in left:
        screen.line(f"stays: {each.what} ({each.why})")
    return failed == 0


def _carry_out(
    work: Any, machine: Any, found: Sequence[Any], keep_data: bool, tell: Callable[[Any, str], None]
) -> tuple[int, list[Any]]:
    """Services first; then what is there without them; keys and parties last, and only if all else is gone.

    :return: how many failed, and what stays.
    :raises Refused: ``node_runs``.
    """
    stops = [step for step in found if step.stops]
    if not stops:
        work.check_stopped(machine)
    failed: int = work.carry_out(stops, tell)
    work.check_stopped(machine)
    rest = [step for step in work.steps(machine, keep_data) if not step.stops]
    failed += work.carry_out([step for step in rest if not step.secret], tell)
    left = work.left(machine, bool(found))  # before the journals go
    secret = [step for step in rest if step.secret]
    if failed:
        for step in secret:
            tell(step, "kept, since something before it failed: mend that, and run this again")
        return failed + len(secret), left
    return work.carry_out(secret, tell), left


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
