"""``lanrage control``: backups of a control server's database, on its own machine (``docs/state.rst``)."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import attrs
import click
import msgspec

from lanrage.app import cli_output as output
from lanrage.app.cli_frame import SETTINGS, guarded, json_option
from lanrage.app.config import default_folder
from lanrage.app.control_outside import ReachSaved, read_reach
from lanrage.errors import BadInput, StoreError
from lanrage.store.backup import Copy, export, make_backup, restore, start_empty
from lanrage.store.examine import Examination, examine
from lanrage.store.state_folder import BACKUPS, FILE, StateFolder


def state_folder(chosen: str | None) -> StateFolder:
    """The folder that the user names, else the one that holds a database: the packaged service's, or the default.

    :raises BadInput: field ``--state-dir``: it is no folder.
    """
    folder = Path(chosen) if chosen is not None else used_folder(default_folder(dict(os.environ), os.geteuid() == 0))
    if not folder.is_dir():
        raise BadInput("--state-dir", f"{folder} is no folder")
    return StateFolder(folder)


def used_folder(default: Path) -> Path:
    """Of the default folder and the packaged service's in it, the one with a database or backups."""
    places = (default / "control", default)
    return next((place for place in places if (place / FILE).exists() or (place / BACKUPS).exists()), default)


state_option = click.option(
    "--state-dir",
    metavar="FOLDER",
    help="The server's state folder. [default: where there is one: /var/lib/lanrage/control, /var/lib/lanrage]",
)


@click.group(context_settings=SETTINGS, epilog="Example: lanrage control backup")
def control() -> None:
    """Back up, check and restore the database of a control server on this machine."""


@control.command(
    "backup", context_settings=SETTINGS, epilog="Example: lanrage control backup /mnt/usb/control-friday.db"
)
@click.argument("file", required=False)
@state_option
@json_option
@guarded
def backup_command(file: str | None, state_dir: str | None, as_json: bool) -> None:
    """Copy the database into FILE, or into the state folder's backups; the server may run."""
    state = state_folder(state_dir)
    made = export(state, Path(file)) if file is not None else make_backup(state, time.time())
    if as_json:
        output.print_json(_copied(made))
    else:
        output.Screen().line(f"Backup made: {made.path} ({made.size} bytes, schema {made.schema})")


@control.command("restore", context_settings=SETTINGS, epilog="Example: lanrage control restore")
@click.argument("file", required=False)
@click.option("--empty", is_flag=True, help="Begin with a database without parties.")
@state_option
@json_option
@guarded
def restore_command(file: str | None, empty: bool, state_dir: str | None, as_json: bool) -> None:
    """Put FILE, or the newest backup, in the place of the database, which is set aside; the server must not run."""
    if empty and file is not None:
        raise BadInput("FILE", "--empty takes none")
    state = state_folder(state_dir)
    with state.locked():
        if empty:
            result: dict[str, Any] = {"file": str(state.path), "from": None}
            aside = start_empty(state, time.time())
        else:
            source = Path(file) if file is not None else _newest(state)
            _refuse_broken(source)
            made, aside = restore(state, source, time.time())
            result = {**_copied(made), "from": str(source)}
    result["set_aside"] = str(aside) if aside is not None else None
    if as_json:
        output.print_json(result)
        return
    screen = output.Screen()
    screen.line(f"{state.path} now holds " + ("no parties" if empty else f"what was in {result['from']}"))
    if aside is not None:
        screen.line(f"What was there before is in {aside}")
    screen.line("Start the control server now.")


@control.command("check", context_settings=SETTINGS, epilog="Exit status 1 where something is wrong.")
@click.argument("file", required=False)
@state_option
@json_option
@guarded
def check_command(file: str | None, state_dir: str | None, as_json: bool) -> None:
    """Look through the database, or FILE: structure, every signature; and whether the server is reached from outside.

    The server may run.
    """
    state = state_folder(state_dir) if file is None else None
    found = examine(Path(file) if file is not None else _present(state))
    backups = [str(backup.path) for backup in state.backups()] if state is not None else []
    saved = read_reach(state.folder) if state is not None else None
    if as_json:
        reach = msgspec.to_builtins(saved) if saved is not None else None
        output.print_json({"ok": not found.problems, "backups": backups, "reach": reach, **_examined(found)})
    else:
        _show(output.Screen(), found, state)
        _show_reach(output.Screen(), saved, time.time())
    sys.exit(1 if found.problems else 0)


def _show_reach(screen: output.Screen, saved: ReachSaved | None, now: float) -> None:
    if saved is None:
        return
    style = "yellow" if saved.reach.state == "unreachable" else ""
    minutes = max(0.0, now - saved.at) / 60
    screen.line(
        f"Reached from outside: {saved.reach.state}: {saved.reach.sentence} (so since {minutes:.0f} min)", style
    )
    if saved.reach.addresses:
        screen.line(f"Invitations name {', '.join(saved.reach.addresses)}")
    if saved.reach.advice:
        screen.line(f"  -> {saved.reach.advice}")


def _present(state: StateFolder | None) -> Path:
    """:raises StoreError: there is no database, and why."""
    assert state is not None
    if why := state.gone():
        raise StoreError(f"{why}; {state.advice()}")
    return state.path


def _newest(state: StateFolder) -> Path:
    """:raises StoreError: there is no backup."""
    backups = state.backups()
    if not backups:
        raise StoreError(f"there is no backup in {state.folder / BACKUPS}; name a FILE, or --empty")
    return backups[-1].path


def _refuse_broken(source: Path) -> None:
    """:raises StoreError: what is to be restored is broken itself."""
    if problems := examine(source).problems:
        raise StoreError(f"{source} is damaged ({problems[0]}); nothing was changed: name another FILE")


def _copied(made: Copy) -> dict[str, Any]:
    return {"file": str(made.path), "bytes": made.size, "schema": made.schema}


def _examined(found: Examination) -> dict[str, Any]:
    facts = attrs.asdict(found)
    return {"file": str(facts.pop("path")), **facts, "problems": list(found.problems)}


def _show(screen: output.Screen, found: Examination, state: StateFolder | None) -> None:
    screen.line(f"{found.path}, schema {found.schema}", "bold")
    for table, count in found.rows.items():
        screen.line(f"  {count} {table}")
    for problem in found.problems:
        screen.line(f"FAIL  {problem}", "bold red")
    if not found.problems:
        screen.line("No fault found: the structure is whole, and every signature holds.")
    if state is not None:
        backups = state.backups()
        screen.line(f"{len(backups)} backups" + (f", the newest of {backups[-1].at}" if backups else ""))
        if found.problems:
            screen.line(f"Stop the server, then: {state.advice()}")
