"""``lanrage settings`` (``docs/cli.rst``, ``docs/settings.rst``)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from lanrage.app.cli_find import Wanted, alone_in
from lanrage.app.cli_frame import SETTINGS, guarded, json_option
from lanrage.app.cli_output import Screen, print_json
from lanrage.app.cli_profile import Asking
from lanrage.app.cli_settings_output import changed, listing, sets, shown
from lanrage.app.operations import OPERATIONS
from lanrage.core.settings_toml import TOML_LIMIT
from lanrage.errors import BadInput
from lanrage.wire.local import convert_args

HELP = "?"
"""The value that asks what a value may be."""

Print = Callable[[Screen, Any], None]

_FOLDER = click.option(
    "--state-dir",
    metavar="FOLDER",
    help="Ask the control server or relay of this state folder; where none runs, use the folder's file.",
)


def ask(name: str, args: dict[str, Any], folder: str | None) -> Any:
    """Ask the process, or do it on the file of a state folder whose process does not run.

    :raises LanrageError: what either says.
    """
    convert_args(args, OPERATIONS[name].request)
    session: Asking = click.get_current_context().obj
    if folder is None:
        return session.call(session.path, name, args, None)
    if alone_in(folder):
        return session.call(Wanted(role=session.wanted.role, folder=folder).find(), name, args, None)
    from lanrage.app.settings_offline import perform_offline  # loads what a role needs

    return perform_offline(Path(folder), name, args)


def _command(group: click.Group, name: str, show: Print) -> Callable[[Callable[..., dict[str, Any]]], click.Command]:
    """A command of the operation ``settings.NAME``: the function makes its arguments."""
    row = OPERATIONS[f"settings.{name}"]

    def decorate(function: Callable[..., dict[str, Any]]) -> click.Command:
        """Make the command of the function that turns its options into the operation's arguments."""

        @functools.wraps(function)
        def run(*, as_json: bool, state_dir: str | None, **options: Any) -> None:
            """Carry the operation out at the process that is meant, and print its result."""
            result = ask(row.name, function(**options), state_dir)
            if as_json:
                print_json(result)
            else:
                show(Screen(), result)

        made = group.command(name, help=row.help, epilog=f"Example: {row.example}", context_settings=SETTINGS)
        return made(_FOLDER(json_option(guarded(run))))

    return decorate


def add(main: click.Group) -> None:
    """Add the commands."""
    group = click.Group(
        "settings",
        help="Show and change the stored settings.",
        epilog="Example: lanrage settings show lan.exposure",
        context_settings=SETTINGS,
    )
    main.add_command(group)
    _add_changes(group)
    _add_sets(group)
    _add_files(group)


def _add_changes(group: click.Group) -> None:
    _command(group, "list", listing)(dict)

    @_command(group, "show", shown)
    @click.argument("name")
    def show(name: str) -> dict[str, Any]:
        return {"name": name}

    @_command(group, "reset", changed)
    @click.argument("name", required=False, default="")
    @click.option("--all", "everything", is_flag=True, help="All settings.")
    def reset(name: str, everything: bool) -> dict[str, Any]:
        if bool(name) == everything:
            raise BadInput("name", "name one setting, or --all")
        return {"name": name}

    row = OPERATIONS["settings.set"]

    @group.command("set", help=row.help, epilog=f"Example: {row.example}", context_settings=SETTINGS)
    @click.argument("words", metavar="NAME VALUE [NAME VALUE]...", nargs=-1, required=True)
    @_FOLDER
    @json_option
    @guarded
    def change(words: tuple[str, ...], as_json: bool, state_dir: str | None) -> None:
        names, values = words[::2], words[1::2]
        if len(names) != len(values):
            rule = "NAME and VALUE are two words" if "=" in names[-1] else "? as a value shows what it may be"
            raise BadInput("VALUE", f"{names[-1]} has none; {rule}")
        if HELP in values:
            result, show = ask("settings.show", {"name": names[values.index(HELP)]}, state_dir), shown
        else:
            result, show = ask(row.name, {"values": dict(zip(names, values, strict=True))}, state_dir), changed
        if as_json:
            print_json(result)
        else:
            show(Screen(), result)


def _add_sets(group: click.Group) -> None:
    _command(group, "sets", sets)(dict)

    for name, show in (("save", sets), ("activate", changed), ("delete", sets)):

        @_command(group, name, show)
        @click.argument("set_name", metavar="SET")
        def one(set_name: str) -> dict[str, Any]:
            """A command on one stored set."""
            return {"set_name": set_name}


def _add_files(group: click.Group) -> None:
    row = OPERATIONS["settings.export"]

    @group.command("export", help=row.help, epilog=f"Example: {row.example}", context_settings=SETTINGS)
    @click.argument("set_name", metavar="[SET]", required=False, default="")
    @click.option("--file", "path", metavar="PATH", help="Where to (default: standard output).")
    @_FOLDER
    @json_option
    @guarded
    def export(set_name: str, path: str | None, as_json: bool, state_dir: str | None) -> None:
        result = ask(row.name, {"set_name": set_name}, state_dir)
        if path is not None:
            _write(path, result["toml"])
        if as_json:
            print_json(result)
        elif path is None:
            click.echo(result["toml"], nl=False)
        else:
            click.echo(f"{result['set_name']} is in {path}")
        if result["left_out"]:
            click.echo(f"left out, as they are secret: {', '.join(result['left_out'])}", err=True)

    @_command(group, "import", changed)
    @click.argument("path", metavar="FILE")
    @click.option("--replace", is_flag=True, help="Reset what the file does not name.")
    def bring_in(path: str, replace: bool) -> dict[str, Any]:
        return {"toml": _read(path), "replace": replace}


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput("file", f"{path} cannot be written: {error.strerror}") from error


def _read(path: str) -> str:
    try:
        with click.open_file(path, encoding="utf-8") as file:
            return str(file.read(TOML_LIMIT + 1))
    except OSError as error:
        raise BadInput("file", f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput("file", f"{path} is no UTF-8 text") from error
