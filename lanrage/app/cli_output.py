"""What the command line prints for people; programs read ``--json`` instead (``docs/cli.rst``)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import click

from lanrage.app.cli_bridges import bridge_lines
from lanrage.app.cli_desktop import ready_lines
from lanrage.errors import BadInput

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

PIPE_WIDTH = 200
"""Columns where no terminal tells its own, so that a table's rows stay lines."""
LEVELS = {
    "ok": ("ok  ", "green"),
    "warning": ("warn", "yellow"),
    "failure": ("FAIL", "bold red"),
    "unknown": ("?   ", "dim"),
}
"""Word and style of each level of a check."""

Show = Callable[["Screen", Any], None]
"""Prints one operation's result."""


def clean(text: object) -> str:
    """A foreign text without what a terminal would obey."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(text))


class Screen:
    """Standard output: colours on a terminal, plain lines in a pipe."""

    def __init__(self) -> None:
        from rich.console import Console  # here, so that --help need not load it

        stream = sys.stdout
        width = None if stream.isatty() else PIPE_WIDTH
        self._console = Console(file=stream, highlight=False, markup=False, width=width)

    def line(self, text: str = "", style: str = "") -> None:
        """One line, never broken by us."""
        self._console.print(clean(text), style=style or None, soft_wrap=True)

    def facts(self, rows: Iterable[tuple[str, str]]) -> None:
        """Words and what is so."""
        for word, text in rows:
            self.line(f"{word:<10} {text}")

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Rows below their names."""
        self.put(made_table(columns, rows))

    def put(self, made: Table) -> None:
        """A table that was made already."""
        self._console.print(made)

    def live(self, whole: bool = False) -> Live:
        """What stands at one place of the terminal and is replaced as it changes; to be entered.

        :param whole: it takes the whole terminal, which is as it was afterwards.
        """
        from rich.live import Live

        return Live(console=self._console, auto_refresh=False, screen=whole)


