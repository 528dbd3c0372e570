"""``lanrage paths`` and ``lanrage peers`` (``docs/cli.rst``)."""

from __future__ import annotations

import time
from typing import Any

import click

from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen

LEAST = 3
"""Members from which there are paths between others."""
WIDE = 9
"""Members up to which a line of 80 characters has room for more than the grades."""
LEGEND = "(* by a relay, x no path, ? not known)"
COLUMNS = ("", "path", "kind", "rtt", "jitter", "loss", "score", "trend")


def paths(screen: Screen, result: dict[str, Any]) -> None:
    """After ``paths``."""
    if not result["peers"]:
        screen.line("There are no other members.")
    for member in result["peers"]:
        _peer(screen, member)
        screen.line()


def peers(screen: Screen, result: dict[str, Any]) -> None:
    """After ``peers list``: one line a member, with the path in use."""
    rows = []
    for member in result["peers"]:
        used = next((path for path in member["paths"] if path["active"]), None)
        rows.append((member["name"], member["address"], member["path"], *(_figures(used) if used else ("",) * 5)))
    if rows:
        screen.table(("member", "address", "path", *COLUMNS[3:]), rows)
        _matrix(screen, result["between"])
    else:
        screen.line("There are no other members.")


def _matrix(screen: Screen, between: list[dict[str, Any]]) -> None:
    """The paths between all members, where members tell of theirs: each pair once, in the upper half."""
    names = list(dict.fromkeys(name for pair in between for name in (pair["a"], pair["b"])))
    if len(names) < LEAST:
        return
    cells = {(pair["a"], pair["b"]): _cell(pair, short=len(names) > WIDE) for pair in between}
    rows = [
        (f"{at} {name}", *(cells.get((name, other), "?") if at < to else "" for to, other in enumerate(names, 1)))
        for at, name in enumerate(names, 1)
    ]
    screen.line()
    screen.line(f"Between all members: {'grade' if len(names) > WIDE else 'ms and grade'} {LEGEND}", "bold")
    screen.table(("", *(str(at) for at in range(1, len(names) + 1))), rows)


def _cell(pair: dict[str, Any], *, short: bool) -> str:
    if pair["path"] == "none":
        return "x"
    relayed = "" if pair["path"] == "direct" else "*"
    if pair["score"] is None:
        return f"?{relayed}"
    return f"{pair['grade']}{relayed}" if short else f"{pair['rtt_ms']:.0f} {pair['grade']}{relayed}"


def peer(screen: Screen, result: dict[str, Any]) -> None:
    """After ``peers show``."""
    _peer(screen, result)
    mended = f"{result['corrections']} endpoints, {result['handshakes_again']} handshakes, {result['stalls']} stalls"
    screen.facts(
        [
            ("decides", "this node" if result["decides"] else "the other end"),
            ("its NAT", result["nat"]),
            ("keepalive", f"{result['keepalive_s']} s"),
            ("bytes", f"{result['rx_bytes']} in, {result['tx_bytes']} out"),
            ("mended", mended),
        ]
    )
    if click.get_current_context().params["history"]:
        screen.line()
        _moves(screen, result["history"])


def _peer(screen: Screen, member: dict[str, Any]) -> None:
    playing = ", playing" if member["playing"] else ""
    moves = "1 move" if member["moves"] == 1 else f"{member['moves']} moves"
    screen.line(f"{member['name']} ({member['address']}): {member['path']}{playing}, {moves}", "bold")
    rows = [
        ("*" if path["active"] else "", path["endpoint"], path["kind"], *_figures(path))
        for path in member["paths"]
        if path["open"] or path["active"]
    ]
    if rows:
        screen.table(COLUMNS, rows)
    shut = sum(1 for path in member["paths"] if not path["open"] and not path["active"])
    if shut:
        screen.line(f"{shut} more {'address was' if shut == 1 else 'addresses were'} tried and not open.")


def _figures(path: dict[str, Any]) -> tuple[str, ...]:
    rtt, score, trend = path["rtt_ms"], path["score"], path["trend"]
    if path["bad_in_s"] is not None:
        trend += f", bad in {path['bad_in_s']:.0f} s" if path["bad_in_s"] else ", bad"
    return (
        "" if rtt is None else f"{rtt:.1f} ms",
        "" if rtt is None else f"{path['jitter_ms']:.1f} ms",
        "" if rtt is None else f"{path['loss_pct']:.1f} %",
        "" if score is None else f"{score:.0f} {path['grade']}",
        trend if path["open"] else "silent",
    )


def _moves(screen: Screen, moves: list[dict[str, Any]]) -> None:
    rows = []
    for move in moves:
        score = "" if move["score"] is None else f"{move['score']:.0f}"
        before = "" if move["left_score"] is None else f"{move['left_score']:.0f}, {move['left_loss_pct']:.0f} % lost"
        when = time.strftime("%H:%M:%S", time.localtime(move["at"]))
        rows.append((when, move["reason"], f"{move['kind']} {move['taken']}", score, move["left"], before))
    if rows:
        screen.table(("when", "why", "taken", "score", "left", "its score"), rows)
    else:
        screen.line("No move yet.")


def add(main: click.Group, operation: Operate, settings: dict[str, Any]) -> None:
    """Add the commands.

    :param operation: :func:`lanrage.app.cli.operation`.
    """
    group = click.Group(
        "peers",
        help="Show the links to the members, and what became of their paths.",
        epilog="Example: lanrage peers show Ben --history",
        context_settings=settings,
    )
    main.add_command(group)
    operation(main, "paths", paths)(dict)
    operation(group, "list", peers, "paths")(dict)
    history = click.option("--history", is_flag=True, help="With each move of the traffic, and why it was made.")
    operation(group, "show", peer)(click.argument("member")(history(_member)))


def _member(member: str, history: bool) -> dict[str, Any]:
    """The operation's arguments: the history is always in its answer."""
    del history
    return {"member": member}
