"""``lanrage lab``: the laboratory's commands (``docs/lab.rst``)."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from shutil import which
from typing import Any, NoReturn, ParamSpec

import click

from lanrage.errors import BadInput, LanrageError
from lanrage.lab import checks, netns, roles, teardown, wan
from lanrage.lab.conditions import Conditions, Weather, parse_between
from lanrage.lab.folder import BASE, Folder, Record
from lanrage.lab.grid import AT_ONCE
from lanrage.lab.lab import Lab, up
from lanrage.lab.paths_check import SECTIONS
from lanrage.lab.plan import KINDS, MAX_RELAYS, check_name, expand_kinds
from lanrage.lab.process import alive, send
from lanrage.lab.result import Result
from lanrage.lab.views import print_check, print_lab

P = ParamSpec("P")

name_option = click.option("--name", default="lab", show_default=True, help="Name of the laboratory.")
dir_option = click.option(
    "--dir",
    "base",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="LANRAGE_LAB_DIR",
    default=BASE,
    show_default=True,
    help="Folder of the laboratories' folders, with the logs in them.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def say(text: str) -> None:
    """Tell progress where it does not disturb the result."""
    click.echo(text, err=True)


def refuse(error: LanrageError, as_json: bool) -> NoReturn:
    """End with one clear message."""
    if as_json:
        click.echo(json.dumps({"error": {"code": error.code, "message": str(error)}}))
    else:
        click.echo(f"lanrage lab: {error}", err=True)
    raise SystemExit(2 if isinstance(error, BadInput) else 1)


def guarded(function: Callable[P, None]) -> Callable[P, None]:
    """Turn the errors that we raise on purpose into messages and exit statuses; SIGTERM cleans up as Ctrl-C does."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(128 + signal.SIGTERM))
        try:
            function(*args, **kwargs)
        except LanrageError as error:
            refuse(error, bool(kwargs.get("as_json")))

    return run


def done(as_json: bool, **what: Any) -> None:
    """What was done, for programs; people see that no error came."""
    if as_json:
        click.echo(json.dumps(what))


def opened(name: str, base: Path) -> Lab:
    """A laboratory that is to be changed."""
    netns.check_rights()
    return Lab.open(name, base)


@click.group()
def lab() -> None:
    """Hosts, NAT routers and a WAN in network namespaces, with a real node in each host."""


@lab.command("up")
@name_option
@dir_option
@click.option("--hosts", type=int, help="How many hosts; the kinds are repeated when there are more hosts.")
@click.option("--nat", "nat", default="open", show_default=True, help=f"Kinds, one a host: {', '.join(KINDS)}.")
@click.option("--wan-delay-ms", type=float, default=0.0, help="Delay of the WAN, one way.")
@click.option("--wan-loss", type=float, default=0.0, help="Loss of the WAN in percent, each direction.")
@click.option("--udp-timeout", type=click.IntRange(min=1), help="Seconds that NAT mappings live [kernel's own].")
@click.option("--relays", type=click.IntRange(1, MAX_RELAYS), default=1, show_default=True, help="How many relays.")
@click.option("--bare", is_flag=True, help="Networks only: no control server, relay, nodes and party.")
@json_option
@guarded
def up_command(name: str, base: Path, as_json: bool, **wish: Any) -> None:
    """Build a laboratory; ends when every pair of hosts has exchanged a packet."""
    kinds = tuple(expand_kinds([word.strip() for word in wish["nat"].split(",")], wish["hosts"]))
    weather = Weather(Conditions(wish["wan_loss"], wish["wan_delay_ms"]).check())
    record = Record(check_name(name), kinds, weather, wish["udp_timeout"], relays=wish["relays"])
    _, report = up(record, base, nodes=not wish["bare"], say=say)
    print_lab(report, as_json)


@lab.command("show")
@name_option
@dir_option
@json_option
@guarded
def show_command(name: str, base: Path, as_json: bool) -> None:
    """Show hosts, party addresses and the path of each pair."""
    print_lab(Lab.open(name, base).show(), as_json)


@lab.command("list")
@dir_option
@json_option
@guarded
def list_command(base: Path, as_json: bool) -> None:
    """List the laboratories that stand."""
    found = teardown.names(base)
    click.echo(json.dumps(found) if as_json else "\n".join(found) or "there is no laboratory")


@lab.command("set")
@name_option
@dir_option
@click.option("--between", help="Two hosts, as in 1,2 (or a host and public); without it the whole WAN.")
@click.option("--loss", type=float, help="Percent, each direction.")
@click.option("--delay-ms", type=float, help="One way.")
@click.option("--block/--no-block", default=None, help="Drop everything, or no longer.")
@json_option
@guarded
def set_command(name: str, base: Path, between: str | None, as_json: bool, **weather: Any) -> None:
    """Change loss and delay, or cut a way."""
    there = opened(name, base)
    if all(value is None for value in weather.values()):
        raise BadInput("set", "needs one of --loss, --delay-ms, --block and --no-block")
    there.change(parse_between(there.plan, between) if between else None, **weather)
    done(as_json, lab=name, between=between, **weather)


