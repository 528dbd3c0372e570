"""``lanrage servers`` (``docs/cli.rst``, ``docs/servers.rst``)."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

import click

from lanrage.app import cli_servers_watch
from lanrage.app.cli_frame import SETTINGS, guarded, json_option
from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen, made_table, print_json
from lanrage.app.cli_servers_list import COLUMNS, WHOLE, filtered, row, wishes
from lanrage.app.game_mods_words import beside_lines
from lanrage.app.game_start import find_program, launch
from lanrage.app.operations import OPERATIONS
from lanrage.wire.local import convert_args


def listed(screen: Screen, result: dict[str, Any]) -> None:
    """After ``servers list``."""
    if result["servers"]:
        screen.put(made_table(COLUMNS, map(row, result["servers"]), WHOLE))
    hidden = result["known"] - len(result["servers"])
    if hidden:
        screen.line(f"{hidden} of {result['known']} servers do not fit.")
    elif not result["known"]:
        screen.line("No server is there. One appears when a member hosts a game; or: lanrage servers add ADDRESS:PORT")


def shown(screen: Screen, result: dict[str, Any]) -> None:
    """After ``servers show``."""
    server = result["server"]
    screen.line(f"{server['name']} at {server['address']}:{server['port']}/{server['proto']}", "bold")
    asked = f"{result['query']} at port {result['query_port']}" if result["query"] else "no question is known"
    facts = [
        ("game", server["game_name"] or "unknown"),
        ("member", server["member"] + (" (you)" if server["own"] else "")),
        ("join", f"{server['joinable']}: {server['reason']}{_ago(server['judged_s'])}"),
        ("known", f"{', '.join(server['found'])}, for {result['listed_s']:.0f} s"),
        ("heard", _heard(result)),
        ("asked", f"{asked}{_ago(result['answered_s'], ', last answer')}, {result['missed']} unanswered since"),
        ("latency", _latency(server, result)),
    ]
    details = (("map", "map"), ("mode", "mode"), ("version", "version"))
    facts += [(word, server[field]) for word, field in details if server[field]]
    facts += [("tags", ", ".join(server["tags"]))] if server["tags"] else []
    screen.facts(facts)


def _heard(result: dict[str, Any]) -> str:
    if result["announced_s"] is None:
        return "it does not announce itself"
    period = f", each {result['period_s']:.1f} s" if result["period_s"] is not None else ""
    return f"{result['announced_s']:.0f} s ago{period}"


def _latency(server: dict[str, Any], result: dict[str, Any]) -> str:
    if server["latency_ms"] is None:
        return "not measured"
    again = f", each {result['measured_again_s']:.0f} s"
    return f"{server['latency_ms']:.1f} ms by {server['latency_by']}, {server['trend']}{again}"


def _ago(seconds: float | None, before: str = ",") -> str:
    return "" if seconds is None else f"{before} {seconds:.0f} s ago"


def marked(screen: Screen, result: dict[str, Any]) -> None:
    """After ``servers favourite`` and ``servers tag``."""
    words = ["a favourite"] if result["favourite"] else []
    words += [f"tagged {', '.join(result['tags'])}"] if result["tags"] else []
    screen.line(f"{result['address']}:{result['port']} is {' and '.join(words) or 'marked no more'}.")


def added(screen: Screen, result: dict[str, Any]) -> None:
    """After ``servers add``."""
    screen.line(f"{result['address']}:{result['port']} is listed until you remove it.")


def removed(screen: Screen, result: dict[str, Any]) -> None:
    """After ``servers remove``."""
    screen.line(f"{result['name'] or 'The server'} at port {result['port']} is not kept any more.")


def joined(result: dict[str, Any], print_only: bool, as_json: bool) -> list[str]:
    """Print how to join; the command to be started, if one is.

    :param as_json: print nothing else, and start nothing.
    """
    program = find_program(result["programs"]) if result["arguments"] else None
    command = [program, *result["arguments"]] if program is not None else []
    if as_json:
        print_json(result | {"command": command})
        return []
    screen = Screen()
    screen.line(f"{result['address']}:{result['port']}", "bold")
    if result["joinable"] == "no":
        screen.line(f"Mind: {result['reason']}.", "yellow")
    for line in beside_lines(result["mods"]):
        screen.line(line, "yellow")
    if command:
        screen.line(f"{'Start it with' if print_only else 'Starting'}: {shlex.join(command)}")
    elif result["arguments"]:
        screen.line(f"{result['game_name']} is not installed here: none of {', '.join(result['programs'])} is found.")
    elif result["method"] == "lobby":
        screen.line(f"Pick it in the list of {result['game_name']}: it is shown there while the party is up.")
    else:
        screen.line(f"Type the address into {result['game_name'] or 'the game'}.")
    return [] if print_only else command


def launched(screen: Screen, result: dict[str, Any]) -> None:
    """After ``servers launch``."""
    for line in beside_lines(result["mods"]):
        screen.line(line, "yellow")
    screen.line(f"Your agent has started {result['game_name']} to join {result['address']}:{result['port']}.")


def add(main: click.Group, operation: Operate) -> None:
    """Add the commands.

    :param operation: :func:`lanrage.app.cli.operation`.
    """
    group = click.Group(
        "servers",
        help="List the party's game servers, mark them, and join them.",
        epilog="Example: lanrage servers list --reachable",
        context_settings=SETTINGS,
    )
    main.add_command(group)
    operation(group, "list", listed)(filtered(wishes))
    cli_servers_watch.add(group)
    server = click.argument("server", nargs=-1, required=True)
    operation(group, "show", shown)(server(_arguments()))
    off = click.option("--off", is_flag=True, help="A favourite no more.")
    operation(group, "favourite", marked)(server(off(_arguments())))
    more = click.option("--add", "more", multiple=True, metavar="TAG", help="Put this word on it; may be repeated.")
    less = click.option(
        "--remove", "less", multiple=True, metavar="TAG", help="Take this word off it; may be repeated."
    )
    operation(group, "tag", marked)(server(more(less(_tagged))))
    game = click.option("--game", default="", help="Which game it is; lanrage games list names them.")
    name = click.option("--name", default="", help="What it is called here.")
    tcp = click.option("--tcp", is_flag=True, help="Players connect by TCP. [default: as the game does, else UDP]")
    operation(group, "add", added)(click.argument("address")(game(name(tcp(_given)))))
    operation(group, "remove", removed)(server(_arguments()))
    anyway = click.option("--anyway", is_flag=True, help="Although modifications differ from the hosting member's.")
    operation(group, "launch", launched)(server(anyway(_arguments())))
    _add_join(group)


def _add_join(group: click.Group) -> None:
    row_ = OPERATIONS["servers.join"]
    help_ = "Show a server's address, and start its game with it where its profile knows how and it is installed."

    @group.command("join", help=help_, epilog=f"Example: {row_.example}", context_settings=SETTINGS)
    @click.argument("server", nargs=-1, required=True)
    @click.option("--print", "print_only", is_flag=True, help="Start nothing; --json starts nothing either.")
    @json_option
    @guarded
    def join(server: tuple[str, ...], print_only: bool, as_json: bool) -> None:
        session = click.get_current_context().obj
        args = _arguments()(server)
        convert_args(args, row_.request)
        result = session.call(session.path, row_.name, args, None)
        command = joined(result, print_only, as_json)
        if command:
            launch(command[0], command[1:], session.tools.execute, session.tools.user)


def _given(**options: Any) -> dict[str, Any]:
    return options


def _arguments() -> Callable[..., dict[str, Any]]:
    """A command whose arguments are those of the operation; a server's name may have several words."""

    def given(server: tuple[str, ...], **options: Any) -> dict[str, Any]:
        return {"server": " ".join(server), **options}

    return given


def _tagged(server: tuple[str, ...], more: tuple[str, ...], less: tuple[str, ...]) -> dict[str, Any]:
    return {"server": " ".join(server), "add": list(more), "remove": list(less)}