def made_table(columns: Sequence[str], rows: Iterable[Sequence[str]], whole: Collection[str] = ()) -> Table:
    """Rows below their names, for rich; what a terminal would obey is taken out.

    :param whole: columns whose cells are never broken.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in whole)
    for row in rows:
        table.add_row(*(Text(clean(cell)) for cell in row))
    return table


def print_json(value: Any) -> None:
    """One JSON document, in ASCII, so that no terminal and no pipe trips over a name."""
    click.echo(json.dumps(value, indent=2))


def _code(screen: Screen, code: str, link: str) -> None:
    screen.line()
    screen.line("Invitation code, shown this once; whoever has it can join until it expires:")
    screen.line()
    screen.line(code, "bold")
    screen.line()
    screen.line("The same as a link:")
    screen.line()
    screen.line(link, "bold")
    screen.line()
    screen.line("Each friend runs:")
    screen.line()
    screen.line(f"lanrage party join {code} --as NAME", "bold")
    screen.line()
    _warn_here(screen, code)


def _spoken(screen: Screen, spoken: dict[str, Any]) -> None:
    minutes = f"{spoken['lifetime_s'] / 60:.0f}"
    screen.line()
    screen.line(
        f"Read this code to one friend; it counts once, within {minutes} minutes, while this node is connected:"
    )
    screen.line()
    screen.line(spoken["code"], "bold")
    screen.line()
    screen.line("The friend runs:")
    screen.line()
    screen.line(f"lanrage party join {spoken['code']} --server {spoken['server']} --as NAME", "bold")
    screen.line()


def _warn_here(screen: Screen, code: str) -> None:
    if only_here(code):
        screen.line("Mind: the code holds loopback addresses only, so nobody on another machine can join.", "yellow")
        screen.line("Create the party with --server ADDRESS, an address of the control server that friends reach.")


def only_here(code: str) -> bool:
    """Whether all addresses of the control server in a code are loopback; false for what is no code."""
    from lanrage.core.code import InvitationCode

    try:
        hosts = [address.rpartition(":")[0].strip("[]") for address in InvitationCode.decode(code).addresses]
        return all(host == "localhost" or ip_address(host).is_loopback for host in hosts)
    except (BadInput, ValueError):
        return False


def created(screen: Screen, result: dict[str, Any]) -> None:
    """After ``party create``."""
    screen.line(f"The party {result['name']} is open: {result['subnet']}, you are {result['address']}.")
    _code(screen, result["code"], result["link"])


def invited(screen: Screen, result: dict[str, Any]) -> None:
    """After ``party invite``."""
    if result["spoken"]:
        _spoken(screen, result["spoken"])
        _warn_here(screen, result["code"])
    else:
        _code(screen, result["code"], result["link"])


def joined(screen: Screen, result: dict[str, Any]) -> None:
    """After ``party join``."""
    members = result.get("members")
    count = len(members) if isinstance(members, list) else members
    members = "1 member" if count == 1 else f"{count} members"
    screen.line(f"You are in the party {result['name']} as {result['address']}; it has {members}.")
    screen.line("Start a game, or look who is there: lanrage party show")
    if result.get("stages"):
        screen.table(("stage", "at", "took"), [_stage(row) for row in result["stages"]])


def _stage(row: dict[str, Any]) -> tuple[str, str, str]:
    if row["at_ms"] is None:
        return row["stage"], "did not come", ""
    return row["stage"], f"{row['at_ms']:.1f} ms", f"{row['took_ms']:.1f} ms"


def left(screen: Screen, result: dict[str, Any]) -> None:
    """After ``party leave``."""
    screen.line(f"You left the party {result['party_id']}.")


def _measure(value: float | None, unit: str, digits: int = 0) -> str:
    return "-" if value is None else f"{value:.{digits}f} {unit}"


def roster(screen: Screen, result: dict[str, Any]) -> None:
    """After ``party members``."""
    rows = []
    for member in result["members"]:
        me = member["me"]
        rows.append(
            (
                member["name"] + (" (you)" if me else ""),
                member["address"],
                _role(member),
                "online" if member["online"] else "offline",
                "-" if me else member["path"],
                _measure(member["rtt_ms"], "ms", 1),
                member["endpoint"] or "-",
                _measure(member["handshake_age_s"], "s"),
            )
        )
    screen.table(("member", "address", "role", "state", "path", "RTT", "endpoint", "handshake"), rows)


def shown(screen: Screen, result: dict[str, Any]) -> None:
    """After ``party show``."""
    screen.line(f"{result['name']}  {result['subnet']}  revision {result['revision']}", "bold")
    roster(screen, result)
    for member in result["members"]:
        if member.get("status"):
            screen.line(f"{member['name']}: {member['status']}")
        for game in member.get("games") or ():
            screen.line(f"{member['name']} {'hosts' if game['hosting'] else 'plays'} {game['name']}{_servers(game)}")
    for line in ready_lines(result["ready"]) if result.get("ready") else ():
        screen.line(line)
    for sentence in result.get("alarms") or ():
        screen.line(f"Mind: {sentence}", "yellow")


def _servers(game: dict[str, Any]) -> str:
    ports = ", ".join(f"{each['port']}/{each['proto']}" for each in game["servers"])
    return f" at {ports}" if ports else ""


def _role(member: dict[str, Any]) -> str:
    role = str(member.get("role", "member"))
    return role if member.get("standing", "full") == "full" else f"{role}, not countersigned yet"


def _mapping(mapping: dict[str, Any]) -> str:
    if mapping["needless"]:
        return "none is needed: this machine has a public address"
    if not mapping["external"]:
        asking = f"asking the router {mapping['gateway']}" if mapping["gateway"] else "there is no router to ask"
        return mapping["failure"] or asking
    lasts = "no end" if mapping["expires_s"] is None else f"for {mapping['expires_s']:.0f} s more"
    text = f"{mapping['external']} by {mapping['method']}, {lasts}"
    return text if mapping["offered"] else f"{text}, not offered: {mapping['failure']}"


def status(screen: Screen, result: dict[str, Any]) -> None:
    """After ``status``."""
    control, tunnel, card, party = (result.get(name) for name in ("control", "tunnel", "card", "party"))
    rows = [("node", f"version {result['version']}, {result['state']}")]
    if control:
        rows.append(("control", f"{control['address']}, {'connected' if control['connected'] else 'not connected'}"))
    if tunnel:
        rows.append(("tunnel", f"{tunnel['device']} ({tunnel['kind']}), UDP port {tunnel['port']}"))
    if mapping := result.get("port_mapping"):
        rows.append(("mapping", _mapping(mapping)))
    if card:
        six = card.get("address6") or f"no IPv6: {card.get('without_ipv6')}"
        rows.append(("card", f"{card['name']}, {card['address']}, {six}"))
    if party:
        rows.append(("party", f"{party['name']} ({party['party_id']})"))
    if result.get("nat"):
        rows.append(("nat", _nat(result["nat"])))
    if over_tcp := result.get("relay_tcp"):
        why = f" ({over_tcp['trouble']})" if over_tcp["trouble"] else ""
        text = f"{over_tcp['state']}{why}, {over_tcp['peers']} members, {over_tcp['dropped']} packets dropped"
        rows.append(("relay-tcp", f"no UDP comes through: {text}"))
    counters = ", ".join(f"{name} {value}" for name, value in (result.get("lan") or {}).items() if value)
    if counters:
        rows.append(("lan", counters))
    if web := result.get("web"):
        rows.append(
            ("page", f"{web['url']} (open it by: lanrage web)" if web["url"] else f"not served: {web['trouble']}")
        )
    rows += [("games", sentence) for sentence in result.get("games") or ()]
    if tuning := result.get("tuning"):
        rows.append(("tuning", _tuning(tuning)))
    rows += [("bridge", line) for each in result.get("bridges") or () for line in bridge_lines(each)]
    screen.facts(rows)
    for sentence in result.get("missing") or ():
        screen.line(f"{'missing':<10} {sentence}", "yellow")
    if not party:
        screen.line("next       lanrage party create NAME --server HOST:PORT, or lanrage party join CODE")


def _tuning(tuning: dict[str, Any]) -> str:
    """One line: what the running games change."""
    parts = [f"for {', '.join(tuning['games'])}"]
    parts += [f"keepalive at most {tuning['keepalive_s']} s"] if tuning["keepalive_s"] is not None else []
    parts += [f"MTU {tuning['mtu']}"] if tuning["mtu"] is not None else []
    parts += [f"DSCP {tuning['dscp']}"] if tuning["dscp"] is not None else []
    return ", ".join(parts) + (f"; {tuning['trouble']}" if tuning["trouble"] else "")


def _nat(nat: dict[str, Any]) -> str:
    """One line: the kind, and what is known beyond it."""
    parts = [str(nat["kind"])]
    if nat.get("mapped"):
        parts.append(f"seen as {nat['mapped']}")
        parts.append(f"mapping {nat['mapping']}, filtering {nat['filtering']}")
        if not nat.get("complete"):
            parts.append("one reflector address only")
    if nat.get("hairpin") is not None:
        parts.append("hairpin" if nat["hairpin"] else "no hairpin")
    if nat.get("lifetime_s") is not None:
        parts.append(f"mappings live {nat['lifetime_s']:.0f} s")
    if nat.get("tested_s") is not None:
        parts.append(f"tested {nat['tested_s']:.0f} s ago")
    return "; ".join(parts)