@lab.command("exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@name_option
@dir_option
@click.argument("host")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@guarded
def exec_command(name: str, base: Path, host: str, command: tuple[str, ...]) -> None:
    """Run a command in a host's network: lanrage lab exec 2 -- ip route."""
    there = opened(name, base)
    space = there.plan.public if host == "public" else there.plan.host(host).netns
    words = command[1:] if command[0] == "--" else command
    program = which("ip")
    if not words:
        raise BadInput("command", "is missing, as in: lanrage lab exec 2 -- ip route")
    if program is None:
        raise netns.LabError("the program ip is not installed: apt-get install iproute2")
    env = wan.python_env()
    if host != "public":
        env["LANRAGE_SOCKET"] = str(roles.node_socket(there.folder, there.plan.host(host)))
    os.execve(program, [program, "netns", "exec", space, *words], env)


@lab.command("down")
@name_option
@dir_option
@click.option("--all", "everything", is_flag=True, help="Every laboratory on this machine.")
@json_option
@guarded
def down_command(name: str, base: Path, everything: bool, as_json: bool) -> None:
    """Remove a laboratory with all that is left of it; one that is gone is no error."""
    if teardown.names(base):
        netns.check_rights()
    removed = []
    for each in teardown.names(base) if everything else [name]:
        there = teardown.down(each, Folder.of(each, base))
        removed += [each] if there else []
        say(f"{each} is removed" if there else f"there is no laboratory named {each}")
    done(as_json, removed=removed)


@lab.command("kill")
@name_option
@dir_option
@click.argument("role")
@click.option("--signal", "word", default="KILL", show_default=True, help="Name of the signal.")
@json_option
@guarded
def kill_command(name: str, base: Path, role: str, word: str, as_json: bool) -> None:
    """Send a signal to the node of a host, or to control or relay."""
    there = opened(name, base)
    try:
        number = signal.Signals[f"SIG{word.upper().removeprefix('SIG')}"]
    except KeyError as error:
        raise BadInput("signal", f"{word!r} is no signal's name") from error
    process = roles.running(there.folder, roles.role_of(there.plan, role))
    if process is None or not alive(process) or not send(process, number):
        raise netns.LabError(f"{role} does not run")
    done(as_json, lab=name, role=role, signal=number.name)


@lab.command("start")
@name_option
@dir_option
@click.argument("role")
@json_option
@guarded
def start_command(name: str, base: Path, role: str, as_json: bool) -> None:
    """Start the node of a host, or control or relay, again; ends when it is ready."""
    there = opened(name, base)
    with there.folder.locked():
        there.start([roles.role_of(there.plan, role)])
    done(as_json, lab=name, role=role)


def _add_check(word: str, check: Callable[..., Result], options: list[Callable[[Any], Any]]) -> None:
    def run(as_json: bool, **values: Any) -> None:
        netns.check_rights()
        result = check(say=say, **values)
        print_check(result, as_json)
        raise SystemExit(0 if result.ok else 1)

    run.__doc__ = (check.__doc__ or "").split("\n", maxsplit=1)[0]
    command: Callable[..., Any] = guarded(run)
    named = click.option("--name", default=word, show_default=True, help="Name; one there is removed.")
    for option in (json_option, named, *reversed(options)):
        command = option(command)
    lab.command(word)(command)


OPTIONS: dict[str, list[Callable[[Any], Any]]] = {
    "churn": [click.option("--rounds", type=click.IntRange(min=1), default=20, show_default=True)],
    "doctor": [click.option("--only", default="", help="Ids of the faults to make [all].")],
    "grid": [
        click.option("--trials", type=click.IntRange(min=1), default=1, show_default=True, help="Whole grids."),
        click.option("--kinds", default=",".join(KINDS), help="Kinds of NAT to pair with each other [all]."),
        click.option(
            "--at-once", type=click.IntRange(min=4), default=AT_ONCE, show_default=True, help="Hosts a party."
        ),
        click.option("--birthday-trials", type=click.IntRange(min=0), default=0, help="Fresh hard pairs to count."),
        click.option(
            "--rst", "rst_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the table there."
        ),
    ],
    "paths": [
        click.option("--trials", type=click.IntRange(min=1), default=20, show_default=True, help="Direct paths cut."),
        click.option("--only", default=",".join(SECTIONS), help="Sections to run [all]."),
        click.option("--flap-minutes", type=click.FloatRange(min=0.1), default=5.0, show_default=True),
        click.option("--switches", "switch_count", type=click.IntRange(min=1), default=100, show_default=True),
    ],
    "web": [
        click.option(
            "--pictures", type=click.Path(path_type=Path, file_okay=False), help="Folder to write screenshots into."
        ),
    ],
}
"""Options of single checks."""

for _word, _check in checks.CHECKS.items():
    _add_check(_word, _check, [dir_option, *OPTIONS.get(_word, [])])
